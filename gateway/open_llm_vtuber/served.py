"""Whether conf.yaml lets Open-LLM-VTuber's frontends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.problem import Problem

if TYPE_CHECKING:
    from ..doors import Doors


def check_served(doors: Doors) -> None:
    """Raises Problem (404) where they are not served."""
    if not doors.engine.settings.open_llm_vtuber.enabled:
        raise Problem(404, "open_llm_vtuber.enabled is false in conf.yaml: this is not served", "not_served")

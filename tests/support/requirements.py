"""What a test needs of the machine: without it the test is skipped, or fails where everything is required."""

from __future__ import annotations

import os

import pytest


def require(condition: bool, reason: str) -> None:
    """Skip the test unless ``condition``; with HAYAKUCHI_REQUIRE_ALL=1 fail it instead."""
    if condition:
        return
    if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1":
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)

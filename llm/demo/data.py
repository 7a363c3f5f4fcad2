"""Reads the tables that the demo talks from: what people say, and what may be answered."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HERE = __name__.rpartition(".")[0]


def tables(folder: str) -> dict[str, Any]:
    """Every ``FOLDER/NAME.yaml`` that lies in this package's ``tables``, by name."""
    return {
        file.name.removesuffix(".yaml"): yaml.load(file.read_text("utf-8"), _LOADER)
        for file in files(_HERE).joinpath("tables", folder).iterdir()
        if file.name.endswith(".yaml")
    }

"""docs/operations.md names every figure and every alert that there is, as they are."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hayakuchi.gateway.figures.names import FIGURES, PREFIX, Figure

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def row(figure: Figure) -> str:
    """A figure's line of the table."""
    labels = ", ".join(f"`{label}`" for label in figure.labels)
    return f"| `{figure.shown.removeprefix(PREFIX)}` | {figure.kind} | {labels} | {figure.help} |"


def test_the_table_is_that_of_the_program() -> None:
    head = "| `hayakuchi_`… | kind | labels | what it is |\n|---|---|---|---|\n"
    assert head + "\n".join(map(row, FIGURES)) + "\n" in PAGE


def test_every_alert_has_its_advice() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert re.findall(r"^\| `(Hayakuchi\w+)` \|", PAGE, re.MULTILINE) == alerts

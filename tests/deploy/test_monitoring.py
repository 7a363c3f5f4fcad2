"""The dashboard and the alerts ask for figures that a server really has, with labels that they really have."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from scraping import Scrape, scraped
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for, viewing

from hayakuchi.gateway.figures.names import FIGURES, LATENCY, Figure, Kind

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "hayakuchi.json").read_text(encoding="utf-8"))
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [
    *((f"{panel['title']} {target['refId']}", target["expr"]) for panel in PANELS for target in panel["targets"]),
    *((rule["alert"], rule["expr"]) for rule in ALERTS),
]
WORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "group_left", "offset", "bool"}
FUNCTIONS = {"sum", "max", "min", "avg", "count", "rate", "increase", "deriv", "histogram_quantile"}
OF_PROMETHEUS = {"up"}
TARGET_LABELS = {"job", "instance"}
BY_SAMPLE: dict[str, Figure] = {
    name: figure
    for figure in FIGURES
    for name in (
        [f"{figure.shown}_{part}" for part in ("bucket", "sum", "count")]
        if figure.kind is Kind.HISTOGRAM
        else [figure.shown]
    )
}
every = pytest.mark.parametrize("expression", [e for _, e in EXPRESSIONS], ids=[name for name, _ in EXPRESSIONS])


def selectors(expression: str) -> Iterator[tuple[str, set[str], str]]:
    """Each figure that is asked for: its name, the labels it is picked by, and what stands before it."""
    for found in re.finditer(r"(\w+\()?\s*([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}", expression):
        yield found[2], set(re.findall(r"(\w+)\s*[=!]", found[3])), (found[1] or "").rstrip("(")
    bare = re.sub(r"\{[^}]*\}", "{}", re.sub(r"\b(?:by|on|without)\s*\([^)]*\)", "", expression))
    for found in re.finditer(r"(\w+\()?\s*\b((?:hayakuchi|process|python|up)\w*)\b(?!\{|\()", bare):
        yield found[2], set(), (found[1] or "").rstrip("(")


@pytest.fixture(scope="module")
def scrape() -> Scrape:
    """Of a server that did a turn."""
    return asyncio.run(_scrape())


async def _scrape() -> Scrape:
    settings = settings_for(lambda: ScriptedLLM(["Hi. "], first_ms=1), lambda: ScriptedTTS(first_ms=1, rtf=0.001))
    async with serving(settings) as (url, _), viewing(url) as viewer:
        await viewer.send(type="input.text", text="Hi")
        await viewer.next("turn.ended")
        return await scraped(url)


@every
def test_a_query_is_whole(expression: str) -> None:
    depth: list[str] = []
    pairs = {")": "(", "}": "{", "]": "["}
    for sign in re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression):
        if sign in pairs.values():
            depth.append(sign)
        elif sign in pairs:
            assert depth, expression
            assert depth.pop() == pairs[sign], expression
    assert depth == []
    for function in re.findall(r"\b(\w+)\s*(?:by\s*\([^)]*\)\s*)?\(", expression):
        assert function in FUNCTIONS | WORDS, function


@every
def test_a_query_asks_for_figures_that_there_are(expression: str, scrape: Scrape) -> None:
    asked = list(selectors(expression))
    assert asked, "a query without a figure"
    for name, labels, around in asked:
        if name in OF_PROMETHEUS:
            continue
        figure = BY_SAMPLE.get(name)
        if figure is None:
            assert name in scrape.names, f"no figure {name}"
            continue
        assert figure.shown.removesuffix("_total") in scrape.families, f"{name} is not scraped"
        extra = {"le"} if name.endswith("_bucket") else set()
        assert labels <= {*figure.labels, *extra, *TARGET_LABELS}, f"{name} has no {labels}"
        counts = name not in {f.shown for f in FIGURES if f.kind is Kind.GAUGE}
        assert counts == (around in ("rate", "increase")), f"{name} is {figure.kind}, so {around or 'bare'} is wrong"


@every
def test_what_is_summed_by_is_a_label_and_quantiles_keep_theirs(expression: str) -> None:
    names = [name for name, _, _ in selectors(expression)]
    known = {label for name in names if name in BY_SAMPLE for label in BY_SAMPLE[name].labels} | TARGET_LABELS | {"le"}
    for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= known, labels
    for inside in re.findall(r"histogram_quantile\(([^)]*\))", expression):
        assert re.search(r"by \([^)]*\ble\b", inside), "a quantile needs le"


def test_the_objective_is_a_bucket() -> None:
    assert 0.5 in LATENCY.buckets
    assert any('le="0.5"' in expression for _, expression in EXPRESSIONS)


def test_the_dashboard_can_be_provisioned_and_lies_in_order() -> None:
    assert DASHBOARD["uid"] == "hayakuchi"
    assert DASHBOARD["schemaVersion"] >= 36
    assert "id" not in DASHBOARD  # Grafana gives it one
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert set(re.findall(r"\$(\w+)", json.dumps(panel["targets"]))) <= {*variables, "__rate_interval"}


def test_every_figure_of_ours_is_shown_or_watched() -> None:
    asked = {
        BY_SAMPLE[name] for _, expression in EXPRESSIONS for name, _, _ in selectors(expression) if name in BY_SAMPLE
    }
    assert {figure.name for figure in FIGURES} == {figure.name for figure in asked}


def test_alerts_say_how_bad_it_is_and_what_it_is() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert re.fullmatch(r"[0-9]+[smh]", rule["for"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        told = rule["annotations"]["summary"]
        assert told.count("{{") == told.count("}}")
        kept = set(re.findall(r"\$labels\.(\w+)", told))
        by = {label.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(",")}
        assert kept <= by | TARGET_LABELS, rule["alert"]


def test_prometheus_reads_the_rules_and_asks_where_the_figures_are() -> None:
    read = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert all((DEPLOY / "prometheus" / name).is_file() for name in read["rule_files"])
    (job,) = read["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("hayakuchi", "/metrics")
    assert any(f'job="{job["job_name"]}"' in rule["expr"] for rule in ALERTS)

"""Figures of a running server, read as Prometheus reads them."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parsed

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """``text`` is what was sent, ``families`` the names with their types."""

    def __init__(self, text: str, kind: str) -> None:
        self.text, self.kind = text, kind
        read = parsed_open_metrics if kind.startswith("application/openmetrics-text") else parsed
        found = list(read(text))
        self.families = {family.name: family.type for family in found}
        samples = [sample for family in found for sample in family.samples]
        self.samples: Samples = {(s.name, frozenset(s.labels.items())): s.value for s in samples}
        assert len(self.samples) == len(samples), "a sample comes twice, which Prometheus refuses"

    @property
    def names(self) -> frozenset[str]:
        """Of samples, as queries name them."""
        return frozenset(name for name, _ in self.samples)

    def value(self, name: str, **labels: str) -> float:
        """Sum of the samples that have these labels, among others."""
        wanted = frozenset(labels.items())
        return sum(value for (found, has), value in self.samples.items() if found == name and wanted <= has)

    def labels(self, name: str, label: str) -> set[str]:
        return {dict(has)[label] for found, has in self.samples if found == name}


async def scraped(url: str, accept: str = "text/plain") -> Scrape:
    """``GET /metrics``."""
    _, headers, body = await asked(f"{url}/metrics", Accept=accept)
    return Scrape(body.decode(), headers["content-type"])


async def asked(url: str, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers (names in lower case) and body of any answer."""
    return await asyncio.to_thread(_asked, urllib.request.Request(url, method=method, headers=headers))


def _asked(request: urllib.request.Request) -> tuple[int, Mapping[str, str], bytes]:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()

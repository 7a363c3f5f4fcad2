"""Every figure of ``GET /metrics`` by name: what it counts, and what it is told apart by.

The names of labels are few and their values are the program's own words or the settings': never what a caller sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "hayakuchi_"
SPEECH_BUCKETS = (0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0)
"""Seconds: around the thresholds that conf.yaml has by default."""
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
RATE_BUCKETS = (1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


class Kind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"
    """Asked for when somebody looks."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``name`` without prefix; a counter's without ``_total``."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: Sequence[float] = ()

    @property
    def shown(self) -> str:
        """As it stands in the text: ``hayakuchi_turns_total``."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")


def _counter(name: str, told: str, *labels: str) -> Figure:
    return Figure(name, Kind.COUNTER, told, labels)


def _gauge(name: str, told: str, *labels: str) -> Figure:
    return Figure(name, Kind.GAUGE, told, labels)


def _histogram(name: str, told: str, buckets: Sequence[float], *labels: str) -> Figure:
    return Figure(name, Kind.HISTOGRAM, told, labels, buckets)


REQUESTS = _counter("http_requests", "Requests answered; method WS: WebSockets", "route", "method", "status")
IN_FLIGHT = _gauge("http_in_flight", "Requests that are being answered, WebSockets that are open", "kind")
FIRST_BYTE = _histogram("http_first_byte_seconds", "Request to the first byte of its answer", REQUEST_BUCKETS, "route")
REQUEST_TIME = _histogram("http_request_seconds", "Request to the end of its answer", REQUEST_BUCKETS, "route")
CLOSES = _counter("websocket_closes", "WebSockets that ended, by the code they were closed with", "route", "code")
REFUSALS = _counter("refusals", "Requests and connections refused, by the error's code", "reason")
TURNS = _counter("turns", "Replies that ended", "door", "status")
INTERRUPTS = _counter("interrupts", "Spoken replies that somebody cut off", "door")
LATENCY = _histogram("latency_seconds", "How fast spoken replies were", SPEECH_BUCKETS, "figure")
THRESHOLD = _gauge("latency_threshold_seconds", "What conf.yaml asks of each of them", "figure")
STAGES = _histogram("stage_seconds", "What the time to the first audio was made of", SPEECH_BUCKETS, "stage")
BREACHES = _counter(
    "latency_breaches", "Figures that missed their threshold, and the stage to blame", "figure", "stage"
)
STALLS = _counter("stalls", "Sound that ran out within a reply (voice), listeners that stood still (listener)", "side")
TOKENS = _counter("tokens", "Tokens as counted by models' servers; kind: prompt, completion", "model", "kind")
TOKEN_RATE = _histogram("tokens_per_second", "Tokens of a reply by the time it was written in", RATE_BUCKETS, "model")
AUDIO = _counter("audio_seconds", "Sound that was heard (in) and spoken (out)", "door", "direction")
FAILURES = _counter("provider_failures", "Requests to providers that failed", "kind", "provider", "code")
TOOL_CALLS = _counter("tool_calls", "Calls of tools by characters, by how they ended", "status")
BREAKER = _gauge(
    "provider_breaker_state", "0 closed, 1 half open, 2 open: it is left alone", "kind", "provider", "choice"
)
PROVIDER_UP = _gauge("provider_up", "1: it served last, 0: it failed last", "kind", "provider", "choice")
LOAD_TIME = _gauge("model_load_seconds", "How long it took to open, or to load, last", "kind", "engine")
CACHE_REQUESTS = _counter("phrase_cache_requests", "Texts to speak: remembered (hit) or not (miss)", "result")
CACHE_PHRASES = _gauge("phrase_cache_phrases", "Phrases that are held in memory")
CACHE_BYTES = _gauge("phrase_cache_bytes", "Sound that is held", "place")
SESSIONS = _gauge("sessions", "Sessions that are open")
VIEWERS = _gauge("viewers", "Pages that watch a session")
LISTENERS = _gauge("listeners", "Clients whose sound is written down")
RUNNING = _gauge("turns_running", "Replies that are being made", "door")
QUEUES = _gauge("queue_depth", "The longest of each kind of queue", "queue")
LAG = _histogram("loop_lag_seconds", "How late the server wakes up", LAG_BUCKETS)
COMMITS = _histogram("store_commit_seconds", "How long it takes to write to disk", LAG_BUCKETS)
DRAINING = _gauge("draining", "1: the server is about to end and takes nothing on")
BUILD = _gauge("build_info", "Always 1; what is running", "version", "python")

FIGURES: tuple[Figure, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Figure))
"""All of them, in the order of this file."""

"""Traces for OpenTelemetry: a span for each request, and for each turn with what it did, made when it is over.

They go to ``observability.otlp_endpoint`` on a thread of their own. A collector that does not answer costs nobody anything
but its traces. No text that was said, and no name of who said it, is in them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import time_ns
from typing import Any
from urllib.parse import urlsplit

from ... import __version__
from ...core.errors import ConfigError
from ...core.place import Span

TRACES_PATH = "/v1/traces"
EXPORT_S = 2.0
"""How long the collector may take to accept a batch."""
FLUSH_S = 2.0
"""How long the server's end may be held up for traces that were not sent yet."""
WAITING = 4096
"""Spans that wait for the collector; more are dropped."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of something that is over; times in ns since 1970."""

    name: str
    began_ns: int
    ended_ns: int
    attributes: Mapping[str, Any]


class Traces:
    """Raises ConfigError where the extra is missing."""

    def __init__(self, endpoint: str, exporter: Any = None) -> None:
        """``exporter``: instead of the one that sends to ``endpoint``."""
        self._otel = _Otel()
        self._chosen, self._provider = self._otel.provider(exporter or self._otel.exporter(endpoint))
        self._tracer = self._provider.get_tracer("hayakuchi", __version__)

    def request(self, span: Span | None, route: str, method: str, status: int, began_ns: int) -> None:
        """A request was answered, or a WebSocket closed, at this moment."""
        if span is not None:
            attributes = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            piece = Piece(f"{method} {route}", began_ns, time_ns(), attributes)
            self._tell(span, piece, self._otel.server, error=str(status) if status >= 500 else None)

    def work(self, span: Span, whole: Piece, parts: list[Piece], error: str | None = None) -> None:
        """Something with parts is over; ``error``: the code of what went wrong."""
        self._tell(span, whole, self._otel.internal, error=error)
        for part in parts:
            chat = "gen_ai.operation.name" in part.attributes
            self._tell(span.child(), part, self._otel.client if chat else self._otel.internal)

    def _tell(self, span: Span, piece: Piece, kind: Any, error: str | None = None) -> None:
        if not span.sampled:
            return
        self._chosen.next_one = span
        made = self._tracer.start_span(
            piece.name,
            context=self._otel.parent_of(span),
            kind=kind,
            attributes={name: value for name, value in piece.attributes.items() if value is not None},
            start_time=piece.began_ns,
        )
        if error is not None:
            made.set_attribute("error.type", error)
            made.set_status(self._otel.failed)
        made.end(max(piece.ended_ns, piece.began_ns))

    def close(self) -> None:
        """Send what waits, for 2 s at most; then whatever is left is lost."""
        # A thread that does not keep the process: a collector that hangs is not waited for.
        closing = threading.Thread(target=self._provider.shutdown, name="flush traces", daemon=True)
        closing.start()
        closing.join(FLUSH_S)


class _Otel:
    """What is used of OpenTelemetry, loaded when traces are wanted."""

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            message = f"traces need more packages ({error.name} is missing); type: pip install 'hayakuchi[otel]'"
            raise ConfigError(message, path="observability.otlp_endpoint") from error
        self._trace = trace
        self._exporter, self._resource = OTLPSpanExporter, Resource
        self._provider, self._batches = TracerProvider, BatchSpanProcessor
        self.server, self.internal = trace.SpanKind.SERVER, trace.SpanKind.INTERNAL
        self.client = trace.SpanKind.CLIENT
        self.failed = trace.Status(trace.StatusCode.ERROR)

    def exporter(self, endpoint: str) -> Any:
        bare = urlsplit(endpoint).path in ("", "/")
        return self._exporter(endpoint.rstrip("/") + TRACES_PATH if bare else endpoint, timeout=EXPORT_S)

    def provider(self, exporter: Any) -> tuple[Any, Any]:
        chosen: Any = _ChosenIds()
        provider = self._provider(
            resource=self._resource.create({"service.name": "hayakuchi", "service.version": __version__}),
            id_generator=chosen,
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._batches(exporter, max_queue_size=WAITING, schedule_delay_millis=1000))
        return chosen, provider

    def parent_of(self, span: Span) -> Any:
        """The context that a span is made in; empty for the first one of a trace, so that no other one is taken."""
        trace = self._trace
        if span.parent is None:
            return trace.set_span_in_context(trace.INVALID_SPAN)
        parent = trace.SpanContext(span.trace_id, span.parent, True, trace.TraceFlags(trace.TraceFlags.SAMPLED))
        return trace.set_span_in_context(trace.NonRecordingSpan(parent))


class _ChosenIds:
    """Ids that were chosen before, for headers; spans are made on one thread, one after the other."""

    next_one = Span(1, 1)

    def generate_trace_id(self) -> int:
        return self.next_one.trace_id

    def generate_span_id(self) -> int:
        return self.next_one.id

    def is_trace_id_random(self) -> bool:
        return True

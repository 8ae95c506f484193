"""Traces: the trace id of a row is that of everything done for it, in whichever process.

A document or question that comes in gets the trace id of its sender's `traceparent` header, or one of its own; its jobs
carry it (`Claim.trace_id`). The span that stands for the event itself, from which all others descend, has an id that
everybody can derive, so nothing else needs to be stored. Without OTEL_EXPORTER_OTLP_ENDPOINT nothing is recorded, and
ids are handed on all the same. Headers: https://www.w3.org/TR/trace-context/.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from schema.jobs import Claim, Queue

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

TRACER = trace.get_tracer("rivulet")
# The queues in which what came in is done first.
_ENTRANCES = {Queue.PARSE: "document", Queue.RESPOND: "question"}

_event: ContextVar[SpanContext | None] = ContextVar("event", default=None)


def event_of(trace_id: str) -> SpanContext | None:
    """The span of the event itself; None for what is no trace id."""
    try:
        number = int(trace_id, 16)
    except ValueError:
        return None
    context = SpanContext(number, number & 0xFFFF_FFFF_FFFF_FFFF or 1, is_remote=True, trace_flags=TraceFlags(1))
    return context if len(trace_id) == 32 and context.is_valid else None


def traceparent(span: Span) -> dict[str, str]:
    """The header that makes what a service does part of the trace."""
    context = span.get_span_context()
    if not context.is_valid:
        return {}
    return {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"}


@contextmanager
def job_span(claim: Claim) -> Iterator[Span]:
    """The span of a job, current while it runs."""
    event = event_of(claim.trace_id)
    parent = trace.set_span_in_context(NonRecordingSpan(event), Context()) if event else None
    if event and claim.attempt == 1 and claim.queue in _ENTRANCES:
        _record_event(event, claim)
    attributes: dict[str, str | int] = {
        "rivulet.job": claim.id,
        "rivulet.attempt": claim.attempt,
        "rivulet.subject": str(claim.subject_id),
    }
    name = f"{claim.queue.value} job"
    with TRACER.start_as_current_span(name, parent, SpanKind.CONSUMER, attributes, record_exception=False) as span:
        yield span


def note(event: str, **attributes: str | float) -> None:
    """Note on the current span that something happened just now."""
    trace.get_current_span().add_event(event, attributes)


def configure(endpoint: str | None, service: str) -> None:
    """Record traces, if there is a collector; how it is reached, OTEL_EXPORTER_OTLP_… tell (by gRPC)."""
    if endpoint is None:
        return
    # Nothing here goes on in a fork; told so, gRPC does not write among our lines when a reader of files is started.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = _provider(Resource.create({"service.name": service, "process.pid": os.getpid()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint), schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)  # sends what is left when the interpreter ends


def _provider(resource: object) -> "TracerProvider":
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """Random ids, but for the span of an event."""

        def generate_span_id(self) -> int:
            event = _event.get()
            return event.span_id if event else super().generate_span_id()

        def generate_trace_id(self) -> int:
            event = _event.get()
            return event.trace_id if event else super().generate_trace_id()

    return TracerProvider(resource=resource, id_generator=Ids())  # type: ignore[arg-type]


def _record_event(event: SpanContext, claim: Claim) -> None:
    """The span from the event to its first claim, recorded by whoever claims first."""
    token = _event.set(event)
    try:
        now = time.time_ns()
        span = TRACER.start_span(
            f"{_ENTRANCES[claim.queue]} came in", Context(), start_time=now - claim.waited_ms * 1_000_000
        )
        span.end(now)
    finally:
        _event.reset(token)

"""One trace for everything that is done for a row, whoever does it."""

from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from functions.telemetry import calls, tracing
from schema.jobs import Claim, Queue

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def claim(queue: Queue, attempt: int = 1, trace_id: str = TRACE) -> Claim:
    return Claim(
        id=7, queue=queue, fence=1, attempt=attempt, tenant_id=uuid4(), subject_id=uuid4(), payload={},
        trace_id=trace_id, waited_ms=2000, deadline_seconds=60,
    )  # fmt: skip


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = tracing._provider(Resource.create({}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    monkeypatch.setattr(tracing, "TRACER", tracer)
    monkeypatch.setattr(calls, "TRACER", tracer)
    return exporter


def test_two_workers_record_one_trace_with_one_beginning(recorded: InMemorySpanExporter) -> None:
    for each in (claim(Queue.PARSE), claim(Queue.EMBED), claim(Queue.PARSE, attempt=2)):
        with tracing.job_span(each), calls.watched("database", "start_parse_v1"):
            pass

    spans = recorded.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {TRACE}
    [event] = [span for span in spans if span.parent is None]
    assert event.name == "document came in"
    assert event.start_time is not None
    assert event.end_time is not None
    assert event.end_time - event.start_time == 2_000_000_000
    jobs = [span for span in spans if span.name.endswith(" job")]
    assert len(jobs) == 3
    assert {span.parent.span_id for span in jobs if span.parent} == {event.context.span_id if event.context else 0}


def test_a_service_is_told_the_trace_even_if_nothing_is_recorded() -> None:
    with tracing.job_span(claim(Queue.RESPOND)), calls.watched("model", "chat") as span:
        header = tracing.traceparent(span)["traceparent"]

    assert header.split("-")[1] == TRACE
    assert trace.get_current_span(Context()) is trace.INVALID_SPAN


@pytest.mark.parametrize("strange", ["", "trace", "0" * 32, "4bf9", "x" * 32])
def test_a_job_without_a_proper_trace_id_is_done_all_the_same(strange: str) -> None:
    with tracing.job_span(claim(Queue.PARSE, trace_id=strange)), calls.watched("vectors", "use") as span:
        assert tracing.traceparent(span) == {}


def test_a_call_that_fails_is_counted_as_such() -> None:
    def count() -> float:
        named = {"service": "vectors", "operation": "test", "result": "error"}
        return REGISTRY.get_sample_value("rivulet_call_seconds_count", named) or 0.0

    before = count()
    with pytest.raises(ConnectionError), calls.watched("vectors", "test"):
        raise ConnectionError

    assert count() == before + 1

"""A collector of traces, as the processes of a test send them: OTLP by gRPC."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from infra.local import ports


@dataclass(frozen=True)
class Span:
    """A span, and the process that recorded it."""

    trace: str
    id: str
    parent: str
    name: str
    service: str
    process: int
    events: tuple[str, ...]


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    address: str = ""
    spans: list[Span] = field(default_factory=list)

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        for sent in request.resource_spans:
            named = {each.key: each.value for each in sent.resource.attributes}
            service, process = named["service.name"].string_value, named["process.pid"].int_value
            for span in (span for scope in sent.scope_spans for span in scope.spans):
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                self.spans.append(Span(*ids, span.name, service, process, tuple(each.name for each in span.events)))
        return trace_service_pb2.ExportTraceServiceResponse()

    def of(self, trace: str) -> list[Span]:
        """The spans of a trace so far."""
        return [span for span in list(self.spans) if span.trace == trace]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    server, collector = grpc.server(ThreadPoolExecutor(4)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    collector.address = f"http://{ports.HOST}:{server.add_insecure_port(f'{ports.HOST}:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait(5)

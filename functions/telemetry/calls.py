"""Calls of services: each is timed, and is a span of the trace that it belongs to."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from functions.telemetry.metrics import CALL
from functions.telemetry.tracing import TRACER


@contextmanager
def watched(service: str, operation: str) -> Iterator[Span]:
    """Watch a call. Its span is not made the current one, so that a generator may be watched, too."""
    began, result = time.monotonic(), "ok"
    span = TRACER.start_span(f"{service} {operation}", kind=SpanKind.CLIENT)
    try:
        yield span
    except (asyncio.CancelledError, GeneratorExit):
        result = "cancelled"
        raise
    except Exception as error:
        result = "error"
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.end()
        CALL.labels(service, operation, result).observe(time.monotonic() - began)

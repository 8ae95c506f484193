"""Logs: one line of JSON per event on standard error, other libraries' too, without secrets and people's words."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from functions.telemetry.redaction import Redaction

Processor = Callable[[Any, str, MutableMapping[str, Any]], Any]


def configure_logs(level: str, redaction: Redaction | None = None, report: Processor | None = None) -> None:
    """Set up the logs of this process; `level` is a name of the logging module, such as INFO. `report` sees faults."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    redacted = _redacted(redaction or Redaction())
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [_TRACEBACKS, redacted, structlog.processors.JSONRenderer()]
    _configure_others(max(number, logging.WARNING), [*first, structlog.stdlib.add_logger_name], last)
    structlog.configure(
        processors=[*first, *([report] if report else []), *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


# Without local variables, which hold documents and questions.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
)


def _configure_others(level: int, first: list[Processor], last: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter
    handler.setFormatter(formatter(foreign_pre_chain=first, processors=[formatter.remove_processors_meta, *last]))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _redacted(redaction: Redaction) -> Processor:
    def process(_: Any, __: str, fields: MutableMapping[str, Any]) -> dict[str, Any]:
        return redaction.fields(fields)

    return process

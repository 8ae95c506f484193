"""Faults of the program are reported to Sentry, if SENTRY_DSN names one: what is logged as an error."""

from collections.abc import MutableMapping
from typing import Any

from functions.telemetry.logs import Processor
from functions.telemetry.redaction import Redaction

TAGS = ("trace_id", "queue", "job", "attempt")


def reporter(dsn: str, environment: str, service: str, redaction: Redaction) -> Processor:
    """Connect, and return what reports the errors that pass through the log.

    Reports hold no variables, no requests and no breadcrumbs, and are redacted as logs are.
    """
    import sentry_sdk  # takes a while to load, which those who have no Sentry are spared
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration

    sentry_sdk.init(
        dsn,
        environment=environment,
        server_name=service,
        default_integrations=False,
        integrations=[ExcepthookIntegration(), AtexitIntegration(callback=lambda *_: None)],
        include_local_variables=False,
        send_default_pii=False,
        max_breadcrumbs=0,
        before_send=lambda event, _: redaction.texts(event),
    )

    def report(_: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if method in ("error", "critical"):
            with sentry_sdk.new_scope() as scope:
                scope.set_tags({name: str(fields[name]) for name in TAGS if name in fields})
                if fields.get("exc_info"):
                    scope.capture_exception(fields["exc_info"] if fields["exc_info"] is not True else None)
                else:
                    scope.capture_message(str(fields.get("event")), "error")
        return fields

    return report

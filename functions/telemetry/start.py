"""Sets up what an operator sees of a process, from its settings."""

from functions.telemetry.faults import reporter
from functions.telemetry.logs import configure_logs
from functions.telemetry.redaction import Redaction
from schema.settings import Settings


def configure(settings: Settings, service: str) -> None:
    """Logs and fault reports of the process that is called `service`."""
    redaction = Redaction(settings.secrets())
    dsn = settings.sentry_dsn
    report = reporter(dsn.get_secret_value(), settings.app_env, service, redaction) if dsn else None
    configure_logs(settings.log_level, redaction, report)

"""A PostgreSQL that keeps what it has committed, and a gateway before it: what every figure here is measured on."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local import ports
from tests import databases, serving

# As the local stack and hosted projects have it, unlike the tests: a commit is on disk when it is answered.
SETTINGS: dict[str, str | int] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "autovacuum_naptime": "15s",
    "max_connections": 200,
    "log_min_messages": "error",
}


@contextmanager
def database(extra: dict[str, str | int] | None = None) -> Iterator[databases.Database]:
    """A migrated database on a server of its own; `extra` settings are added to `SETTINGS`."""
    with (
        databases.running_server({**SETTINGS, **(extra or {})}) as server,
        server.database_from(databases.PROJECT_TEMPLATE) as made,
    ):
        yield made


@contextmanager
def gateway(database: databases.Database) -> Iterator[str]:
    """The address of a gateway process before the database."""
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as storage:
        port = ports.any_free()
        url = f"http://{ports.HOST}:{port}"
        environment = gateway_environment(database, port, storage)
        with serving.process(gateway_command(), environment, lambda: serving.answers(f"{url}/healthz")):
            yield url


def gateway_command() -> list[str]:
    """What starts a gateway."""
    return [sys.executable, "-m", "infra.local.gateway"]


def gateway_environment(database: databases.Database, port: int, storage: str) -> dict[str, str]:
    """What a gateway is told."""
    return {
        "GATEWAY_HOST": ports.HOST,
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_DSN": database.admin_dsn,
        "GATEWAY_AUTHENTICATOR_DSN": database.authenticator_dsn,
        "GATEWAY_AUTH_DSN": database.auth_dsn,
        "GATEWAY_STORAGE_DSN": database.storage_dsn,
        "GATEWAY_STORAGE_DIR": storage,
        "JWT_SECRET": database.jwt_secret,
        "SUPABASE_PUBLISHABLE_KEY": database.publishable_key,
        "SUPABASE_SECRET_KEY": database.secret_key,
        "LOG_LEVEL": "WARNING",
    }


def worker_environment(database: databases.Database, url: str) -> dict[str, str]:
    """What a listener is told; its handlers reach nothing but Supabase."""
    return {
        **os.environ,
        "SUPABASE_URL": url,
        "SUPABASE_SECRET_KEY": database.secret_key,
        "CHROMA_URL": "http://127.0.0.1:1",
        "TOGETHER_BASE_URL": "http://127.0.0.1:1",
        "LOG_LEVEL": "ERROR",
        "DATABASE_URL": database.owner_dsn,
    }

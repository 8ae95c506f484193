"""The state folder: data, logs, secrets and the description of the running stack."""

import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local import errors

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER_VARIABLE = "RIVULET_HOME"
# Room for a fresh database, its write-ahead log and a first set of documents.
MIN_FREE_BYTES = 1_000_000_000
PARTS_WITH_FOLDERS = ("storage", "chroma", "redis", "models", "logs")
LOGIN_ROLES = ("supabase_admin", "postgres", "authenticator", "supabase_auth_admin", "supabase_storage_admin")


class Secrets(BaseModel):
    """Everything that only this stack's parts and its owner may know; made once per state folder."""

    model_config = ConfigDict(frozen=True)

    jwt_secret: str = Field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    publishable_key: str = Field(default_factory=lambda: f"sb_publishable_{_key_body()}", repr=False)
    secret_key: str = Field(default_factory=lambda: f"sb_secret_{_key_body()}", repr=False)
    redis_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    database_passwords: dict[str, str] = Field(
        default_factory=lambda: {role: secrets.token_urlsafe(24) for role in LOGIN_ROLES}, repr=False
    )


def _key_body() -> str:
    """The random part of an API key, in the lengths that hosted Supabase uses."""
    return f"{secrets.token_urlsafe(16)}_{secrets.token_urlsafe(6)}"


@dataclass(frozen=True)
class State:
    """A state folder that exists and can be written."""

    folder: Path

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self.folder / "logs"

    @property
    def stack_file(self) -> Path:
        """The description of the running stack."""
        return self.folder / "stack.json"

    @property
    def wishes_file(self) -> Path:
        """The parts that someone wants stopped while the others run."""
        return self.folder / "wishes.json"

    def stopped_parts(self) -> set[str]:
        """The names in the wishes file."""
        return set((read_json(self.wishes_file) or {}).get("stopped", []))

    def wish_stopped(self, names: set[str]) -> None:
        """Replace the wishes file."""
        write_private(self.wishes_file, json.dumps({"stopped": sorted(names)}))

    def secrets(self) -> Secrets:
        """The secrets, made at the first call."""
        file = self.folder / "secrets.json"
        try:
            return Secrets.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            self._refuse_orphaned_database(file)
            made = Secrets()
            write_private(file, made.model_dump_json(indent=2), durable=True)
            return made
        except ValidationError as error:
            raise errors.StackError(
                f"{file} is damaged. Restore it, or move {self.folder} away to start with an empty one."
            ) from error

    def _refuse_orphaned_database(self, file: Path) -> None:
        if (self.folder / "postgres" / "PG_VERSION").exists():
            raise errors.StackError(
                f"{file} is gone, and with it the passwords of the database beside it. "
                f"Restore it, or move {self.folder} away to start with an empty one."
            )


def find_folder(environment: Mapping[str, str]) -> Path:
    """Where the state lives: what RIVULET_HOME says, else `.rivulet` in the checkout."""
    chosen = environment.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else CHECKOUT / ".rivulet"


def open_state(folder: Path) -> State:
    """Make the state folder where needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PARTS_WITH_FOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise errors.StackError(_unusable(folder, error)) from error
    return State(folder)


def refuse_to_start(home: State) -> None:
    """Raise when the state folder cannot be written or has no room; what runs can be used and ended all the same."""
    try:
        with tempfile.TemporaryFile(dir=home.folder) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise errors.StackError(_unusable(home.folder, error)) from error
    refuse_too_little_room(shutil.disk_usage(home.folder).free, home.folder)


def refuse_too_little_room(free_bytes: int, folder: Path) -> None:
    """Raise when the file system has less room than the stack needs to work."""
    if free_bytes < MIN_FREE_BYTES:
        raise errors.StackError(
            f"There is too little room for the state folder {folder}: {free_bytes // 1_000_000} MB are free and "
            f"{MIN_FREE_BYTES // 1_000_000} MB are needed. Free some space, or set {FOLDER_VARIABLE}."
        )


def _unusable(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"There is no room for the state folder {folder}. Free some space, or set {FOLDER_VARIABLE}."
    return f"The state folder {folder} cannot be written ({error.strerror}). Set {FOLDER_VARIABLE} to one that can."


def write_private(file: Path, text: str, *, durable: bool = False) -> None:
    """Replace a file's content in one step, readable by its owner alone; `durable` outlasts a power cut."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json(file: Path) -> dict[str, Any] | None:
    """The content of a JSON file; none when it is missing or was cut off by a power failure."""
    try:
        content = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None

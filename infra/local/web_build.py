"""Builds the web application, unless the last build is of the files as they are.

It is one build for every project: addresses and keys are read from the environment when a page is served.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.local import errors, state, web_node

FOLDER = state.CHECKOUT / "frontend"
STANDALONE = FOLDER / ".next" / "standalone"
SERVER = STANDALONE / "server.js"
STAMP = FOLDER / ".next" / "built-from"
INSTALLED = FOLDER / "node_modules" / ".installed-from"
MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
SOURCES = (*MANIFESTS, "next.config.ts", "postcss.config.mjs", "tsconfig.json")
BUILD_SECONDS = 900.0
LINES_SHOWN = 30
Tell = Callable[[str], None]


def is_built() -> bool:
    """Whether there is a build that can be served."""
    return SERVER.exists() and STAMP.exists()


def is_current() -> bool:
    """Whether that build is of the files as they are."""
    return is_built() and STAMP.read_text() == _digest(_sources())


def build(tell: Tell) -> bool:
    """Install what it is made of and build it, where needed; whether there was anything to do. Raises StackError."""
    if is_current():
        return False
    node = _node()
    install(tell)
    tell("web: building, about a minute")
    STAMP.unlink(missing_ok=True)
    made_from = _digest(_sources())
    _run(node, [str(node.program), str(FOLDER / "node_modules" / "next" / "dist" / "bin" / "next"), "build"])
    shutil.copytree(FOLDER / ".next" / "static", STANDALONE / ".next" / "static", dirs_exist_ok=True)
    STAMP.write_text(made_from)
    return True


def install(tell: Tell) -> None:
    """Install the packages of the lock file, unless that has been done."""
    wanted = _digest(FOLDER / name for name in MANIFESTS)
    if INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return
    node = _node()
    tell("web: installing its packages, once")
    _run(node, [*node.npm, "ci", "--prefer-offline", "--loglevel=error"])
    INSTALLED.write_text(wanted)


def _node() -> web_node.Node:
    node = web_node.find()
    if node is None:
        raise errors.StackError(web_node.missing())
    return node


def _sources() -> Iterator[Path]:
    yield from (FOLDER / name for name in SOURCES)
    yield from (file for file in sorted((FOLDER / "src").rglob("*")) if file.is_file() and ".test." not in file.name)


def _digest(files: Iterator[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        whole.update(f"{file.relative_to(FOLDER)} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _run(node: web_node.Node, command: list[str]) -> None:
    """Run a step in the application's folder; raises StackError with its last lines if it fails."""
    environment = node.environment({**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"})
    try:
        ran = subprocess.run(
            command,
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise errors.StackError(f"{Path(command[1]).name} did not work: {error}") from error
    if ran.returncode != 0:
        shown = "\n".join(ran.stdout.strip().splitlines()[-LINES_SHOWN:])
        raise errors.StackError(f"{' '.join(command[1:])} failed:\n{shown}")

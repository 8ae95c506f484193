"""Rehearses the image without Docker: `python -m infra.deploy.rehearse [--venv FOLDER]`.

Reads the Dockerfile and does what it says in an empty folder: copies what it copies, nothing else; runs what it runs.
Then it starts the image's command without any right of root, on files that may not be written, with the image's
environment alone, and expects readiness, the health check's exit code 0, and an orderly end on SIGTERM. With --venv
the packages are those of a virtual environment that is there, instead of being installed.
"""

import argparse
import ctypes
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.local import ports
from infra.local.state import CHECKOUT

DOCKERFILE = CHECKOUT / "infra" / "deploy" / "Dockerfile"
OF_THE_SYSTEM = ("apt-get", "groupadd")  # what the machine of a rehearsal has, or need not have
START_SECONDS = 60.0
END_SECONDS = 60.0


@dataclass
class Image:
    """What the Dockerfile says, by stage; the last stage is the image."""

    stages: list[list[tuple[str, str]]] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path) -> "Image":
        """Read the instructions; lines that end with a backslash go on."""
        image = cls()
        for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", file.read_text())).splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "FROM":
                image.stages.append([])
            if word:
                image.stages[-1].append((word, rest.strip()))
        return image

    def all(self, word: str, stage: int = -1) -> list[str]:
        """The arguments of each instruction of a kind."""
        return [rest for each, rest in self.stages[stage] if each == word]

    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        return dict(pair.split("=", 1) for line in self.all("ENV") for pair in shlex.split(line))

    def command(self, word: str) -> list[str]:
        """What CMD or HEALTHCHECK runs."""
        found: list[str] = json.loads(self.all(word)[-1].partition("[")[2].join(["[", ""]))
        return found


class Rehearsal:
    """A folder that stands for the root of the image."""

    def __init__(self, image: Image, root: Path, venv: Path | None) -> None:
        self._image, self._root, self._given = image, root, venv and venv.absolute()

    def build(self) -> None:
        """Do what the stages say."""
        for number in range(len(self._image.stages)):
            here = self._root
            for word, rest in self._image.stages[number]:
                if word == "WORKDIR":
                    here = self._inside(rest)
                    here.mkdir(parents=True, exist_ok=True)
                elif word == "COPY":
                    self._copy(rest, here)
                elif word == "RUN" and not rest.startswith(OF_THE_SYSTEM):
                    self._run(rest, here)
        if self._given is not None:
            (self._root / "venv").symlink_to(self._given.resolve())

    def _inside(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _copy(self, rest: str, here: Path) -> None:
        if rest.startswith("--from="):
            return  # both stages share this folder
        *sources, target = rest.split()
        for source in sources:
            destination = here / target if target != "." else here / Path(source).name
            destination.parent.mkdir(parents=True, exist_ok=True)
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, destination, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CHECKOUT / source, destination)

    def _run(self, rest: str, here: Path) -> None:
        """Run a command with the folder for a root."""
        if self._given is not None and "pip" in rest:
            return
        python = shlex.quote(f"{self._given or self._root / 'venv'}/bin/")
        command = rest.replace("/venv/bin/", python).replace("venv /venv", f"venv {self._root}/venv")
        subprocess.run(["sh", "-euc", command], cwd=here, check=True)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The image's environment and what an operator adds."""
        inside = {name: value.replace("/venv", f"{self._root}/venv").replace("/app", f"{self._root}/app")
                  for name, value in self._image.environment().items()}  # fmt: skip
        return {**inside, **given}

    @contextmanager
    def started(self, given: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
        """The image's command."""
        command = self._image.command("CMD")
        port = given["HEALTH_PORT"]
        command = [port if part == self._image.environment()["HEALTH_PORT"] else part for part in command]
        process = subprocess.Popen(
            self._located(command), cwd=self._root / "app", env=self.environment(given), **_UNPRIVILEGED
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def healthy(self, given: Mapping[str, str]) -> bool:
        """What the image's health check says."""
        check = self._located(self._image.command("HEALTHCHECK"))
        return (
            subprocess.run(
                check, cwd=self._root / "app", env=self.environment(given), check=False, **_UNPRIVILEGED
            ).returncode
            == 0
        )

    def _located(self, command: Sequence[str]) -> list[str]:
        found = shutil.which(command[0], path=self.environment({})["PATH"])
        return [found or command[0], *command[1:]]


def _drop_rights() -> None:
    """As `cap_drop: ALL`: without capabilities even root may not write what is not to be written."""
    for capability in range(64):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability)


_PR_CAPBSET_DROP = 24  # linux/prctl.h
_LIBC = ctypes.CDLL(None)
_UNPRIVILEGED: dict[str, Any] = {"preexec_fn": _drop_rights} if sys.platform == "linux" and os.geteuid() == 0 else {}


class _Supabase(BaseHTTPRequestHandler):
    """A project in which there is nothing to do."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b'{"jobs": [], "more": false}' if "claim_jobs" in self.path else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # quiet
        """Say nothing."""


@contextmanager
def _supabase() -> Iterator[str]:
    server = ThreadingHTTPServer((ports.HOST, 0), _Supabase)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{ports.HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def rehearse(venv: Path | None) -> list[str]:
    """Do it; what was seen. Raises `RehearsalError`."""
    with tempfile.TemporaryDirectory(prefix="rivulet-image-") as name, _supabase() as url:
        root = Path(name)
        rehearsal = Rehearsal(Image.read(DOCKERFILE), root, venv)
        rehearsal.build()
        for path in [root, *root.rglob("*")]:
            if not path.is_symlink() and "venv" not in path.relative_to(root).parts[:1]:
                path.chmod(0o555 if path.is_dir() else 0o444)
        services = dict.fromkeys(("SUPABASE_URL", "CHROMA_URL", "TOGETHER_BASE_URL"), url)
        given = {**services, "SUPABASE_SECRET_KEY": "sb_secret_rehearsal", "HEALTH_PORT": str(ports.any_free())}
        try:
            return _seen(rehearsal, given, root)
        finally:
            for path in [root, *(each for each in root.rglob("*") if each.is_dir() and not each.is_symlink())]:
                path.chmod(0o755)


def _seen(rehearsal: Rehearsal, given: Mapping[str, str], root: Path) -> list[str]:
    began = time.monotonic()
    _expect(not rehearsal.healthy(given), "the health check passes while nothing runs")
    with rehearsal.started(given) as process:
        while not rehearsal.healthy(given):
            _expect(process.poll() is None, f"the command ended with {process.returncode}")
            _expect(time.monotonic() < began + START_SECONDS, "the health check does not pass")
        ready = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _expect(process.wait(END_SECONDS) == 0, f"on SIGTERM the command ended with {process.returncode}")
        ended = time.monotonic()
    size = sum(file.stat().st_size for file in (root / "app").rglob("*") if file.is_file())
    return [
        f"healthy after {ready - began:.1f} s",
        f"ended in order after {ended - ready:.1f} s",
        f"our code: {size / 1e6:.1f} MB",
    ]


def _expect(seen: bool, otherwise: str) -> None:
    if not seen:
        raise RehearsalError(otherwise)


class RehearsalError(Exception):
    """The image would not work."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Rehearses the image without Docker.")
    parser.add_argument("--venv", type=Path, help="take the packages of this environment, install nothing")
    sys.stdout.write("\n".join(rehearse(parser.parse_args().venv)) + "\n")

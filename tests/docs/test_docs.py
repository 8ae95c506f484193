"""Every command of the handbook is run, page by page and from top to bottom, by somebody who has only the page."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import psycopg
import pytest

from infra.local import chroma as chroma_server
from infra.local import ports
from infra.local.state import CHECKOUT
from tests import serving
from tests.conftest import Gateway
from tests.conftest import chroma as session_chroma
from tests.contract.test_supabase_js import library, node
from tests.docs.blocks import ELSEWHERE, RUN, Block, blocks
from tests.integration.serverless import environment
from tests.waiting import eventually

__all__ = ["library", "node", "session_chroma"]

DOCS = CHECKOUT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
PASSWORD = "correct horse battery"
SECONDS = 120
LISTENERS = ("parse", "embed", "respond", "purge", "move", "backfill")


@pytest.fixture
def chroma(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The session's Chroma; one of its own for whoever looks at all that is in it."""
    if not hasattr(request, "param"):
        yield request.getfixturevalue("session_chroma")
        return
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}"
    command, environment = chroma_server.command(tmp_path / "chroma", port), chroma_server.environment()
    with serving.process(command, environment, lambda: serving.answers(url + chroma_server.HEALTH_PATH)):
        yield url


@pytest.fixture
def settings(gateway: Gateway, chroma: str, redis_server: str, model_server: str, tmp_path: Path) -> dict[str, str]:
    """What the reader's shell holds."""
    made = environment(gateway.database, gateway.url, chroma, model_server)
    return {
        **made,
        "DATABASE_URL": gateway.database.owner_dsn,
        "REDIS_URL": redis_server,
        "RIVULET_EMAIL": "you@example.com",
        "RIVULET_PASSWORD": PASSWORD,
        "RIVULET_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "NO_PROXY": "127.0.0.1,localhost",
    }


@pytest.fixture
def person(gateway: Gateway) -> None:
    """you@example.com."""
    body = {"email": "you@example.com", "password": PASSWORD}
    headers = {"apikey": gateway.database.publishable_key}
    httpx.post(f"{gateway.url}/auth/v1/signup", json=body, headers=headers).raise_for_status()


@pytest.fixture
def listening(settings: Mapping[str, str], tmp_path: Path) -> Iterator[Callable[[], None]]:
    """A listener for everything; calling it ends it, as an operator would."""
    with (tmp_path / "listener.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "listeners", *LISTENERS], env={**os.environ, **settings}, stderr=log, cwd=CHECKOUT
        )

    def end() -> None:
        if process.poll() is None:
            process.terminate()
            process.wait(20)

    yield end
    end()


class Reader:
    """Somebody who does what a page says, in a folder of their own."""

    def __init__(self, settings: Mapping[str, str], folder: Path, node: Callable[[], str]) -> None:
        self._settings = {**os.environ, **settings}
        self._folder = folder
        self._node = node
        self._shell = ""  # what earlier blocks of the page have set

    def read(self, page: Path) -> None:
        for block in blocks(page):
            if block.language in RUN:
                self._do(page, block)

    def _do(self, page: Path, block: Block) -> None:
        match block.language:
            case "sql":
                with psycopg.connect(self._settings["DATABASE_URL"], autocommit=True) as database:
                    database.execute(block.text.encode())
                return
            case "python":
                ran = self._run([sys.executable, "-c", block.text])
            case "js":
                (self._folder / "recipe.mjs").write_text(block.text)
                ran = self._run([self._node(), "recipe.mjs"])
            case _:
                self._shell += block.text
                exports = "".join(line + "\n" for line in self._shell.splitlines() if line.startswith("export "))
                ran = self._run(["bash", "-euo", "pipefail", "-c", exports + block.text])
        assert ran.returncode == 0, f"{page.name}:{block.line}\n{ran.stdout[-3000:]}"

    def _run(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self._settings, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip


def read(page: str, settings: Mapping[str, str], folder: Path, node: Callable[[], str]) -> None:
    (folder / "there").mkdir()
    Reader(settings, folder / "there", node).read(DOCS / page)


def _no_node() -> str:
    raise AssertionError("no page but that of the integrators has JavaScript")


@pytest.mark.usefixtures("person", "listening")
def test_people(settings: Mapping[str, str], tmp_path: Path) -> None:
    read("people.md", settings, tmp_path, _no_node)


@pytest.mark.usefixtures("person", "listening")
def test_integrators(settings: Mapping[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    def node() -> str:
        modules = Path(request.getfixturevalue("library")).parent / "node_modules"
        (tmp_path / "there" / "node_modules").symlink_to(modules)
        found: str = request.getfixturevalue("node")
        return found

    read("integrators.md", settings, tmp_path, node)


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("page", ["developers.md", "operators/deploy.md", "operators/scale.md"])
def test_pages_that_look(page: str, settings: Mapping[str, str], listening: Callable[[], None], tmp_path: Path) -> None:
    read(page, settings, tmp_path, _no_node)


@pytest.mark.skipif(shutil.which("psql") is None, reason="the page uses psql")
@pytest.mark.usefixtures("person", "listening")
@pytest.mark.parametrize("chroma", ["of its own"], indirect=True)
def test_mend(settings: Mapping[str, str], tmp_path: Path) -> None:
    _ask(settings)
    read("operators/mend.md", settings, tmp_path, _no_node)


@pytest.mark.usefixtures("person")
def test_recover(settings: Mapping[str, str], listening: Callable[[], None], tmp_path: Path) -> None:
    _ask(settings)
    listening()
    read("operators/recover.md", settings, tmp_path, _no_node)


def _ask(settings: Mapping[str, str]) -> None:
    """A document and an answer, so that there is something to look at."""
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as database:
        database.execute(
            "insert into public.documents (library_id, owner_id, title, content)"
            " select id, owner_id, 'Weir', 'The weir is old.' from public.libraries"
        )

        def count(statement: str) -> None:
            found = database.execute(statement.encode()).fetchone()
            assert found is not None
            assert found[0] == 1

        eventually(lambda: count("select count(*) from public.documents where status = 'ready'"), within=60)
        database.execute(
            "with c as (insert into public.conversations (owner_id) select owner_id from public.libraries returning id)"
            " insert into public.messages (conversation_id, content) select id, 'How old is the weir?' from c"
        )
        answered = "select count(*) from public.messages where status = 'complete' and role = 'assistant'"
        eventually(lambda: count(answered), within=60)


TRIED = {
    "people.md", "integrators.md", "developers.md", "operators/deploy.md", "operators/scale.md", "operators/mend.md",
    "operators/recover.md",
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_is_tried_and_leads_somewhere(page: Path) -> None:
    languages = {block.language for block in blocks(page)}
    assert languages <= {*RUN, *ELSEWHERE}
    assert not languages & {*RUN} or str(page.relative_to(DOCS)) in TRIED
    text = page.read_text()
    for link in re.findall(r"\]\(((?!https?:)[^)#]+)", text):
        assert (page.parent / link).exists(), link
    for name in re.findall(r"\b((?:infra|functions|listeners|schema|tests)/[\w./-]+\w)", text):
        assert (CHECKOUT / name).exists() or name.endswith("/.env"), name
    for module in re.findall(r"python -m ((?:infra|tests)[\w.]+)", text):
        assert (CHECKOUT / f"{module.replace('.', '/')}.py").exists() or (CHECKOUT / module.replace(".", "/")).is_dir()


def test_every_setting_is_told() -> None:
    from schema.settings import SOURCES

    page = (DOCS / "operators" / "settings.md").read_text()
    assert [name for names in SOURCES.values() for name in names if f"`{name}`" not in page] == []

"""What cannot be done is refused with one line that says what to do, and an exit code."""

from pathlib import Path
from uuid import uuid4

import pytest
from storage3.exceptions import StorageApiError

from infra.cli import faults
from infra.cli.person import connected
from infra.cli.project import Project
from infra.local import ports
from tests.acceptance.conftest import Ran, Rivulet

FILES = Path(__file__).parents[1] / "files"


def refused(ran: Ran, *parts: str) -> None:
    """The command ended with an error that has these parts, in one line and without a traceback."""
    assert ran.code != 0
    assert len(ran.err.strip().splitlines()) == 1, ran.err
    for part in parts:
        assert part in ran.err


def test_files_that_cannot_be_read_fail_each_with_its_reason(stack: Rivulet) -> None:
    names = ["empty.txt", "unknown.bin", "corrupt.pdf", "encrypted.pdf", "sample.txt"]
    ran = stack.run("upload", "--json", *(str(FILES / name) for name in names))
    found = {each["name"]: each for each in ran.json()}
    assert ran.code == 1
    assert {name: each["status"] for name, each in found.items()} == {
        **dict.fromkeys(names, "failed"),
        "sample.txt": "ready",
    }
    assert "empty" in found["empty.txt"]["reason"]
    assert "type" in found["unknown.bin"]["reason"]
    assert "damaged" in found["corrupt.pdf"]["reason"]
    assert "password" in found["encrypted.pdf"]["reason"]


def test_a_failed_file_is_tried_again_when_it_is_sent_again(stack: Rivulet, tmp_path: Path) -> None:
    file = tmp_path / "again.pdf"
    file.write_bytes((FILES / "corrupt.pdf").read_bytes())
    first, second = (stack.run("upload", "--json", str(file)) for _ in range(2))
    assert (first.code, second.code) == (1, 1)
    assert second.json()[0]["milliseconds"] > 20  # it was parsed anew, not merely looked up


@pytest.mark.anyio
async def test_an_unknown_bucket_is_named(settings: dict[str, str]) -> None:
    async with connected(Project(settings["SUPABASE_URL"], settings["SUPABASE_SECRET_KEY"], local=True)) as client:
        with pytest.raises(StorageApiError) as caught:
            await client.storage.from_("nowhere").upload("a.txt", b"text")
    assert caught.value.message == "Bucket not found"
    assert faults.explain(caught.value) == faults.NO_BUCKET


def test_a_wrong_key_and_a_missing_one_are_named(stack: Rivulet, settings: dict[str, str]) -> None:
    url = settings["SUPABASE_URL"]
    wrong = {"SUPABASE_URL": url, "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_wrong"}
    refused(stack.run("ask", "Hello?", **wrong), "refuses the API key", "SUPABASE_PUBLISHABLE_KEY")
    refused(stack.run("ask", "Hello?", SUPABASE_URL=url), "SUPABASE_PUBLISHABLE_KEY is not")


def test_a_server_that_is_down_is_named(rivulet: Rivulet) -> None:
    away = {
        "SUPABASE_URL": f"http://{ports.HOST}:{ports.any_free()}",
        "SUPABASE_ANON_KEY": "key",
        "RIVULET_EMAIL": "me@rivulet.example",
        "RIVULET_PASSWORD": "a long enough password",
    }
    refused(rivulet.run("upload", str(FILES / "sample.txt"), **away), "does not answer", "rivulet up", "SUPABASE_URL")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["upload", "/nowhere/at/all.pdf"], "no file or folder"),
        (["ask", "  "], "The question is empty."),
        (["ask", "--conversation", str(uuid4()), "Hello?"], "You have no conversation"),
        (["down", "kitchen"], "The parts are: "),
    ],
)
def test_a_mistake_is_named(stack: Rivulet, arguments: list[str], part: str) -> None:
    refused(stack.run(*arguments), part)


def test_without_a_stack_the_way_to_start_it_is_told(tmp_path: Path) -> None:
    refused(Rivulet(tmp_path).run("ask", "Hello?"), "rivulet up")


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_state_folder_that_cannot_be_written_is_refused(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused(Rivulet(tmp_path / "file" / "home").run(command), "cannot be written", "RIVULET_HOME")

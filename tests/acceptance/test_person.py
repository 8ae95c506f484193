"""A person's day: files in, questions, answers, a change of mind."""

import shutil
import signal
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.acceptance.conftest import Rivulet
from tests.waiting import eventually

QUESTION = "When was the Orlen bridge opened?"


def test_an_answer_rests_on_the_newest_version_of_a_file(stack: Rivulet, tmp_path: Path) -> None:
    file = tmp_path / "Brücke.md"
    file.write_text("# Orlen bridge\n\nThe Orlen bridge was opened in 1911.\n")
    [uploaded] = stack.run("upload", str(file), "--json").json()
    assert (uploaded["name"], uploaded["status"], uploaded["passages"]) == ("Brücke.md", "ready", 1)
    answer = stack.run("ask", "--new", "--json", QUESTION).json()
    assert "1911" in answer["content"]
    assert [source["title"] for source in answer["citations"]] == ["Brücke.md"]

    file.write_text("# Orlen bridge\n\nThe Orlen bridge was opened in 1954.\n")
    assert stack.run("upload", str(file)).code == 0
    shown = stack.run("ask", QUESTION)
    assert shown.code == 0
    assert "1954" in shown.out
    assert "[1] Brücke.md: “" in shown.out
    assert "1911" not in shown.out


def test_ctrl_c_stops_the_answer_for_everyone(stack: Rivulet, settings: dict[str, str], tmp_path: Path) -> None:
    """No responder runs, so that the answer is still to come when it is stopped."""
    question = f"Is this {uuid4()} answered?"
    assert stack.run("down", "respond").code == 0
    try:
        with (tmp_path / "out").open("w") as output, stack.running(output, "ask", "--new", question) as asking:
            assert eventually(lambda: _answer(settings, question), within=30) == "pending"
            asking.send_signal(signal.SIGINT)
            assert asking.wait(timeout=20) == 130
    finally:
        assert stack.run("up", "respond").code == 0
    assert "Stopped." in (tmp_path / "out").read_text()
    assert _answer(settings, question) == "cancelled"


def test_watching_shows_documents_until_ctrl_c(stack: Rivulet, tmp_path: Path) -> None:
    file, shown = tmp_path / "tides.txt", tmp_path / "out"
    file.write_text("The tide turns at six.")
    with shown.open("w") as output, stack.running(output, "watch") as watching:
        assert stack.run("upload", str(file)).code == 0
        eventually(lambda: _assert_in("document tides.txt: ready, 1 passage\n", shown.read_text()), within=20)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=20) == 0


def test_other_people_sign_in_by_password(stack: Rivulet) -> None:
    email = f"{uuid4()}@rivulet.example"
    people = {"RIVULET_EMAIL": email, "RIVULET_PASSWORD": "a long enough password"}
    first = stack.run("login", email, RIVULET_PASSWORD=people["RIVULET_PASSWORD"])
    assert (first.code, first.out) == (0, f"Signed up and signed in as {email}.\n")
    assert stack.run("whoami").out.endswith("(who signed in last)\n")
    assert stack.run("whoami", **people).out.startswith(f"{email} at http://127.0.0.1:")
    refused = stack.run("ask", "--new", "--json", QUESTION, **people).json()
    assert (refused["refused"], refused["citations"]) == (True, [])
    mistyped = stack.run("whoami", **people | {"RIVULET_PASSWORD": "something else"})
    assert mistyped.code == 1, "though a session is kept"
    assert "do not belong together" in mistyped.err
    wrong = stack.run("login", email, RIVULET_PASSWORD="something else")
    assert wrong.code == 1
    assert "do not belong together" in wrong.err


def test_a_lost_password_is_said_with_the_way_on(stack: Rivulet, tmp_path: Path) -> None:
    """Neither a puzzle ("already registered") nor a new password that only makes the next command fail as well."""
    assert stack.run("whoami").code == 0
    kept = (stack.home / "people").rename(tmp_path / "people")
    try:
        lost = [stack.run("whoami") for _ in range(2)]
    finally:
        shutil.rmtree(stack.home / "people")
        kept.rename(stack.home / "people")
    assert [ran.code for ran in lost] == [1, 1]
    assert all("is lost" in ran.err and "rivulet login EMAIL" in ran.err for ran in lost)


def _answer(settings: dict[str, str], question: str) -> str:
    """The status of the answer to a question."""
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        row = connection.execute(
            "select a.status from messages a join messages q on q.id = a.reply_to where q.content = %s", [question]
        ).fetchone()
    assert row is not None, "the question has not been asked yet"
    return str(row[0])


def _assert_in(part: str, text: str) -> None:
    assert part in text

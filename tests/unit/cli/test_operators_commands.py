"""Commands that need more than people have say so, and what people can do instead."""

from importlib.metadata import version

import jwt
import pytest
from rich.console import Console
from typer.testing import CliRunner

from infra.cli.backup.place import find_place
from infra.cli.commands import app
from infra.cli.errors import CommandError
from infra.cli.evaluation import command as evaluation
from infra.local import stack

LOCAL_STACK = {
    "SUPABASE_URL": "http://127.0.0.1:54321",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "CHROMA_URL": "http://127.0.0.1:1",
}


@pytest.fixture(autouse=True)
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of somebody who signs in to a project."""
    for name in ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_KEY", "SUPABASE_WORKER_TOKEN", "CHROMA_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x")
    monkeypatch.setenv("TOGETHER_API_KEY", "x")


@pytest.mark.parametrize("arguments", [["search", "weir"], ["eval"]])
def test_people_are_told_what_is_missing_and_what_to_do_instead(arguments: list[str]) -> None:
    refused = CliRunner().invoke(app, arguments)

    assert isinstance(refused.exception, CommandError)
    told = str(refused.exception)
    assert f"`rivulet {arguments[0]}` is for operators" in told
    assert "CHROMA_URL is not set: the address of a Chroma server" in told
    assert "search in the web application" in told
    assert "rivulet ask" in told


def test_evaluation_enters_with_the_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_URL", "http://localhost:8000")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    monkeypatch.setenv("SUPABASE_WORKER_TOKEN", jwt.encode({"role": "rivulet_worker"}, "k" * 32, algorithm="HS256"))

    with evaluation._project(Console()) as settings:
        assert settings.entry.bearer == "sb_secret_x"


def test_the_version_is_that_of_the_package() -> None:
    told = CliRunner().invoke(app, ["--version"])

    assert (told.exit_code, told.output) == (0, f"rivulet {version('rivulet')}\n")


@pytest.mark.parametrize("destroy", [[], ["--destroy", ""], ["--destroy", "https://other.supabase.co"]])
def test_a_drill_destroys_only_what_is_named(monkeypatch: pytest.MonkeyPatch, destroy: list[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    monkeypatch.setenv("CHROMA_URL", "http://127.0.0.1:1")

    refused = CliRunner().invoke(app, ["drill", *destroy])

    assert "If that is meant, add --destroy https://abc.supabase.co" in str(refused.exception)


def test_a_variable_that_is_empty_names_no_project_to_destroy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPABASE_URL")
    monkeypatch.setattr(stack, "environment", lambda: LOCAL_STACK)

    refused = CliRunner().invoke(app, ["drill", "--destroy", ""])

    assert "If that is meant, add --destroy http://127.0.0.1:54321" in str(refused.exception)


def test_the_local_stack_is_local_by_whatever_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "environment", lambda: LOCAL_STACK)
    for name, value in LOCAL_STACK.items():
        monkeypatch.setenv(name, value)

    assert find_place().local
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    assert not find_place().local


@pytest.mark.parametrize(("command", "does"), [("up", "start_part"), ("down", "stop_part")])
def test_several_parts_are_started_and_stopped(monkeypatch: pytest.MonkeyPatch, command: str, does: str) -> None:
    done: list[str] = []
    monkeypatch.setattr(stack, does, done.append)

    assert CliRunner().invoke(app, [command, "redis", "web"]).exit_code == 0

    assert done == ["redis", "web"]

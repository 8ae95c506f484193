"""The command that makes tokens for listeners."""

import time

import jwt
import pytest
from typer.testing import CliRunner

from infra.cli.commands import app
from infra.cli.errors import CommandError

SECRET = "a secret of a project, 32 bytes or more"


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    monkeypatch.setenv("JWT_SECRET", SECRET)


def test_the_token_alone_goes_to_standard_output_and_its_end_beside_it() -> None:
    made = CliRunner().invoke(app, ["worker-token", "--days", "2"])

    claims = jwt.decode(made.stdout.strip(), SECRET, algorithms=["HS256"])
    assert claims["role"] == "rivulet_worker"
    assert claims["exp"] == pytest.approx(time.time() + 2 * 86400, abs=60)
    assert "good until 20" in made.stderr
    assert SECRET not in made.output


@pytest.mark.parametrize(("secret", "said"), [("", "is not set"), ("short", "is too short")])
def test_without_the_secret_there_is_no_token(monkeypatch: pytest.MonkeyPatch, secret: str, said: str) -> None:
    monkeypatch.setenv("JWT_SECRET", secret)

    refused = CliRunner().invoke(app, ["worker-token"])

    assert isinstance(refused.exception, CommandError)
    assert f"JWT_SECRET {said}" in str(refused.exception)
    assert refused.stdout == ""

"""`rivulet operator` makes operators of people, and of nobody else."""

import os
import subprocess
import sys

from tests.conftest import Gateway
from tests.integration.engine import Engine


def test_a_person_becomes_an_operator_and_is_none_any_more(engine: Engine, gateway: Gateway) -> None:
    user = engine.person()

    assert command(gateway, f"{user}@example.com").stdout.endswith("may open /ops.\n")
    assert engine.all("select user_id from rivulet.operators") == [(user,)]
    assert command(gateway, f"{user}@example.com", "--remove").returncode == 0
    assert engine.all("select user_id from rivulet.operators") == []

    refused = command(gateway, "nobody@example.com")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Nobody has signed up as nobody@example.com")


def command(gateway: Gateway, *arguments: str) -> "subprocess.CompletedProcess[str]":
    given = {"SUPABASE_URL": gateway.url, "SUPABASE_SECRET_KEY": gateway.database.secret_key}
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", "operator", *arguments],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )

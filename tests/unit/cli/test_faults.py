"""Each expected fault is told in one line that says what to do; the others keep their traceback."""

import httpx
import pytest
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError
from supabase_auth.errors import AuthApiError, AuthRetryableError

from infra.cli import faults, person, project
from infra.cli.errors import CommandError
from infra.local.errors import StackError


def data_error(code: str | None, message: str = "") -> APIError:
    return APIError({"code": code, "message": message})


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CommandError("The question is empty."), "The question is empty."),
        (StackError("The stack is not running."), "The stack is not running."),
        (httpx.ConnectError("refused"), faults.UNREACHABLE),
        (AuthRetryableError("refused", 0), faults.UNREACHABLE),
        (AuthApiError("Invalid API key", 401, None), faults.WRONG_KEY),
        (data_error(None, "Invalid API key"), faults.WRONG_KEY),
        (data_error("PGRST301", "JWSError"), faults.WRONG_KEY),
        (data_error("PGRST205"), faults.NO_MIGRATIONS),
        (data_error("PGRST001"), faults.UNREACHABLE),
        (StorageApiError("Bucket not found", "Bucket not found", 404), faults.NO_BUCKET),
        (ExceptionGroup("two", [ValueError(), CommandError("One of many.")]), "One of many."),
        (PermissionError(13, "Permission denied", "/x/y"), "/x/y: Permission denied"),
    ],
)
def test_an_expected_fault_is_explained(error: Exception, text: str) -> None:
    assert faults.explain(error) == text


def test_wrong_credentials_say_how_to_sign_in() -> None:
    text = faults.explain(AuthApiError("Invalid login credentials", 400, "invalid_credentials"))
    assert text is not None
    assert "rivulet login" in text


def test_a_fault_that_nobody_expected_is_not_dressed_up() -> None:
    assert faults.explain(ValueError("a bug")) is None
    assert faults.explain(ExceptionGroup("bugs", [KeyError("a")])) is None


@pytest.mark.parametrize("code", ["57P01", "57014", "08006", "53300", "PGRST000", "PGRST003", "503", "XX000"])
def test_a_database_that_is_away_is_worth_another_try(code: str) -> None:
    assert faults.is_outage(data_error(code))


@pytest.mark.parametrize("code", ["42501", "23505", "PGRST116", "PGRST301", "42P01", None])
def test_a_refusal_is_not(code: str | None) -> None:
    assert not faults.is_outage(data_error(code))


def test_half_a_setting_is_named() -> None:
    with pytest.raises(CommandError, match="SUPABASE_PUBLISHABLE_KEY is not"):
        project.find_project({"SUPABASE_URL": "https://abc.supabase.co"})
    with pytest.raises(CommandError, match="must be an address"):
        project.find_project({"SUPABASE_URL": "abc.supabase.co", "SUPABASE_ANON_KEY": "k"})
    with pytest.raises(CommandError, match="RIVULET_EMAIL is set, and RIVULET_PASSWORD is not"):
        person.named_in({"RIVULET_EMAIL": "a@b.example"})
    with pytest.raises(CommandError, match="unset RIVULET_PASSWORD to be who signed in last"):
        person.named_in({"RIVULET_PASSWORD": "p"})

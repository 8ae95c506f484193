"""What may stand in a log line, and what may not."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from functions.telemetry.logs import configure_logs
from functions.telemetry.redaction import Redaction
from schema.settings import Settings

SECRET = "a-password-of-ours"
KEY = "sb_secret_" + "x" * 24
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:], logging.root.level = handlers, level


def logged(**fields: Any) -> dict[str, Any]:
    """The line that is written for these fields."""
    with redirect_stderr(io.StringIO()) as written:
        configure_logs("INFO", Redaction([SECRET]))
        structlog.get_logger().error("happened", **fields)
    line: dict[str, Any] = json.loads(written.getvalue())
    return line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"refused {KEY}", "refused [secret]"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [secret]"),
        ("redis://default:hunter2@10.0.0.1:6379/0", "redis://[secret]@10.0.0.1:6379/0"),
        ("postgresql://postgres:p%40ss@db/postgres", "postgresql://[secret]@db/postgres"),
        (f"with {SECRET} in it", "with [secret] in it"),
        ("https://example.com/a:b@c", "https://example.com/a:b@c"),
        ("The file was deleted meanwhile.", "The file was deleted meanwhile."),
    ],
)
def test_secrets_are_found_by_their_looks(text: str, shown: str) -> None:
    assert logged(error=text)["error"] == shown


@given(
    st.recursive(
        st.sampled_from([SECRET, KEY, TOKEN, f"x {SECRET} y"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "error"]), inner, max_size=3),
        max_leaves=8,
    )
)
def test_no_depth_hides_a_secret(value: Any) -> None:
    shown = json.dumps(Redaction([SECRET]).fields({"error": value}))

    assert not any(each in shown for each in (SECRET, KEY, TOKEN))


def test_what_people_wrote_is_withheld_and_numbers_are_not() -> None:
    line = logged(question="Is my salary too low?", nested={"title": "Payslip.pdf"}, messages=3, webhook_secret=1)

    assert "salary" not in str(line)
    assert line["nested"] == {"title": "[withheld]"}
    assert line["messages"] == 3


def test_a_stack_trace_has_no_variables_and_no_secrets() -> None:
    payslip = "gross 4200"
    try:
        raise ValueError(f"could not use {KEY}")
    except ValueError as error:
        line = logged(exc_info=error)

    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["frames"][-1]["filename"] == __file__
    assert KEY not in str(line)
    assert payslip not in str(line)


def test_other_libraries_write_json_too() -> None:
    with redirect_stderr(io.StringIO()) as written:
        configure_logs("INFO", Redaction([SECRET]))
        logging.getLogger("somebody.else").warning("connecting with %s", SECRET)

    line = json.loads(written.getvalue())
    assert (line["event"], line["logger"]) == ("connecting with [secret]", "somebody.else")
    assert "timestamp" in line


def test_a_long_text_is_cut() -> None:
    assert len(logged(error="x" * 100_000)["error"]) < 1100


def test_all_secrets_of_the_settings_are_known() -> None:
    settings = Settings.from_env(
        {
            "SUPABASE_URL": "https://abc.supabase.co",
            "SUPABASE_SECRET_KEY": "the-secret-key",
            "CHROMA_URL": "http://localhost:8000",
            "TOGETHER_API_KEY": "the-model-key",
            "JWT_SECRET": "the-jwt-secret",
            "REDIS_URL": "rediss://default:the-redis-password@cache:6379",
            "RIVULET_WEBHOOK_SECRET": "the-webhook-secret",
            "SENTRY_DSN": "https://the-dsn@sentry.example.com/1",
        }
    )

    line = Redaction(settings.secrets()).text(" ".join(settings.secrets()))

    assert len(settings.secrets()) == 6
    assert "the-" not in line

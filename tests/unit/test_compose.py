"""What is put together for a process ends with it."""

from collections.abc import Callable
from typing import Any

import pytest

from functions import compose
from functions.effects.parsing.contained import ContainedParser
from functions.effects.redis_patient import PatientRedis
from functions.effects.supabase import Supabase
from schema.settings import Settings

SETTINGS = Settings.from_env(
    {
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_SECRET_KEY": "x",
        "CHROMA_URL": "http://127.0.0.1:1",
        "TOGETHER_BASE_URL": "http://127.0.0.1:1",
        "REDIS_URL": "redis://127.0.0.1:1",
        "ANSWER_CACHE_SECONDS": "60",
        "CHAT_TOKENS_PER_MINUTE": "60",
    }
)


@pytest.fixture
def made_and_closed(monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[object]]:
    """Everything with a connection or process of its own that was made, and what of it was closed."""
    made: list[object] = []
    closed: list[object] = []
    for kind in (PatientRedis, ContainedParser):
        _note(monkeypatch, kind, "__init__", made)
        _note(monkeypatch, kind, "close", closed)
    return made, closed


def _note(monkeypatch: pytest.MonkeyPatch, kind: type, method: str, into: list[object]) -> None:
    original: Callable[..., Any] = getattr(kind, method)

    def noted(self: object, *arguments: Any, **named: Any) -> Any:
        into.append(self)
        return original(self, *arguments, **named)

    monkeypatch.setattr(kind, method, noted)


@pytest.mark.anyio
async def test_all_that_handlers_and_limits_open_is_closed_with_the_connection_to_supabase(
    made_and_closed: tuple[list[object], list[object]],
) -> None:
    supabase = Supabase(SETTINGS)
    for make in compose._MAKERS.values():
        make(SETTINGS, supabase)
    compose.limit(SETTINGS, supabase, "searches")
    made, closed = made_and_closed
    assert {type(each) for each in made} == {PatientRedis, ContainedParser}
    assert closed == []

    await supabase.close()

    assert sorted(map(id, closed)) == sorted(map(id, made))

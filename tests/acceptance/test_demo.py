"""The demo, from an empty state folder to the table of timings."""

import re

from tests.acceptance.conftest import Ran, Rivulet


def test_the_demo_ends_well_and_says_so_in_numbers(demo: Ran) -> None:
    assert demo.code == 0, demo.out + demo.err
    figures = demo.json()
    times = {name: figures.pop(name) for name in list(figures) if name.endswith("_ms")}
    assert figures == {
        "documents": 10,
        "ready": 10,
        "failed": 0,
        "questions": 4,
        "answered": 4,
        "cited": 3,
        "refused_unanswerable": True,
        "isolation_ok": True,
    }
    assert sorted(times) == [
        "question_to_first_token_ms",
        "question_to_last_token_ms",
        "stack_start_ms",
        "upload_to_ready_ms",
    ]
    assert all(time > 0 for time in times.values())
    assert times["question_to_first_token_ms"] <= times["question_to_last_token_ms"]


def test_the_demo_shows_answers_with_their_sources(demo: Ran) -> None:
    answer = re.search(r"214 m³/s, reached on 3 June at 04:40 \[(\d+)\]\.\n", demo.out)
    assert answer, demo.out
    assert f"  [{answer[1]}] annual-report-2024.pdf, page 18: “During the flood of June 2024" in demo.out
    assert "6,840 euros" in demo.out
    assert "I could not find that in your documents." in demo.out
    assert "Nothing can be seen." in demo.out


def test_a_port_in_use_is_told_and_another_one_taken(demo: Ran, settings: dict[str, str]) -> None:
    assert "port 54321 is in use by another program; taking " in demo.out
    assert not settings["SUPABASE_URL"].endswith(":54321")


def test_no_secret_is_shown_unless_asked_for(demo: Ran, stack: Rivulet, settings: dict[str, str]) -> None:
    shown = demo.out + demo.err + stack.run("up").out
    assert settings["SUPABASE_PUBLISHABLE_KEY"] in shown
    for name in ("SUPABASE_SECRET_KEY", "JWT_SECRET", "DATABASE_URL", "REDIS_URL"):
        assert settings[name] not in shown

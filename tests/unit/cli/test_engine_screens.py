"""What operators are shown of the job engine."""

import io

from rich.console import Console

from infra.cli.engine import screens


def test_nothing_of_a_dead_job_is_cut() -> None:
    job = {
        "id": 1234567890, "queue": "parse", "attempt": 3, "finished_at": "2026-11-23T22:00:01.5+00:00",
        "subject_id": "7d0f3c1e-0000-4000-8000-000000000000", "about": "document " + "A long title " * 9,
        "error_code": "unreadable", "error_message": "The file is damaged. " * 9,
    }  # fmt: skip
    output = io.StringIO()

    Console(file=output, width=40, soft_wrap=True).print(screens.dead([job, job | {"about": None}]))

    first, *_ = shown = output.getvalue().splitlines()
    assert (first, len(shown)) == ("job 1234567890  parse  2026-11-23 22:00:01  after 3 attempts", 6)
    assert all(str(job[name]).strip() in "\n".join(shown) for name in ("subject_id", "about", "error_message"))
    assert "something that is gone" in shown[4]

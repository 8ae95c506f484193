"""The history checker sees each kind of broken promise; otherwise a run of zeros would prove nothing."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from tests.chaos.check import Verdict, check
from tests.chaos.history import Answer, Document, Event, History, Note, Question
from tests.chaos.work import text

TENANT = UUID(int=1)
TALK = UUID(int=2)
QUESTIONS = [Question(UUID(int=10 + place), TALK, place) for place in range(2)]
ANSWERS = [Answer(UUID(int=20 + n), QUESTIONS[n].id, "complete", text(n + 1, "answer")) for n in range(2)]
CLEAN = Verdict(0, 0, 0, 0, 0)


def steps(*changes: tuple[int, int | None, str | None, str | None]) -> list[Event]:
    """Events of answers' jobs: number of the answer (which is its job too), fence, before, after."""
    return [
        Event(seq, 0.0, job, "respond", TENANT, ANSWERS[job].id, str(TALK), fence, "w", before, after)
        for seq, (job, fence, before, after) in enumerate(changes)
    ]


ORDERLY = steps(
    (0, None, None, "ready"),
    (1, None, None, "waiting"),
    (0, 1, "ready", "running"),
    (0, 1, "running", None),
    (0, 1, None, "done"),
    (1, None, "waiting", "ready"),
    (1, 2, "ready", "running"),
    (1, 2, "running", None),
    (1, 2, None, "done"),
)


def history(
    events: Sequence[Event] = ORDERLY, answers: Sequence[Answer] = ANSWERS, notes: Sequence[Note] = (), limit: int = 1
) -> History:
    return History(QUESTIONS, [], events, notes, answers, {}, limit)


def test_an_orderly_run_is_clean() -> None:
    assert check(history(notes=[Note("accepted", 0, 1), Note("stale", 0, 7)])) == CLEAN


def test_a_question_without_a_finished_answer_and_a_job_without_an_end_are_lost() -> None:
    assert check(history(answers=[ANSWERS[0], replace(ANSWERS[1], status="pending")])).lost == 1
    assert check(history(events=ORDERLY[:-1])).lost == 1


def test_a_document_that_was_not_finished_is_lost_and_one_with_too_many_passages_is_doubled() -> None:
    upload = UUID(int=5)
    stuck = replace(history(), uploads=[upload], documents={upload: Document("embedding", 2, 0)})
    doubled = replace(history(), uploads=[upload], documents={upload: Document("ready", 4, 2)})

    assert check(stuck).lost == 1
    assert check(replace(history(), uploads=[upload])).lost == 1
    assert check(doubled).duplicated == 1


def test_a_second_end_of_a_job_and_a_second_answer_are_duplicates() -> None:
    assert check(history(events=[*ORDERLY, ORDERLY[-1]])).duplicated == 2  # of the job, and of the question
    assert check(history(answers=[*ANSWERS, ANSWERS[0]])).duplicated == 1


def test_a_job_that_runs_before_its_turn_and_an_answer_that_overtakes_are_out_of_order() -> None:
    impatient = [*ORDERLY[:3], *steps((1, 2, "waiting", "running"), (1, 2, "running", None), (1, 2, None, "done"))]
    assert check(history(events=[*impatient, *ORDERLY[3:5]])).out_of_order == 2


def test_more_than_the_limit_at_once_is_a_violation() -> None:
    both = steps((0, 1, "ready", "running"), (1, 2, "ready", "running"))

    assert check(history(events=[*ORDERLY[:2], *both])).limit_violations == 1
    assert check(history(events=[*ORDERLY[:2], *both], limit=2)).limit_violations == 0


def test_a_completion_under_an_old_fence_is_stale_whoever_tells_of_it() -> None:
    assert check(history(notes=[Note("accepted", 0, 7)])).stale_accepted == 1
    assert check(history(answers=[ANSWERS[0], replace(ANSWERS[1], content=text(7, "answer"))])).stale_accepted == 1
    taken_over = [*ORDERLY[:3], *steps((0, 3, "ready", "running")), *ORDERLY[3:]]
    assert check(history(events=taken_over)).stale_accepted == 1

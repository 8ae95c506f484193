"""The demo passes right answers and no others."""

from typing import Any

import pytest

from infra.cli.demo import corpus, judge
from infra.cli.demo.corpus import Expectation
from infra.cli.demo.report import Asked, Report
from infra.cli.rows import AnswerRow
from schema.answers import REFUSAL

EXPECTED = Expectation(
    question="How much?",
    kind="single",
    expect_documents=["report.pdf"],
    expect_phrases=["214 m³/s"],
    expect_page=18,
)
RIGHT: dict[str, Any] = {
    "id": "00000000-0000-0000-0000-000000000001",
    "reply_to": "00000000-0000-0000-0000-000000000002",
    "content": "It was 214\u202fm³/s [1].",
    "status": "complete",
    "citations": [{"marker": 1, "title": "report.pdf", "page": 18, "quote": "214 m³/s"}],
}
REFUSED: dict[str, Any] = {**RIGHT, "content": REFUSAL, "citations": [], "metadata": {"refused": True}}


def answer(**changes: Any) -> AnswerRow:
    return AnswerRow.model_validate({**RIGHT, **changes})


def test_a_right_answer_has_no_fault() -> None:
    assert judge.faults_of(EXPECTED, answer()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"content": "It was much [1]."}, "“214 m³/s” is missing"),
        ({"citations": []}, "report.pdf is not cited"),
        ({"citations": [{**RIGHT["citations"][0], "page": 17}]}, "page 18 of report.pdf is not cited"),
        ({"status": "failed", "error_message": "No model."}, "the answer is failed: No model."),
    ],
)
def test_a_wrong_answer_is_told_by_its_fault(changes: dict[str, Any], fault: str) -> None:
    assert fault in judge.faults_of(EXPECTED, answer(**changes))


def test_an_unanswerable_question_must_be_refused_without_sources() -> None:
    expected = EXPECTED.model_copy(update={"kind": "unanswerable", "expect_documents": [], "expect_phrases": []})
    assert judge.faults_of(expected, AnswerRow.model_validate(REFUSED)) == []
    assert judge.faults_of(expected, answer())
    assert judge.faults_of(expected, answer(content=REFUSAL))


def test_a_report_without_an_isolation_check_is_not_good() -> None:
    report = Report(stack_start_ms=5)
    assert report.as_json()["isolation_ok"] is False
    assert report.problems
    report.isolation = []
    assert report.problems == []


def test_the_report_counts_right_answers_only() -> None:
    report = Report(stack_start_ms=5, asked=[Asked(EXPECTED, None, ["no answer"])], isolation=[])
    figures = report.as_json()
    assert (figures["questions"], figures["answered"], figures["cited"]) == (1, 0, 0)
    assert report.problems == ["“How much?”: no answer"]


def test_the_demo_has_what_it_promises() -> None:
    names = {upload.name for upload in corpus.documents()}
    questions = corpus.questions()
    assert len(names) >= 8
    assert {each.kind for each in questions} == {"single", "two_documents", "follow_up", "unanswerable"}
    assert all(document in names for each in questions for document in each.expect_documents)

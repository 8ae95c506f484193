"""Decides whether an answer is as expected. Pure."""

from collections.abc import Iterator

from infra.cli.demo.corpus import Expectation
from infra.cli.rows import AnswerRow
from schema.answers import REFUSAL


def faults_of(expected: Expectation, answer: AnswerRow) -> list[str]:
    """What is wrong with an answer, in words; empty for a right one."""
    if answer.status != "complete":
        return [f"the answer is {answer.status}: {answer.error_message or 'no reason given'}"]
    if expected.kind == "unanswerable":
        return refusal_faults(answer)
    return [*_missing(expected, answer)]


def refusal_faults(answer: AnswerRow) -> list[str]:
    """What is wrong with an answer that should say that the documents do not tell."""
    found = [] if answer.refused and REFUSAL in answer.content else ["it should have said that it could not find that"]
    return found + (["it cites documents"] if answer.citations else [])


def _missing(expected: Expectation, answer: AnswerRow) -> Iterator[str]:
    cited = {citation.title for citation in answer.citations}
    for document in expected.expect_documents:
        if document not in cited:
            yield f"{document} is not cited"
    text = _normal(answer.content)
    for phrase in expected.expect_phrases:
        if _normal(phrase) not in text:
            yield f"“{phrase}” is missing"
    pages = {each.page for each in answer.citations if each.title == expected.expect_documents[0]}
    if expected.expect_page is not None and expected.expect_page not in pages:
        yield f"page {expected.expect_page} of {expected.expect_documents[0]} is not cited"


def _normal(text: str) -> str:
    """Spaces of all kinds (thin and non-breaking ones come with units) count as one."""
    return " ".join(text.split()).casefold()

"""What stands on the page is the answer once, however often it starts over, and nothing in it steers the terminal."""

import io

from rich.console import Console

from infra.cli.answer_screen import Page, sources
from infra.cli.console import plain
from infra.cli.rows import AnswerRow, CitationRow

BASE = {"id": "00000000-0000-0000-0000-000000000001", "reply_to": "00000000-0000-0000-0000-000000000002"}


def page() -> tuple[Page, io.StringIO]:
    output = io.StringIO()

    def write(text: str) -> None:
        output.write(text)

    return Page(Console(file=output, width=200), write), output


def test_only_what_is_new_is_written() -> None:
    shown, output = page()
    for text in ("The ", "The weir", "The weir", "The weir is old."):
        shown.show(text)
    assert output.getvalue() == "The weir is old."


def test_an_attempt_that_writes_the_same_again_is_not_seen() -> None:
    shown, output = page()
    for text in ("The weir", "", "The", "The weir is old."):
        shown.show(text)
    assert output.getvalue() == "The weir is old."


def test_an_attempt_that_writes_something_else_is_written_after_a_note() -> None:
    shown, output = page()
    for text in ("The weir", "", "It is", "It is old."):
        shown.show(text)
    assert output.getvalue() == "The weir\n(another worker has taken over)\nIt is old."


def test_the_end_brings_what_was_not_heard_and_the_sources() -> None:
    shown, output = page()
    shown.show("The weir")
    shown.end(
        AnswerRow.model_validate(
            {
                **BASE,
                "content": "The weir is old [1].",
                "status": "complete",
                "citations": [{"marker": 1, "title": "a.pdf", "page": 3, "quote": "The weir\nis old."}],
            }
        )
    )
    assert output.getvalue() == "The weir is old [1].\n  [1] a.pdf, page 3: “The weir is old.”\n"


def ended(content: str, citations: list[dict[str, object]], **metadata: object) -> str:
    shown, output = page()
    row = {**BASE, "content": content, "status": "complete", "citations": citations, "metadata": metadata}
    shown.end(AnswerRow.model_validate(row))
    return output.getvalue()


def test_what_nothing_supports_is_named() -> None:
    source = {"marker": 1, "title": "a.pdf", "quote": "The weir is old."}
    doubt = {"start": 21, "end": 35, "reason": "uncited"}
    told = ended("The weir is old [1]. It is 3 m high.", [source], supported=False, doubts=[doubt])
    assert told.endswith("“It is 3 m high” names no passage.\n")
    assert "Treat it with care" in ended("The weir is old.", [], supported=False, doubts=[])
    assert ended("The weir is old [1].", [source], supported=True, doubts=[]).endswith("“The weir is old.”\n")


def test_an_answer_that_was_cut_off_says_so() -> None:
    assert "cut off at the longest length" in ended("The weir is", [], supported=True, finish_reason="length")


def test_a_refusal_says_if_it_came_too_early() -> None:
    assert "Ask again when they are ready." in ended("Not found.", [], refused=True, supported=True, unread=2)
    assert "Ask again" not in ended("Not found.", [], refused=True, supported=True, unread=0)


def test_a_failure_is_explained() -> None:
    shown, output = page()
    shown.end(AnswerRow.model_validate({**BASE, "content": "", "status": "failed", "error_message": "No model."}))
    assert "No answer: No model." in output.getvalue()


def test_a_delay_is_not_repeated_all_the_time() -> None:
    shown, output = page()
    shown.delayed("delayed: wait")
    shown.delayed("delayed: wait")
    assert output.getvalue().count("delayed") == 1


def test_long_quotes_are_cut_and_pages_left_out_where_there_are_none() -> None:
    line = sources([CitationRow(marker=2, title="notes.md", quote="word " * 100)])[0]
    assert line.startswith("  [2] notes.md: “word word")
    assert line.endswith("…”")


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert plain("a\x1b]0;title\x07b\x9b31mc\td") == "a]0;titleb31mc\td"


def test_a_title_makes_no_lines_of_its_own() -> None:
    assert plain("weir.md\r\n  [1] ours") == "weir.md   [1] ours"

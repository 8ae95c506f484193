"""Cutting documents into passages."""

import random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.pipeline.chunk import SEPARATOR, SIZES, Cutter, embedding_text
from functions.pipeline.tokens import estimate_tokens
from functions.pipeline.units import Count
from schema.documents import Block, BlockKind, Chunk, Document

DOCUMENT = Document(
    id=UUID(int=1),
    library_id=UUID(int=2),
    source="inline",
    bucket=None,
    object_name=None,
    title="Report",
    content=None,
    mime=None,
    bytes=None,
    version=1,
)

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300)
texts = st.lists(words, min_size=1, max_size=60).map(" ".join)
blocks = st.builds(
    Block,
    kind=st.sampled_from([BlockKind.PARAGRAPH, BlockKind.CODE, BlockKind.HEADING]),
    text=texts,
    level=st.integers(1, 6),
    page=st.none() | st.integers(1, 9),
)


def chunks_of(
    *found: Block,
    languages: tuple[str, ...] = (),
    document: Document = DOCUMENT,
    part: int = 1_000,
    count: Count = estimate_tokens,
) -> list[Chunk]:
    """The passages of blocks that come in parts of so many."""
    cutter = Cutter(document, count)
    parts = [found[start : start + part] for start in range(0, len(found), part)]
    return [*(chunk for blocks in parts for chunk in cutter.feed(blocks, languages)), *cutter.end()]


def edited(chunks: list[Chunk]) -> Document:
    """The next version of the document that has these passages."""
    return DOCUMENT.model_copy(update={"version": 2, "anchors": frozenset(chunk.anchor for chunk in chunks)})


def heading(text: str, level: int) -> Block:
    return Block(kind=BlockKind.HEADING, text=text, level=level)


def paragraph(text: str, page: int | None = None) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text, page=page)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.lists(blocks, max_size=12), st.integers(1, 12))
def test_nothing_is_lost_and_every_span_is_right(found: list[Block], part: int) -> None:
    whole = SEPARATOR.join(block.text for block in found if block.text.strip())

    chunks = chunks_of(*found, part=part)

    for chunk in chunks:
        assert squeezed(whole[chunk.char_start : chunk.char_end]) == squeezed(chunk.text)
    held = {place for chunk in chunks for place in range(chunk.char_start, chunk.char_end)}
    assert len(held) == sum(chunk.char_end - chunk.char_start for chunk in chunks)
    shown = {one for chunk in chunks for one in chunk.heading_path}
    start = 0
    for block in (block for block in found if block.text.strip()):
        left = {place for place, one in enumerate(block.text, start) if not one.isspace()} - held
        # What no passage holds is a heading, and a passage stands under it.
        assert not left or (block.kind is BlockKind.HEADING and " ".join(block.text.split())[:200] in shown)
        start += len(block.text) + len(SEPARATOR)


@given(st.lists(blocks, max_size=12), st.integers(1, 12))
def test_parts_make_no_difference(found: list[Block], part: int) -> None:
    assert chunks_of(*found, part=part) == chunks_of(*found)


@given(st.lists(blocks, max_size=12))
def test_passages_keep_the_budget_and_their_order(found: list[Block]) -> None:
    chunks = chunks_of(*found)

    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text.strip() for chunk in chunks)
    assert all(chunk.tokens <= SIZES.limit for chunk in chunks)


def test_ids_are_stable_and_belong_to_the_version() -> None:
    first = chunks_of(paragraph("one"), heading("h", 1), paragraph("two"))
    again = chunks_of(paragraph("one"), heading("h", 1), paragraph("two"))
    later = chunks_of(paragraph("one"), document=edited(first))

    assert [chunk.id for chunk in first] == [chunk.id for chunk in again]
    assert later[0].id != first[0].id
    assert later[0].content_hash == first[0].content_hash


def test_headings_nest_and_passages_stand_under_them() -> None:
    chunks = chunks_of(
        heading("Results", 1),
        heading("Turbidity", 2),
        paragraph("low", 7),
        heading("Nitrate", 2),
        paragraph("high", 8),
        heading("Budget", 1),
        paragraph("spent", 9),
    )

    assert [(tuple(chunk.heading_path), chunk.page) for chunk in chunks] == [
        (("Results", "Turbidity"), 7),
        (("Results", "Nitrate"), 8),
        (("Budget",), 9),
    ]
    assert embedding_text("Report", chunks[0].heading_path, chunks[0].text) == "Report › Results › Turbidity\nlow"


def test_a_long_table_falls_into_runs_of_rows_under_its_header() -> None:
    rows = [f"| station {n} | {n}.5 | fine |" for n in range(100)]
    table = "\n".join(["| Station | Turbidity | State |", "| --- | --- | --- |", *rows])

    chunks = chunks_of(Block(kind=BlockKind.TABLE, text=table))

    assert len(chunks) > 1
    assert all(chunk.text.startswith("| Station | Turbidity | State |\n| --- | --- | --- |\n") for chunk in chunks)
    kept = [line for chunk in chunks for line in chunk.text.splitlines()[2:]]
    assert kept == rows
    assert "---" not in embedding_text("Report", (), chunks[0].text)


def test_a_document_without_text_has_no_passages() -> None:
    assert chunks_of() == []
    assert chunks_of(paragraph("  \n ")) == []


def test_a_heading_with_nothing_under_it_is_a_passage() -> None:
    chunks = chunks_of(heading("Agenda", 1), heading("Budget", 2), heading("Thank you", 1))

    assert [(chunk.text, tuple(chunk.heading_path)) for chunk in chunks] == [
        ("Budget", ("Agenda",)),
        ("Thank you", ()),
    ]


def test_the_language_chooses_the_stemmer() -> None:
    assert chunks_of(paragraph("x"), languages=("deu",))[0].language == "pg_catalog.german"
    assert chunks_of(paragraph("x"), languages=("jpn",))[0].language == "pg_catalog.simple"
    assert chunks_of(paragraph("x"))[0].language == "pg_catalog.english"


def test_the_estimate_counts_every_character_of_an_unspaced_script() -> None:
    assert estimate_tokens("水位は三メートル") == 8
    assert estimate_tokens("") == 0


def report(seed: int, paragraphs: int) -> list[str]:
    """Paragraphs of 5 to 150 words, no two the same."""
    chance = random.Random(seed)
    return [" ".join(f"w{chance.randrange(10**4)}" for _ in range(chance.randrange(5, 60))) for _ in range(paragraphs)]


@pytest.mark.parametrize("edit", ["rewritten", "added", "removed"])
@given(seed=st.integers(0, 10**6), place=st.floats(0, 1))
@settings(max_examples=12, deadline=None)
def test_an_edit_changes_three_passages_at_most(edit: str, seed: int, place: float) -> None:
    before = report(seed, 60)
    index = int(place * (len(before) - 1))
    [new] = report(seed + 1, 1)
    after = [*before[:index], *([] if edit == "removed" else [new]), *before[index + (edit != "added") :]]
    old = chunks_of(*map(paragraph, before))

    now = chunks_of(*map(paragraph, after), document=edited(old))

    known = {chunk.content_hash for chunk in old}
    assert sum(chunk.content_hash not in known for chunk in now) <= 3


def test_the_same_text_again_is_cut_the_same_way() -> None:
    texts = [paragraph(text) for text in report(1, 60)]
    old = chunks_of(*texts)

    now = chunks_of(*texts, document=edited(old))

    assert [chunk.text for chunk in now] == [chunk.text for chunk in old]


def test_many_edits_do_not_leave_crumbs() -> None:
    chance = random.Random(5)
    texts = report(2, 40)
    chunks = fresh = chunks_of(*map(paragraph, texts))
    for number in range(40):
        texts[chance.randrange(len(texts))] = report(number + 1000, 1)[0]
        chunks = chunks_of(*map(paragraph, texts), document=edited(chunks))
        fresh = chunks_of(*map(paragraph, texts))

    assert len(chunks) <= 1.6 * len(fresh)


def test_a_long_header_leaves_less_room_for_the_passage() -> None:
    long = heading("Results of the measurements of turbidity at all stations of the upper river " * 3, 1)
    texts = report(3, 40)

    short, crowded = chunks_of(*map(paragraph, texts)), chunks_of(long, *map(paragraph, texts))

    assert len(crowded) > len(short)
    for chunk in crowded:
        whole = estimate_tokens(embedding_text("Report", chunk.heading_path, chunk.text))
        assert whole <= SIZES.window


def byte_for_byte(text: str) -> int:
    """The worst that a tokenizer does to any script."""
    return len("".join(text.split()).encode())


@given(st.text(), st.lists(texts, max_size=3), st.lists(texts, min_size=1, max_size=12))
def test_no_header_leaves_a_passage_without_room(title: str, headings: list[str], paragraphs: list[str]) -> None:
    document = DOCUMENT.model_copy(update={"title": title})
    found = [*(heading(text, level) for level, text in enumerate(headings, 1)), *map(paragraph, paragraphs)]

    chunks = chunks_of(*found, document=document, count=byte_for_byte)

    assert len(chunks) <= 1 + sum(map(byte_for_byte, paragraphs)) // (SIZES.short // 2)
    for chunk in chunks:
        assert byte_for_byte(embedding_text(title, chunk.heading_path, chunk.text)) <= SIZES.window


def test_a_long_header_of_many_bytes_keeps_both_ends() -> None:
    title = "관측소" * 60

    header = embedding_text(title, ("수위",), "").rstrip("\n")

    assert len(header.encode()) <= 205
    assert header.startswith("관측소관측소")
    assert header.endswith("관측소 › 수위")
    assert embedding_text("r" * 200, (), "").rstrip("\n") == "r" * 200
    assert embedding_text("a" * 150 + "b" * 150, (), "").rstrip("\n") == "a" * 100 + " … " + "b" * 100


def test_long_code_is_torn_between_its_parts_and_keeps_its_indentation() -> None:
    bodies = ["\n".join(f"    value += {n} * {line}" for line in range(9)) for n in range(9)]
    functions = [f"def step_{n}(value):\n{body}" for n, body in enumerate(bodies)]

    chunks = chunks_of(Block(kind=BlockKind.CODE, text="\n\n\n".join(functions)))

    assert len(chunks) > 1
    assert all(chunk.text.startswith("def step_") for chunk in chunks)
    assert "\n".join(chunk.text for chunk in chunks).count("    value += ") == 81

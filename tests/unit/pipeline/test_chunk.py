"""Cutting documents into passages."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.chunk import SEPARATOR, SIZES, Cutter, embedding_text
from functions.pipeline.tokens import estimate_tokens
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
    *found: Block, languages: tuple[str, ...] = (), document: Document = DOCUMENT, part: int = 1_000
) -> list[Chunk]:
    """The passages of blocks that come in parts of so many."""
    cutter = Cutter(document)
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

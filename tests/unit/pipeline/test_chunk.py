"""Cutting documents into passages."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.chunk import BUDGET_TOKENS, SEPARATOR, cut, embedding_text
from functions.pipeline.tokens import estimate_tokens
from schema.documents import Block, BlockKind, Chunk, Document, Parsed

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


def chunks_of(*found: Block, languages: tuple[str, ...] = ()) -> list[Chunk]:
    return list(cut(DOCUMENT, Parsed(mime="text/plain", pages=None, blocks=found, languages=languages)))


def heading(text: str, level: int) -> Block:
    return Block(kind=BlockKind.HEADING, text=text, level=level)


def paragraph(text: str, page: int | None = None) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text, page=page)


@given(st.lists(blocks, max_size=12))
def test_nothing_is_lost_and_every_span_is_right(found: list[Block]) -> None:
    whole = SEPARATOR.join(block.text for block in found if block.text.strip())
    body = "".join("".join(block.text.split()) for block in found if block.kind is not BlockKind.HEADING)

    chunks = chunks_of(*found)

    assert "".join("".join(chunk.text.split()) for chunk in chunks) == body
    for chunk in chunks:
        assert whole[chunk.char_start : chunk.char_end].split() == chunk.text.split()


@given(st.lists(blocks, max_size=12))
def test_passages_keep_the_budget_and_their_order(found: list[Block]) -> None:
    chunks = chunks_of(*found)

    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text.strip() for chunk in chunks)
    # A single word can cost more than the budget where each of its characters is a token.
    assert all(chunk.tokens <= BUDGET_TOKENS or len(chunk.text.split()) == 1 for chunk in chunks)


def test_ids_are_stable_and_belong_to_the_version() -> None:
    first = chunks_of(paragraph("one"), heading("h", 1), paragraph("two"))
    again = chunks_of(paragraph("one"), heading("h", 1), paragraph("two"))
    later = list(
        cut(
            DOCUMENT.model_copy(update={"version": 2}), Parsed(mime="text/plain", pages=None, blocks=[paragraph("one")])
        )
    )

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
    assert embedding_text("Report", chunks[0]) == "Report › Results › Turbidity\nlow"


def test_a_long_table_falls_into_runs_of_rows_under_its_header() -> None:
    rows = [f"| station {n} | {n}.5 | fine |" for n in range(100)]
    table = "\n".join(["| Station | Turbidity | State |", "| --- | --- | --- |", *rows])

    chunks = chunks_of(Block(kind=BlockKind.TABLE, text=table))

    assert len(chunks) > 1
    assert all(chunk.text.startswith("| Station | Turbidity | State |\n| --- | --- | --- |\n") for chunk in chunks)
    kept = [line for chunk in chunks for line in chunk.text.splitlines()[2:]]
    assert kept == rows
    assert "---" not in embedding_text("Report", chunks[0])


def test_a_document_without_text_has_no_passages() -> None:
    assert chunks_of() == []
    assert chunks_of(paragraph("  \n "), heading("Only a heading", 1)) == []


def test_the_language_chooses_the_stemmer() -> None:
    assert chunks_of(paragraph("x"), languages=("deu",))[0].language == "pg_catalog.german"
    assert chunks_of(paragraph("x"), languages=("jpn",))[0].language == "pg_catalog.simple"
    assert chunks_of(paragraph("x"))[0].language == "pg_catalog.english"


def test_the_estimate_counts_every_character_of_an_unspaced_script() -> None:
    assert estimate_tokens("水位は三メートル") == 8
    assert estimate_tokens("") == 0

"""What goes into a prompt."""

from uuid import UUID, uuid4

from functions.pipeline.select import BUDGET_TOKENS, MOST_PASSAGES, select
from schema.search import FoundPassage

DOCUMENT = uuid4()


def passage(ordinal: int, text: str, tokens: int = 100, around: UUID | None = None) -> FoundPassage:
    return FoundPassage(
        chunk_id=UUID(int=ordinal),
        document_id=DOCUMENT,
        title="Notes",
        page=None,
        heading_path=[],
        ordinal=ordinal,
        text=text,
        tokens=tokens,
        around=around,
    )


def numbers(text: int) -> str:
    return " ".join(str(text * 1000 + n) for n in range(30))


def test_the_order_is_kept_and_what_is_invisible_is_left_out() -> None:
    found = [passage(1, numbers(1)), passage(2, numbers(2))]
    chosen = select([UUID(int=2), UUID(int=9), UUID(int=1)], found)
    assert [p.ordinal for p in chosen.passages] == [2, 1]
    assert chosen.dropped == {UUID(int=9): "not_visible"}


def test_nearly_the_same_text_comes_once() -> None:
    found = [passage(1, numbers(1)), passage(5, numbers(1) + " more"), passage(9, numbers(2))]
    chosen = select([UUID(int=1), UUID(int=5), UUID(int=9)], found)
    assert [p.ordinal for p in chosen.passages] == [1, 9]
    assert chosen.dropped == {UUID(int=5): "duplicate"}


def test_the_budget_is_kept_but_a_shorter_passage_may_still_fit() -> None:
    found = [passage(1, numbers(1), BUDGET_TOKENS - 50), passage(2, numbers(2), 51), passage(3, numbers(3), 50)]
    chosen = select([UUID(int=n) for n in (1, 2, 3)], found)
    assert [p.ordinal for p in chosen.passages] == [1, 3]
    assert chosen.dropped == {UUID(int=2): "budget"}


def test_there_are_at_most_so_many() -> None:
    found = [passage(10 * n, numbers(n), 1) for n in range(1, MOST_PASSAGES + 5)]
    assert len(select([p.chunk_id for p in found], found).passages) == MOST_PASSAGES


def test_neighbours_stand_in_reading_order_where_there_is_room() -> None:
    best = passage(5, numbers(5))
    found = [best, passage(4, numbers(4), around=best.chunk_id), passage(6, numbers(6), around=best.chunk_id)]
    assert [p.ordinal for p in select([best.chunk_id], found).passages] == [4, 5, 6]

    full = passage(5, numbers(5), BUDGET_TOKENS - 50)
    assert [p.ordinal for p in select([full.chunk_id], [full, *found[1:]]).passages] == [5]


def test_a_neighbour_that_was_found_itself_comes_once() -> None:
    found = [passage(5, numbers(5)), passage(6, numbers(6)), passage(6, numbers(6), around=UUID(int=5))]
    assert [p.ordinal for p in select([UUID(int=5), UUID(int=6)], found).passages] == [5, 6]

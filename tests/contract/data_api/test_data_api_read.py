"""Reading tables: selecting, filtering, ordering, pages, counts, embedded resources."""

from collections.abc import Callable
from typing import Any

import pytest
from postgrest.exceptions import APIError

from tests.contract.conftest import Client

pytestmark = pytest.mark.anyio

BOOKS, AUTHORS = "contract_books", "contract_authors"
Builder = Callable[[Any], Any]

FILTERS: dict[str, tuple[Builder, list[int]]] = {
    "eq": (lambda q: q.eq("id", 2), [2]),
    "neq": (lambda q: q.neq("id", 2), [1, 3, 4]),
    "gt": (lambda q: q.gt("pages", 12), [1, 3]),
    "gte": (lambda q: q.gte("pages", 12), [1, 2, 3]),
    "lt": (lambda q: q.lt("price", 9.5), [2]),
    "lte": (lambda q: q.lte("price", 9.5), [1, 2]),
    "like": (lambda q: q.like("title", "%on%"), [1]),
    "like with stars": (lambda q: q.like("title", "*on*"), [1]),
    "ilike": (lambda q: q.ilike("title", "notes%"), [1]),
    "like all": (lambda q: q.like_all_of("title", "%e%,%s"), [1, 2, 3, 4]),
    "like any": (lambda q: q.like_any_of("title", "Notes%,Loose%"), [1, 4]),
    "match": (lambda q: q.filter("title", "match", "^[NR]"), [1, 3]),
    "imatch": (lambda q: q.filter("title", "imatch", "^[nr]"), [1, 3]),
    "is null": (lambda q: q.is_("author_id", "null"), [4]),
    "is not null": (lambda q: q.not_.is_("author_id", "null"), [1, 2, 3]),
    "isdistinct": (lambda q: q.filter("author_id", "isdistinct", "1"), [3, 4]),
    "in": (lambda q: q.in_("id", [1, 3, 99]), [1, 3]),
    "in with commas": (lambda q: q.in_("title", ["Sketches", "a,b"]), [2]),
    "in nothing": (lambda q: q.in_("id", []), []),
    "not in": (lambda q: q.not_.in_("id", [1, 2]), [3, 4]),
    "contains": (lambda q: q.contains("tags", ["math"]), [1, 2]),
    "contained by": (lambda q: q.contained_by("tags", ["math"]), [2, 3]),
    "overlaps": (lambda q: q.overlaps("tags", ["machines", "x"]), [1]),
    "range contains": (lambda q: q.contains("lent", "[2024-01-05,2024-01-06)"), [1]),
    "range left of": (lambda q: q.range_lt("lent", ("2024-02-15", "2024-02-16")), [1]),
    "range right of": (lambda q: q.range_gt("lent", ("2024-02-15", "2024-02-16")), [3]),
    "range not left of": (lambda q: q.range_gte("lent", ("2024-02-15", "2024-02-16")), [3]),
    "range not right of": (lambda q: q.range_lte("lent", ("2024-02-15", "2024-02-16")), [1]),
    "range adjacent": (lambda q: q.filter("lent", "adj", "[2024-02-01,2024-02-02)"), [1]),
    "text search": (lambda q: q.fts("words", "running"), [3]),
    "text search plain": (lambda q: q.plfts("words", "engine notes"), [1]),
    "text search phrase": (lambda q: q.phfts("words", "running water"), [3]),
    "text search web": (lambda q: q.wfts("words", "sketches or water"), [2, 3]),
    "text search with language": (lambda q: q.filter("words", "fts(english)", "waters"), [3]),
    "text search in plain text": (lambda q: q.fts("title", "leaves"), [4]),
    "or": (lambda q: q.or_("id.eq.1,pages.gt.300"), [1, 3]),
    "nested tree": (lambda q: q.or_("id.eq.4,and(pages.gt.10,not.or(pages.gt.60,title.like.X*))"), [2, 4]),
    "tree with quotes": (lambda q: q.or_('title.eq."Sketches",title.in.("a,b","Loose leaves")'), [2, 4]),
    "tree with array": (lambda q: q.or_("tags.cs.{math,machines},id.eq.3"), [1, 3]),
    "and of the same column": (lambda q: q.gt("id", 1).lt("id", 4), [2, 3]),
    "match of several": (lambda q: q.match({"author_id": 1, "pages": 12}), [2]),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filter(anon: Client, name: str) -> None:
    build, wanted = FILTERS[name]
    answer = await build(anon.table(BOOKS).select("id")).order("id").execute()
    assert [row["id"] for row in answer.data] == wanted


async def test_columns_aliases_casts_and_json_paths(anon: Client) -> None:
    answer = (
        await anon.table(AUTHORS).select("who:name, born::text, bio->home->>city, bio->langs->0").eq("id", 1).execute()
    )
    assert answer.data == [{"who": "Ada", "born": "1815-12-10", "city": "London", "langs": "en"}]


async def test_filter_and_order_by_a_json_path(anon: Client) -> None:
    found = await anon.table(AUTHORS).select("id").eq("bio->home->>city", "London").execute()
    assert found.data == [{"id": 1}]
    ordered = await anon.table(AUTHORS).select("id").order("bio->home->>city", nullsfirst=True).order("id").execute()
    assert [row["id"] for row in ordered.data] == [2, 3, 1]


async def test_values_are_rendered_as_postgresql_renders_json(anon: Client) -> None:
    answer = await anon.table("contract_kinds").select("*").execute()
    assert answer.data == [
        {
            "id": 1,
            "big": 9007199254740993,
            "exact": 1.5,
            "flag": True,
            "stamp": "2024-02-03T02:05:06.789+00:00",
            "plain": "2024-02-03T04:05:06",
            "day": "2024-02-03",
            "span": "1 day 02:03:04",
            "raw": "\\xdeadbeef",
            "list": [1, None, 3],
            "doc": {"b": 1, "a": []},
            "docb": {"a": [], "b": 1},
            "uid": "00000000-0000-0000-0000-00000000000a",
            "addr": "10.0.0.1",
            "odd name,(x)": "odd",
        }
    ]


async def test_quoted_names(anon: Client) -> None:
    answer = await anon.table("contract_kinds").select('"odd name,(x)"').eq("odd name,(x)", "odd").execute()
    assert answer.data == [{"odd name,(x)": "odd"}]


async def test_order_with_nulls(anon: Client) -> None:
    descending = await anon.table(BOOKS).select("id").order("pages", desc=True, nullsfirst=False).execute()
    assert [row["id"] for row in descending.data] == [3, 1, 2, 4]
    several = await anon.table(BOOKS).select("id").order("author_id", nullsfirst=True).order("id", desc=True).execute()
    assert [row["id"] for row in several.data] == [4, 2, 1, 3]


async def test_limit_offset_and_range(anon: Client) -> None:
    query = anon.table(BOOKS).select("id").order("id")
    assert (await query.range(1, 2).execute()).data == [{"id": 2}, {"id": 3}]
    assert (await anon.table(BOOKS).select("id").order("id").limit(1).offset(3).execute()).data == [{"id": 4}]
    assert (await anon.table(BOOKS).select("id").limit(0).execute()).data == []


@pytest.mark.parametrize("method", ["exact", "planned", "estimated"])
async def test_count(anon: Client, method: Any) -> None:
    answer = await anon.table(BOOKS).select("id", count=method).limit(1).execute()
    assert len(answer.data) == 1
    assert answer.count == 4 if method != "planned" else (answer.count or 0) > 0


async def test_count_without_rows(anon: Client) -> None:
    answer = await anon.table(BOOKS).select("*", count="exact", head=True).gt("id", 2).execute()
    assert (answer.count, answer.data) == (2, [])


async def test_single_row_as_object(anon: Client) -> None:
    assert (await anon.table(BOOKS).select("title").eq("id", 1).single().execute()).data == {
        "title": "Notes on engines"
    }
    with pytest.raises(APIError) as refused:
        await anon.table(BOOKS).select("title").single().execute()
    assert refused.value.code == "PGRST116"
    assert await anon.table(BOOKS).select("title").eq("id", 99).maybe_single().execute() is None


async def test_csv(anon: Client) -> None:
    answer = await anon.table(AUTHORS).select("id,name").order("id").csv().execute()
    assert answer.data == "id,name\n1,Ada\n2,Ben\n3,Cleo"


async def test_embedding_to_one_by_hint_and_by_column(anon: Client) -> None:
    answer = (
        await anon.table(BOOKS)
        .select("id, author:contract_authors!author_id(name), editor:editor_id(name)")
        .order("id")
        .limit(2)
        .execute()
    )
    assert answer.data == [
        {"id": 1, "author": {"name": "Ada"}, "editor": {"name": "Ben"}},
        {"id": 2, "author": {"name": "Ada"}, "editor": None},
    ]


async def test_embedding_to_many_with_filter_order_and_limit(anon: Client) -> None:
    answer = (
        await anon.table(AUTHORS)
        .select("name, contract_books!author_id(title)")
        .order("id")
        .order("pages", desc=True, foreign_table="contract_books")
        .limit(1, foreign_table="contract_books")
        .gt("contract_books.pages", 20)
        .execute()
    )
    assert answer.data == [
        {"name": "Ada", "contract_books": [{"title": "Notes on engines"}]},
        {"name": "Ben", "contract_books": [{"title": "Running waters"}]},
        {"name": "Cleo", "contract_books": []},
    ]


async def test_inner_embedding_leaves_out_what_has_none(anon: Client) -> None:
    answer = (
        await anon.table(AUTHORS)
        .select("name, contract_books!author_id!inner(title)", count="exact")
        .eq("contract_books.pages", 12)
        .execute()
    )
    assert (answer.data, answer.count) == ([{"name": "Ada", "contract_books": [{"title": "Sketches"}]}], 1)


async def test_embedding_many_to_many_and_nested(anon: Client) -> None:
    answer = (
        await anon.table(BOOKS)
        .select("id, contract_genres(label, contract_shelves(book_id))")
        .eq("id", 3)
        .order("label", foreign_table="contract_genres")
        .order("book_id", foreign_table="contract_genres.contract_shelves")
        .execute()
    )
    assert answer.data == [
        {
            "id": 3,
            "contract_genres": [
                {"label": "science", "contract_shelves": [{"book_id": 1}, {"book_id": 3}]},
                {"label": "travel", "contract_shelves": [{"book_id": 3}]},
            ],
        }
    ]


async def test_embedding_of_a_table_in_itself(anon: Client) -> None:
    answer = (
        await anon.table("contract_staff")
        .select("name, boss:boss_id(name), contract_staff(name)")
        .in_("id", [1, 2])
        .order("id")
        .order("name", foreign_table="contract_staff")
        .execute()
    )
    assert answer.data == [
        {"name": "Root", "boss": None, "contract_staff": [{"name": "Left"}, {"name": "Right"}]},
        {"name": "Left", "boss": {"name": "Root"}, "contract_staff": []},
    ]


async def test_spread_order_and_null_filter_by_an_embedded_resource(anon: Client) -> None:
    spread = await anon.table(BOOKS).select("id, ...contract_authors!author_id(author:name)").eq("id", 1).execute()
    assert spread.data == [{"id": 1, "author": "Ada"}]
    ordered = (
        await anon.table(BOOKS)
        .select("id, contract_authors!author_id(name)")
        .order("contract_authors(name)", desc=True, nullsfirst=False)
        .order("id")
        .execute()
    )
    assert [row["id"] for row in ordered.data] == [3, 1, 2, 4]
    orphans = (
        await anon.table(BOOKS).select("id, contract_authors!author_id()").is_("contract_authors", "null").execute()
    )
    assert orphans.data == [{"id": 4}]


async def test_nulls_can_be_left_out(anon: Client) -> None:
    answer = await anon.table(BOOKS).select("id, pages").eq("id", 4).strip_nulls().execute()
    assert answer.data == [{"id": 4}]


async def test_many_rows_are_spread_as_arrays(anon: Client) -> None:
    shelves = "...contract_genres(genres:label, genre_ids:id)"
    answer = await anon.table(BOOKS).select(f"id, {shelves}").in_("id", [1, 2, 3]).order("id").execute()
    assert [(row["id"], row["genres"]) for row in answer.data] == [
        (1, ["science"]),
        (2, []),
        (3, ["science", "travel"]),
    ]
    assert answer.data[2]["genre_ids"] == [1, 2]
    wanted = f"id, {shelves.replace('(', '!inner(', 1)}"
    inner = await anon.table(BOOKS).select(wanted).order("id").execute()
    assert [row["id"] for row in inner.data] == [1, 3]
    every = await anon.table("contract_authors").select("id, ...contract_books!author_id(*)").eq("id", 2).execute()
    assert (every.data[0]["title"], every.data[0]["pages"]) == (["Running waters"], [301])
    nested = "id, ...contract_books!author_id(title, ...contract_authors!editor_id(editor:name))"
    deep = await anon.table("contract_authors").select(nested).eq("id", 2).execute()
    assert (deep.data[0]["title"], deep.data[0]["editor"]) == (["Running waters"], ["Ada"])


async def test_functions_make_relations_and_columns(anon: Client) -> None:
    wanted = "name, contract_initial, contract_edited(title), contract_longest(title)"
    answer = await anon.table(AUTHORS).select(wanted).in_("id", [1, 2]).order("id").execute()
    assert answer.data == [
        {
            "name": "Ada",
            "contract_initial": "A",
            "contract_edited": [{"title": "Running waters"}],
            "contract_longest": {"title": "Notes on engines"},
        },
        {
            "name": "Ben",
            "contract_initial": "B",
            "contract_edited": [{"title": "Notes on engines"}],
            "contract_longest": {"title": "Running waters"},
        },
    ]
    filtered = await anon.table(AUTHORS).select("name, contract_edited!inner(title)").order("id").execute()
    assert [row["name"] for row in filtered.data] == ["Ada", "Ben"]
    ordered = (
        await anon.table(AUTHORS).select("name, contract_longest(title)").order("contract_longest(title)").execute()
    )
    assert [row["name"] for row in ordered.data][:2] == ["Ada", "Ben"]


async def test_views_take_part_in_the_relations_of_their_tables(anon: Client) -> None:
    up = await anon.table("contract_titles").select("title, contract_authors(name)").eq("book", 3).execute()
    assert up.data == [{"title": "Running waters", "contract_authors": {"name": "Ben"}}]
    down = await anon.table(AUTHORS).select("name, contract_titles(loud)").eq("id", 2).execute()
    assert down.data == [{"name": "Ben", "contract_titles": [{"loud": "RUNNING WATERS"}]}]
    between = await anon.table("contract_loud_titles").select("loud, contract_names(name)").eq("book", 2).execute()
    assert between.data == [{"loud": "SKETCHES", "contract_names": {"name": "Ada"}}]
    across = await anon.table("contract_titles").select("book, contract_genres(label)").eq("book", 1).execute()
    assert across.data == [{"book": 1, "contract_genres": [{"label": "science"}]}]
    table = await anon.table(BOOKS).select("id, author_id(name)").eq("id", 1).execute()
    assert table.data == [{"id": 1, "author_id": {"name": "Ada"}}]

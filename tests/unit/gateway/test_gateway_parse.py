"""The query string's grammar."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.parse_filter import parse_filter, parse_logic, parse_order
from infra.local.gateway.data_api.parse_query import parse_query
from infra.local.gateway.data_api.parse_select import parse_select
from infra.local.gateway.data_api.query import Column, Field, Filter, JsonStep, Logic, Order
from infra.local.gateway.data_api.render import array_literal, quote

NAMES = st.from_regex(r"\A[a-z_][a-z0-9_$]{0,8}\Z")
ODD_NAMES = st.text(min_size=1, max_size=10).filter(lambda name: "\x00" not in name)
PLAIN = st.text(alphabet=st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=20)
IDLE = Field("c")


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_select() -> None:
    node = parse_select('id, who:name::text, doc->a->0->>"x y", *, ...up(z), kids!hint!inner(a, deeper(b)), empty()')
    assert node.columns == [
        Column(Field("id")),
        Column(Field("name"), "who", "text"),
        Column(Field("doc", (JsonStep(False, "a"), JsonStep(False, 0), JsonStep(True, "x y")))),
        Column(Field("*")),
    ]
    up, kids, empty = node.embeds
    assert (up.target, up.spread, up.node.columns) == ("up", True, [Column(Field("z"))])
    assert (kids.target, kids.hint, kids.inner, kids.node.embeds[0].target) == ("kids", "hint", True, "deeper")
    assert (empty.node.columns, empty.node.embeds) == ([], [])


def test_filter_forms() -> None:
    assert parse_filter(IDLE, "eq.a.b,c") == Filter(IDLE, "eq", "a.b,c")
    assert parse_filter(IDLE, 'not.in.(1,"a,b",)') == Filter(IDLE, "in", "", True, values=("1", "a,b", ""))
    assert parse_filter(IDLE, "in.()").values == ()
    assert parse_filter(IDLE, "like(any).{a,b}").quantifier == "any"
    assert parse_filter(IDLE, "wfts(simple).x").language == "simple"
    assert parse_filter(IDLE, "is.NOT_NULL").value == "not_null"


def test_trees() -> None:
    tree = parse_logic("or", False, '(a.eq.1,not.and(b.in.(x,"y)"),c->>d.eq."v,"),e.cs.{1,{2}})')
    first, inner, last = tree.conditions
    assert first == Filter(Field("a"), "eq", "1")
    assert isinstance(inner, Logic)
    assert (inner.operator, inner.negated) == ("and", True)
    assert inner.conditions == (
        Filter(Field("b"), "in", "", values=("x", "y)")),
        Filter(Field("c", (JsonStep(True, "d"),)), "eq", "v,"),
    )
    assert last == Filter(Field("e"), "cs", "{1,{2}}")


def test_order() -> None:
    assert parse_order("a.desc.nullslast,b->c,kid(d).asc") == [
        Order(Field("a"), True, False),
        Order(Field("b", (JsonStep(False, "c"),))),
        Order(Field("d"), False, None, "kid"),
    ]


def test_parameters_find_their_level() -> None:
    query = parse_query(
        b"select=id,kid(x,grand:deep(y))&a=eq.1&kid.x=gt.2&kid.grand.order=y.desc&kid.limit=3&kid.deep.or=(y.eq.1,y.eq.2)"
        b"&not.and=(a.eq.1,a.eq.2)&columns=p,%22q%20r%22&on_conflict=k"
    )
    assert [condition.negated for condition in query.root.where] == [False, True]
    kid = query.root.embeds[0].node
    assert (kid.limit, len(kid.where)) == (3, 1)
    grand = kid.embeds[0].node
    assert (grand.order, len(grand.where)) == ([Order(Field("y"), True)], 1)
    assert (query.columns, query.on_conflict) == (("p", "q r"), ("k",))


def test_a_functions_arguments_are_told_from_conditions() -> None:
    query = parse_query(b"a=1&b=x.y&c=eq.2&d=not.is.null&limit=1", for_function=True)
    assert query.arguments == [("a", "1"), ("b", "x.y")]
    assert len(query.root.where) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eq",
        "eq1",
        "foo.1",
        "in.1",
        "in.(1",
        "is.maybe",
        "eq(some).1",
        "fts(.x",
        "not.foo.1",
        'in.("a)',
        "eq(any",
        ".",
    ],
)
def test_malformed_filters_are_refused_with_a_place(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_filter(IDLE, text)
    assert (refused.value.status, refused.value.code) == (400, "PGRST100")
    assert text in refused.value.message
    assert "expecting" in refused.value.details


def test_nesting_has_a_limit() -> None:
    with pytest.raises(ApiError):
        parse_select("a(" * 50 + ")" * 50)
    with pytest.raises(ApiError):
        parse_logic("and", False, "(and" * 50 + "(a.eq.1" + ")" * 100)


@given(names=st.lists(NAMES, min_size=1, max_size=5))
def test_plain_columns_survive(names: list[str]) -> None:
    assert parse_select(",".join(names)).columns == [Column(Field(name)) for name in names]


@given(name=ODD_NAMES)
def test_quoted_names_survive(name: str) -> None:
    assert parse_select(quoted(name)).columns == [Column(Field(name))]
    assert parse_order(f"{quoted(name)}.desc") == [Order(Field(name), True)]


@given(values=st.lists(PLAIN, max_size=6))
def test_quoted_list_values_survive(values: list[str]) -> None:
    found = parse_filter(IDLE, f"in.({','.join(map(quoted, values))})")
    assert found.values == tuple(values)


@given(value=PLAIN)
def test_quoted_values_in_trees_survive(value: str) -> None:
    tree = parse_logic("and", False, f"(a.eq.{quoted(value)},b.eq.1)")
    assert [condition.value for condition in tree.conditions if isinstance(condition, Filter)] == [value, "1"]


@given(value=PLAIN)
def test_a_value_is_taken_to_its_end(value: str) -> None:
    assert parse_filter(IDLE, f"eq.{value}").value == value


@given(text=st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (
        parse_select,
        parse_order,
        lambda text: parse_filter(IDLE, text),
        lambda text: parse_logic("or", False, text),
    ):
        with contextlib.suppress(ApiError):
            parse(text)


@given(query=st.binary(max_size=60))
def test_any_query_string_is_parsed_or_refused(query: bytes) -> None:
    with contextlib.suppress(ApiError):
        parse_query(query)


@given(name=ODD_NAMES)
def test_identifiers_stay_inside_their_quotes(name: str) -> None:
    text = quote(name)
    assert text[0] == text[-1] == '"'
    assert text[1:-1].replace('""', "").count('"') == 0
    assert text[1:-1].replace('""', '"') == name


@given(items=st.lists(PLAIN, max_size=4))
def test_array_literals_keep_their_items_apart(items: list[str]) -> None:
    text = array_literal(tuple(items))
    inside = text[1:-1].replace("\\\\", "").replace('\\"', "")
    assert inside.count('"') == 2 * len(items)


def test_a_text_met_again_is_parsed_to_a_level_of_its_own() -> None:
    first, second = parse_query(b"select=id,up(z)&up.z=eq.1&id=eq.1&limit=1"), parse_query(b"select=id,up(z)")
    assert (len(first.root.where), len(first.root.embeds[0].node.where), first.root.limit) == (1, 1, 1)
    assert (second.root.where, second.root.embeds[0].node.where, second.root.limit) == ([], [], None)

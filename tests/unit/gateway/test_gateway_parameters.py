"""Nothing that a client sends as a value becomes part of a statement's text: it is a parameter, or refused."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.parse_query import parse_query
from infra.local.gateway.data_api.payload import parse_rows
from infra.local.gateway.data_api.plan import Plan, Wish, plan_call, plan_delete, plan_insert, plan_read, plan_update
from infra.local.gateway.data_api.preferences import parse_accept, parse_prefer
from infra.local.gateway.data_api.schema import Argument, Function, Schema, Table, TableColumn

MARK = "§"
WISH = Wish(parse_prefer("count=exact, return=representation"), parse_accept(""), 1000)
COLUMNS = {
    name: TableColumn(name, kind, kind, None) for name, kind in (("id", "bigint"), ("title", "text"), ("doc", "jsonb"))
}
BOOKS = Table("public", "books", COLUMNS, ("id",), frozenset({frozenset({"id"})}))
FIND = Function(
    "public", "find", (Argument("wanted", "text", True, False, None),), True, True, False, False, True, "books"
)
SCHEMA = Schema("public", {"books": BOOKS}, [], {"find": [FIND]})
#: Text that would end a literal, an identifier or a comment, around a sign that no statement has by itself.
TEXT = st.text(alphabet=st.sampled_from("'\"\\;-/*$%{}()[].,: a1\n"), max_size=8)
VALUES = st.tuples(TEXT, TEXT).map(lambda ends: f"{ends[0]}{MARK}{ends[1]}")
WORDS = st.sampled_from(
    [
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "like",
        "ilike",
        "match",
        "imatch",
        "isdistinct",
        "cs",
        "cd",
        "ov",
        "sl",
        "sr",
        "nxr",
        "nxl",
        "adj",
        "fts",
        "wfts",
        "plfts",
        "phfts",
        "fts(english)",
        "eq(any)",
        "like(all)",
        "not.eq",
        "in",
        "is",
    ]
)
FIELDS = st.sampled_from(["id", "title", "doc", "doc->a", "doc->>a->1"])


def _query(name: str, value: str) -> bytes:
    return f"{quote(name)}={quote(value)}".encode()


def _assert_apart(plan: Plan) -> None:
    assert MARK not in plan.statement.sql
    assert plan.estimate is None or MARK not in plan.estimate.sql
    assert any(value is not None and MARK.encode() in value for value in plan.statement.values)


@given(field=FIELDS, word=WORDS, value=VALUES)
def test_values_of_filters(field: str, word: str, value: str) -> None:
    shown = f"({value})" if word == "in" else value
    for make in (plan_read, plan_delete):
        try:
            plan = make(SCHEMA, "books", parse_query(_query(field, f"{word}.{shown}")), WISH)
        except ApiError:
            continue
        _assert_apart(plan)


@given(field=FIELDS, word=WORDS, value=VALUES, joint=st.sampled_from(["or", "and", "not.or"]))
def test_values_in_trees(field: str, word: str, value: str, joint: str) -> None:
    try:
        query = parse_query(_query(joint, f"({field}.{word}.{value},id.eq.1)"))
    except ApiError:
        return
    _assert_apart(plan_read(SCHEMA, "books", query, WISH))


@given(value=VALUES)
def test_keys_of_json(value: str) -> None:
    try:
        query = parse_query(_query("order", f"doc->>{value}"))
    except ApiError:
        return
    _assert_apart(plan_read(SCHEMA, "books", query, WISH))


@given(value=VALUES)
def test_bodies_and_arguments(value: str) -> None:
    raw = b'{"title": "' + value.encode().hex().encode() + MARK.encode() + b'"}'
    payload = parse_rows(raw, "application/json", None)
    _assert_apart(plan_insert(SCHEMA, "books", parse_query(b""), payload, WISH))
    _assert_apart(plan_update(SCHEMA, "books", parse_query(b"id=eq.1"), payload, WISH))
    _assert_apart(
        plan_call(
            SCHEMA, "find", parse_query(b""), b'{"wanted": "' + MARK.encode() + b'"}', frozenset({"wanted"}), WISH
        )
    )
    asked = parse_query(_query("wanted", value), for_function=True)
    if asked.arguments:
        _assert_apart(plan_call(SCHEMA, "find", asked, None, frozenset({"wanted"}), WISH))


@given(name=st.text(alphabet=st.sampled_from("'\"\\;-$ aé"), min_size=1, max_size=8))
def test_names_are_quoted(name: str) -> None:
    """A name may only stand between double quotes in which every double quote is doubled."""
    try:
        query = parse_query(_query("select", f'"{name}x"'.replace('""', '"')))
    except ApiError:
        return
    sql = plan_read(SCHEMA, "books", query, WISH).statement.sql
    outside = sql.replace('""', "").split('"')[::2]
    assert not any(sign in part for part in outside for sign in ";\\é")

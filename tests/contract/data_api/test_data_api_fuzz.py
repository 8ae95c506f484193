"""Whatever a query string says, the Data API answers it or says what is wrong with it; it never fails itself."""

import asyncio
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Project

COLUMNS = st.sampled_from(
    ["id", "title", "pages", "price", "tags", "lent", "words", "nope", "bio->a->>b", "a b", '"x"']
)
WORDS = st.sampled_from(
    [
        "eq",
        "neq",
        "gt",
        "like",
        "ilike",
        "match",
        "in",
        "is",
        "isdistinct",
        "fts",
        "wfts(english)",
        "cs",
        "cd",
        "ov",
        "sl",
        "nxr",
        "adj",
        "not.eq",
        "not.in",
        "eq(any)",
        "like(all)",
        "not",
        "foo",
        "fts(",
        "eq(some)",
    ]
)
SCRAPS = st.text(alphabet=st.sampled_from("abz019 .,:()[]{}\"'\\%*-><=!$&|~#é\x00\n"), max_size=12)
VALUES = st.one_of(
    SCRAPS, st.sampled_from(["1", "null", "(1,2)", "{a,b}", "[1,5)", "true", "1e400", "-1", "()", "(((("])
)
SELECTS = st.sampled_from(
    [
        "*",
        "id,title",
        "id,contract_authors!author_id(*)",
        "a:id::text",
        "id::nope",
        "...editor_id(name)",
        "count()",
        "id,",
        "(",
        "x(y(z(",
        "bio->>a",
        "tags->0",
        "contract_genres!inner(label)",
        "editor_id(id,contract_books!author_id(id))",
    ]
)
ORDERS = st.sampled_from(["id", "id.desc", "pages.asc.nullslast", "editor_id(name)", "id.up", "tags->0", ".", "id,,id"])


@st.composite
def parameters(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Query parameters, most of them nearly right."""
    pairs = [(draw(COLUMNS), f"{draw(WORDS)}.{draw(VALUES)}") for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        pairs.append(("select", draw(st.one_of(SELECTS, SCRAPS))))
    if draw(st.booleans()):
        pairs.append(("order", draw(st.one_of(ORDERS, SCRAPS))))
    if draw(st.booleans()):
        inner = ",".join(f"{draw(COLUMNS)}.{draw(WORDS)}.{draw(VALUES)}" for _ in range(draw(st.integers(0, 3))))
        pairs.append((draw(st.sampled_from(["or", "and", "not.or", "x.and"])), f"({inner})"))
    if draw(st.booleans()):
        pairs.append((draw(st.sampled_from(["limit", "offset", "x.limit", "columns"])), draw(VALUES)))
    return pairs


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=parameters(), counted=st.booleans())
def test_no_query_breaks_the_data_api(project: Project, pairs: list[tuple[str, str]], counted: bool) -> None:
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    headers = {"apikey": project.publishable_key, "prefer": "count=exact" if counted else ""}
    answer = httpx.get(f"{project.url}/rest/v1/contract_books?{query}", headers=headers, verify=False)
    assert answer.status_code < 500, (query, answer.text)
    if not answer.is_success:
        assert set(answer.json()) == {"code", "details", "hint", "message"}, (query, answer.text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(st.binary(max_size=40), st.from_regex(rb'\A[\[{]{0,3}"[a-z]{1,5}":[0-9null"\\u]{0,6}[}\]]{0,3}\Z'))
)
def test_no_body_breaks_the_data_api(project: Project, body: bytes) -> None:
    headers = {"apikey": project.publishable_key, "content-type": "application/json"}
    for path in ("contract_staff", "rpc/contract_echo"):
        answer = httpx.post(f"{project.url}/rest/v1/{path}", content=body, headers=headers, verify=False)
        assert answer.status_code < 500, (path, body, answer.text)


def test_values_are_never_part_of_the_statement(project: Project) -> None:
    """A value that would end a literal or an identifier is compared as it is."""

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=project.url, headers={"apikey": project.publishable_key}) as client:
            for text in ("'; drop table contract_books; --", '"; select 1; --', "$1", "%s", "\\'; --"):
                found = await client.get("/rest/v1/contract_books", params={"title": f"eq.{text}"})
                assert (found.status_code, found.json()) == (200, [])
                column = await client.get("/rest/v1/contract_books", params={"select": f'"{text}"'.replace('""', '"')})
                assert column.status_code == 400
            assert len((await client.get("/rest/v1/contract_books?id=lte.4")).json()) == 4

    asyncio.run(ask())

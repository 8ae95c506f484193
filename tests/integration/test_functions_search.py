"""`search` and `health` as processes: what a person finds, what the web page may call, what an operator sees."""

import uuid

import httpx
import pytest

from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import PAGE, Functions, Served, token

TEXT = "The weir at Marbruck was built in 1903 by Anton Falk."


class Searcher:
    """Calls `search` as a person."""

    def __init__(self, served: Served, gateway: Gateway) -> None:
        self._served = served
        self._secret = gateway.database.jwt_secret

    def search(self, user: uuid.UUID, **content: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(user, self._secret)}"}
        return httpx.post(self._served.url, json=content, headers=headers, timeout=60)

    def texts(self, user: uuid.UUID, **content: object) -> list[str]:
        reply = self.search(user, **content)
        assert reply.status_code == 200, reply.text
        return [passage["text"] for passage in reply.json()["passages"]]


@pytest.fixture
def searcher(functions: Functions, gateway: Gateway) -> Searcher:
    return Searcher(functions.serve("search"), gateway)


def test_a_person_finds_passages_by_meaning_and_words_in_what_they_may_see(
    engine: Engine, functions: Functions, searcher: Searcher
) -> None:
    anna, bert = engine.person(), engine.person()
    document = engine.document(anna, content=TEXT)
    engine.document(bert, content="The weir at Oldham was built in 1850.")
    functions.serve("drain").ring({"queues": ["parse", "embed"]}).raise_for_status()

    [found] = searcher.search(anna, query="Who erected the dam?").json()["passages"]

    assert found == {
        "chunk_id": str(engine.one("select id from public.chunks where document_id = %s", document)),
        "document_id": str(document),
        "title": "Notes",
        "page": None,
        "heading_path": [],
        "text": TEXT,
    }
    assert searcher.texts(anna, query="weir", library_id=str(engine.library(anna))) == [TEXT]
    assert searcher.texts(anna, query="weir", library_id=str(engine.library(bert))) == []
    assert searcher.texts(anna, query="weir", library_id=str(uuid.uuid4())) == []
    assert searcher.texts(uuid.uuid4(), query="weir") == []


def test_a_library_is_seen_as_long_as_one_is_a_member(engine: Engine, searcher: Searcher) -> None:
    anna, bert = engine.person(), engine.person()
    engine.ingest(anna, ["The weir is old.", "The weir is grey."])
    library = engine.library(anna)
    engine.all("insert into public.library_members values (%s, %s, 'viewer')", library, bert)
    assert len(searcher.texts(bert, query="weir")) == 2
    assert len(searcher.texts(bert, query="weir", limit=1)) == 1

    engine.all("delete from public.library_members where user_id = %s and role = 'viewer'", bert)

    assert searcher.texts(bert, query="weir") == []


def test_who_is_nobody_is_refused(functions: Functions, gateway: Gateway) -> None:
    url = functions.serve("search").url
    keys = gateway.database
    expired = token(uuid.uuid4(), keys.jwt_secret, exp=1)
    for bearer in ("x", keys.publishable_key, keys.secret_key, expired, token(uuid.uuid4(), "y" * 32)):
        reply = httpx.post(url, json={"query": "weir"}, headers={"Authorization": f"Bearer {bearer}"}, timeout=30)
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_token")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert httpx.post(url, json={"query": "weir"}).status_code == 401


def test_a_search_that_makes_no_sense_is_explained(engine: Engine, searcher: Searcher) -> None:
    user = engine.person()

    def refused(**content: object) -> str:
        reply = searcher.search(user, **content)
        assert reply.status_code == 422
        message: str = reply.json()["message"]
        return message

    assert refused().startswith("query: Field required")
    assert refused(query="  ").startswith("query: ")
    assert refused(query="x" * 3000).startswith("query: ")
    assert refused(query="x", library_id="mine").startswith("library_id: ")
    assert refused(query="x", limit=1000).startswith("limit: ")
    assert refused(query="x", user_id=str(user)).startswith("user_id: ")
    assert searcher.texts(user, query="weir & | ! :* ' \" \\ <->") == []


def test_the_web_page_may_call_and_no_other(functions: Functions) -> None:
    url = functions.serve("search").url

    preflight = httpx.options(url, headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, PAGE)
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    refusal = httpx.post(url, headers={"Origin": PAGE})
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (401, PAGE)

    stranger = httpx.options(url, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    assert stranger.headers["vary"] == "Origin"


def test_health_tells_what_works(functions: Functions, model_server: str) -> None:
    reply = httpx.get(functions.serve("health", TOGETHER_BASE_URL=model_server).url, timeout=30)

    assert reply.status_code == 200, reply.text
    assert reply.json()["status"] == "ok"
    assert {name: check["ok"] for name, check in reply.json()["checks"].items()} == {
        "data_api": True,
        "vectors": True,
        "models": True,
        "cache": True,
    }


@pytest.mark.parametrize(
    ("variable", "check", "status"),
    [
        ("SUPABASE_URL", "data_api", 503),
        ("CHROMA_URL", "vectors", 503),
        ("TOGETHER_BASE_URL", "models", 503),
        ("REDIS_URL", "cache", 200),
    ],
)
def test_health_tells_what_is_down(
    functions: Functions, model_server: str, variable: str, check: str, status: int
) -> None:
    scheme = "redis" if variable == "REDIS_URL" else "http"
    served = functions.serve("health", **{"TOGETHER_BASE_URL": model_server, variable: f"{scheme}://127.0.0.1:1"})

    reply = httpx.get(served.url, timeout=30)

    assert reply.status_code == status
    assert [name for name, each in reply.json()["checks"].items() if not each["ok"]] == [check]
    assert "127.0.0.1" not in reply.text

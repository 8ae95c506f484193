"""An address from the inserted row to its passages, by the real handler over the real Data API."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from functions.compose import handlers
from functions.dispatch import Handler
from functions.effects.supabase import Supabase
from schema.errors import PermanentError, SupersededError
from schema.jobs import Claim, Queue
from schema.settings import Settings
from tests import serving
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import environment
from tests.integration.web import Web

pytestmark = pytest.mark.anyio


@pytest.fixture
def web() -> Iterator[tuple[Web, str]]:
    made = Web()
    with serving.application(lambda _: made.app) as url:
        yield made, url


@pytest.fixture
async def parse(gateway: Gateway, web: tuple[Web, str]) -> AsyncIterator[Handler]:
    own = {
        "RIVULET_FETCH_PRIVATE_NETWORKS": "127.0.0.0/8",
        "RIVULET_FETCH_PORTS": str(urlsplit(web[1]).port),
    }
    nowhere = "http://127.0.0.1:9"
    settings = Settings.from_env(environment(gateway.database, gateway.url, nowhere, nowhere) | own)
    supabase = Supabase(settings)
    yield handlers(settings, supabase, [Queue.PARSE])[Queue.PARSE]
    await supabase.close()


def claimed(engine: Engine) -> Claim:
    return Claim.model_validate({"queue": "parse", **engine.claim_one("parse")})


def add(engine: Engine, url: str) -> None:
    engine.all(
        "insert into public.documents (library_id, source, url) values (%s, 'url', %s)",
        engine.library(engine.person()),
        url,
    )


async def test_a_page_becomes_passages_and_is_not_read_again(
    engine: Engine, parse: Handler, web: tuple[Web, str]
) -> None:
    server, url = web
    add(engine, f"{url}/page")
    await parse(claimed(engine))
    texts = [text for (text,) in engine.all("select text from public.chunks")]
    assert any("Anton Falk built the weir in 1903." in text for text in texts)
    assert engine.all("select mime, bytes from public.documents") == [("text/html", len(server.page))]
    engine.embed()
    assert engine.one("select status from public.documents") == "ready"

    refetch = "update public.documents set version = version + 1, status = 'queued'"
    engine.all(refetch)
    with pytest.raises(SupersededError):
        await parse(claimed(engine))
    assert server.sent == ["/page"]  # the second time the server said that nothing had changed
    server.tag = ""
    engine.all(refetch)
    with pytest.raises(SupersededError):
        await parse(claimed(engine))
    assert server.sent == ["/page"] * 2  # sent once more, and seen to be the same
    assert engine.one("select status from public.documents") == "ready"
    assert engine.one("select count(*) from public.chunks") == len(texts)


async def test_what_is_refused_says_why(engine: Engine, parse: Handler, web: tuple[Web, str]) -> None:
    add(engine, "http://169.254.169.254/latest/meta-data/")
    with pytest.raises(PermanentError) as refused:
        await parse(claimed(engine))
    assert (refused.value.code, refused.value.message) == (
        "address_not_allowed",
        "This address does not lead to a public web server.",
    )
    engine.all("select public.set_quota_v1(null, null, 5)")
    add(engine, f"{web[1]}/page")
    with pytest.raises(PermanentError) as refused:
        await parse(claimed(engine))
    assert refused.value.code == "over_quota"

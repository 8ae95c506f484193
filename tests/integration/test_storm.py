"""A small storm of uploads, edits, deletions and kills: afterwards Postgres and the index agree."""

from tests.benchmarks import storm
from tests.conftest import Gateway


def test_nothing_is_left_behind(gateway: Gateway, chroma: str, model_server: str) -> None:
    result = storm.run(storm.Site(gateway.database, gateway.url, chroma, model_server), events=48, kills=2, searches=2)

    assert (result["drift"], result["receipts_open"], result["documents_unfinished"]) == (0, 0, 0), result
    assert result["files_without_document"] == 0, result
    assert result["receipts"], result

"""Answers reach readers who drop out whole, also when the responder that writes them is killed."""

import asyncio

from tests import serving
from tests.benchmarks import durable, stream
from tests.benchmarks.streaming.model import MODEL
from tests.conftest import Gateway


def test_no_character_is_lost_or_doubled(gateway: Gateway, chroma: str) -> None:
    with serving.application(lambda _: MODEL) as model:
        settings = durable.worker_environment(gateway.database, gateway.url)
        responders = stream.Responders({**settings, "CHROMA_URL": chroma, "TOGETHER_BASE_URL": model}, 2)
        try:
            answered = asyncio.run(stream.follow(gateway.database, gateway.url, responders, 8, 4, 3))
        finally:
            responders.end()

    found = stream.judge(answered)
    assert (found["characters_lost_or_doubled"], found["rows_unlike_what_the_model_said"]) == (0, 0)
    assert found["complete"] == found["answers"] == 8

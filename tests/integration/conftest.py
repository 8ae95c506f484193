"""Fixtures of the tests that speak to the database directly, and of those that serve functions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases, serving
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import Functions, environment
from tests.scripted_model import ScriptedModel
from tests.slow_model import SlowModel

WORDS = ["The", "weir", "was", "built", "in", "1903", "by", "Anton", "Falk", "[1]."]


@pytest.fixture
def engine(database: databases.Database) -> Iterator[Engine]:
    """The project's database, as its owner."""
    made = Engine(database.owner_dsn)
    yield made
    made.close()


@pytest.fixture
def slow_model(model_server: str) -> Iterator[tuple[SlowModel, str]]:
    """A model that stands still in the middle of its answer until the test lets it go on, and its address."""
    model = SlowModel(model_server, WORDS)
    with serving.application(lambda _: model.app) as url:
        yield model, url
        model.goes_on.set()


@pytest.fixture
def scripted(model_server: str) -> Iterator[tuple[ScriptedModel, str]]:
    """A model that says what a test has it say, and its address."""
    model = ScriptedModel(model_server)
    with serving.application(lambda _: model.app) as url:
        yield model, url


@pytest.fixture
def functions(
    gateway: Gateway, chroma: str, redis_server: str, slow_model: tuple[SlowModel, str], tmp_path: Path
) -> Iterator[Functions]:
    """Serves functions in front of this test's project, answering with the slow model."""
    settings = environment(gateway.database, gateway.url, chroma, slow_model[1])
    settings |= {"REDIS_URL": redis_server, "CHAT_MODEL": "test/slow-1"}
    with Functions(settings, tmp_path).stopped() as made:
        yield made

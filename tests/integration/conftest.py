"""Fixtures of the tests that speak to the database directly."""

from collections.abc import Iterator

import pytest

from tests import databases
from tests.integration.engine import Engine


@pytest.fixture
def engine(database: databases.Database) -> Iterator[Engine]:
    """The project's database, as its owner."""
    made = Engine(database.owner_dsn)
    yield made
    made.close()

"""The types of the web application are those of the database."""

from infra.local import web_types
from tests.databases import Database


def test_the_types_fit_the_database(database: Database) -> None:
    assert web_types.FILE.read_text() == web_types.render(web_types.read(database.owner_dsn)), (
        f"Run: {web_types.COMMAND}"
    )

"""A watched table and the documents of its rows, for tests."""

import json
import uuid

from psycopg import sql

from tests.integration.engine import Engine, Row

Documents = dict[str, tuple[str, str | None]]


class Watched:
    """A table of the integrator's that a library follows."""

    def __init__(
        self, engine: Engine, table: str, title: str, content: list[str], owner: uuid.UUID | None = None
    ) -> None:
        self.engine = engine
        self.owner = owner or engine.person()
        self.library = engine.library(self.owner)
        self.id: uuid.UUID = engine.one("select rivulet.watch(%s, %s, %s, %s)", table, self.library, title, content)

    def documents(self) -> Documents:
        """Title and content of each document, by its source reference."""
        rows = self.engine.all(
            "select source_ref, title, content from public.documents where watch_id = %s order by 1", self.id
        )
        return {ref: (title, content) for ref, title, content in rows}

    def document(self) -> Row:
        """The only document."""
        [(row,)] = self.engine.all("select to_jsonb(d) from public.documents d where watch_id = %s", self.id)
        found: Row = row
        return found

    def state(self) -> str | None:
        """The state of the watch; None when it has ended."""
        rows = self.engine.all("select state from public.watches where id = %s", self.id)
        return rows[0][0] if rows else None

    def caught_up(self) -> "Watched":
        """Itself, once all rows that were there are documents."""
        work(self.engine)
        assert self.state() == "following"
        return self

    def triggers(self) -> list[str]:
        """The triggers of this watch, wherever they are, and its function."""
        name = f"watch_{self.id.hex}"
        return [
            found
            for (found,) in self.engine.all(
                "select tgname from pg_trigger where tgname like %s and tgparentid = 0"
                " union all select proname from pg_proc where proname = %s",
                f"rivulet_{name}%",
                name,
            )
        ]


def step(engine: Engine) -> bool:
    """Do the backfill jobs that are ready; false if there was none."""
    jobs = engine.claim("backfill")
    for job in jobs:
        if engine.act("complete_backfill_v1", job) == "busy":
            engine.act("fail_job_v1", job, "transient", "row_is_being_written", "Later.", 0)
    return bool(jobs)


def work(engine: Engine) -> None:
    """Do backfill jobs until there are none, the delayed ones and those that only a sweep finds included."""
    while True:
        engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
        engine.sweep()
        if not step(engine):
            return


def ref(**key: object) -> str:
    """The source reference of a row, in the form that PostgreSQL gives JSON."""
    pairs = {name: str(value) for name, value in key.items()}
    return json.dumps(dict(sorted(pairs.items(), key=lambda pair: (len(pair[0]), pair[0]))), ensure_ascii=False)


def quoted(*names: str) -> str:
    """An identifier as a statement with parameters wants it."""
    return sql.Identifier(*names).as_string().replace("%", "%%")

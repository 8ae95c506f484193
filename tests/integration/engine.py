"""A person, rows and job functions over a direct connection: what the tests of the database speak in."""

import hashlib
import json
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg

from tests.waiting import eventually

Row = dict[str, Any]
Result = TypeVar("Result")


class Engine:
    """The project's database as its owner sees it; every call is a transaction of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection = psycopg.connect(dsn, autocommit=True)

    def close(self) -> None:
        self.connection.close()

    def all(self, statement: str, *values: object) -> list[Any]:
        cursor = self.connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: object) -> Any:
        """The first column of the first row."""
        return self.all(statement, *values)[0][0]

    def person(self) -> uuid.UUID:
        user = uuid.uuid4()
        self.all(
            "insert into auth.users (id, email, aud, role) values (%s, %s, 'authenticated', 'authenticated')",
            user,
            f"{user}@example.com",
        )
        return user

    def library(self, user: uuid.UUID) -> uuid.UUID:
        library: uuid.UUID = self.one("select id from public.libraries where owner_id = %s and personal", user)
        return library

    def document(self, user: uuid.UUID, title: str = "Notes", content: str = "The weir is old.") -> uuid.UUID:
        document: uuid.UUID = self.one(
            "insert into public.documents (library_id, owner_id, title, content) values (%s, %s, %s, %s) returning id",
            self.library(user),
            user,
            title,
            content,
        )
        return document

    def conversation(self, user: uuid.UUID) -> uuid.UUID:
        conversation: uuid.UUID = self.one("insert into public.conversations (owner_id) values (%s) returning id", user)
        return conversation

    def ask(self, conversation: uuid.UUID, question: str = "How old is the weir?") -> uuid.UUID:
        """Insert a question; returns the id of its answer."""
        asked = self.one(
            "insert into public.messages (conversation_id, content) values (%s, %s) returning id",
            conversation,
            question,
        )
        answer: uuid.UUID = self.one("select id from public.messages where reply_to = %s", asked)
        return answer

    def claim(self, queue: str, limit: int = 10, request: uuid.UUID | None = None, lease: int = 30) -> list[Row]:
        reply = self.one(
            "select public.claim_jobs_v1(%s, 'tester', %s, %s, %s)", queue, limit, request or uuid.uuid4(), lease
        )
        jobs: list[Row] = reply["jobs"]
        return jobs

    def claim_one(self, queue: str) -> Row:
        [job] = self.claim(queue, 1)
        return job

    def act(self, function: str, job: Row, *values: object, fence: int | None = None) -> str:
        """Call a function that acts for a claim; returns the status of its reply."""
        places = "".join(", %s" for _ in values)
        reply = self.one(
            f"select public.{function}(%s, %s{places})",
            job["id"],
            fence or job["fence"],
            *(json.dumps(value) if isinstance(value, dict | list) else value for value in values),
        )
        status: str = reply["status"]
        return status

    def complete(self, *jobs: Row) -> list[str]:
        """End jobs whose end has no effect but itself; returns what became of each."""
        names = [{"id": job["id"], "fence": job["fence"], "result": {}} for job in jobs]
        reply = self.one("select public.complete_jobs_v1(%s)", json.dumps(names))
        found = {(each["id"], each["fence"]): each["status"] for each in reply}
        return [found[job["id"], job["fence"]] for job in jobs]

    def fail(self, job: Row, kind: str = "transient", retry_after: float = 0) -> str:
        return self.act("fail_job_v1", job, kind, "broken", "It broke.", retry_after)

    def parse(self, texts: list[str]) -> None:
        """Do the next parse job: one passage per text, two passages per embed job."""
        job = self.claim_one("parse")
        self.act("start_parse_v1", job)
        assert self.act("append_chunks_v1", job, [passage(n, text) for n, text in enumerate(texts)], 1, 2) == "ok"
        assert self.act("complete_parse_v1", job, 1, "text/plain", None) == "done"

    def embed(self) -> None:
        for job in self.claim("embed"):
            assert self.act("complete_embed_v1", job, 1) == "done"

    def ingest(self, user: uuid.UUID, texts: list[str]) -> uuid.UUID:
        """A document of these passages, searchable."""
        document = self.document(user, content="\n".join(texts))
        self.parse(texts)
        self.embed()
        return document

    def status(self, document: uuid.UUID) -> str:
        status: str = self.one("select status from public.documents where id = %s", document)
        return status

    def expire_leases(self) -> None:
        """Let every worker seem to have vanished."""
        self.all("update rivulet.jobs set lease_until = clock_timestamp() - interval '1 s' where state = 'running'")

    def sweep(self) -> Row:
        reply: Row = self.one("select public.sweep_jobs_v1()")
        return reply

    def running(self, queue: str, tenant: uuid.UUID) -> int:
        running: int = self.one("select running from rivulet.lanes where queue = %s and tenant_id = %s", queue, tenant)
        return running


def waiting(engine: Engine, act: Callable[[Engine], Result]) -> Future[Result]:
    """Act over another connection, which comes to wait for this one's transaction; the outcome comes later."""
    other = Engine(engine.dsn)
    process = other.connection.info.backend_pid
    pool = ThreadPoolExecutor(1)
    outcome = pool.submit(act, other)
    outcome.add_done_callback(lambda _: other.close())
    pool.shutdown(wait=False)

    def assert_waits() -> None:
        assert engine.one("select pg_blocking_pids(%s) <> '{}'", process)

    eventually(assert_waits)
    return outcome


def passage(ordinal: int, text: str) -> Row:
    return {
        "id": str(uuid.uuid4()),
        "ordinal": ordinal,
        "text": text,
        "tokens": len(text.split()),
        "page": 1,
        "char_start": 0,
        "char_end": len(text),
        "heading_path": [],
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "anchor": ordinal,
        "language": "pg_catalog.english",
    }


ANSWER: Row = {"content": "Old [1].", "model": "m", "usage": {}, "timings": {}, "citations": []}

"""Puts questions and documents in, whatever happens to the database, and remembers what was accepted."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from uuid import UUID

import psycopg

from tests.chaos.history import Question
from tests.integration.engine import Engine
from tests.waiting import eventually

WRITERS = 2
PEOPLE = 12
CONVERSATIONS = 4  # of each person
DOCUMENTS_SHARE = 0.3
MOST_UNFINISHED = 150
PATIENCE_SECONDS = 60.0
ROOM_SECONDS = 600.0  # nothing is killed for so long


class Feed:
    """Several writers; each conversation belongs to one, so that its order is known."""

    def __init__(self, dsn: str, seed: int) -> None:
        self.questions: list[Question] = []
        self.uploads: list[UUID] = []
        self._dsn = dsn
        self._seed = seed
        with_people = Engine(dsn)
        self.people = [with_people.person() for _ in range(PEOPLE)]
        self._libraries = {person: with_people.library(person) for person in self.people}
        self._conversations = [with_people.conversation(each) for each in self.people for _ in range(CONVERSATIONS)]
        self._places = dict.fromkeys(self._conversations, 0)
        with_people.close()

    def put(self, events: int, pace: float) -> list[threading.Thread]:
        """Start to write, each writer an event every `pace` seconds; the threads end when all was accepted."""
        threads = [
            threading.Thread(target=self._write, args=(events // WRITERS + (n < events % WRITERS), n, pace))
            for n in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def upload(self, connection: psycopg.Connection, person: UUID, document: UUID, content: str = "text") -> None:
        """Insert a document once."""
        connection.execute(
            "insert into public.documents (id, library_id, owner_id, title, content) values (%s, %s, %s, 'Chaos', %s)"
            " on conflict (id) do nothing",
            [document, self._libraries[person], person, content],
        )

    def _write(self, events: int, number: int, pace: float) -> None:
        conversations = self._conversations[number::WRITERS]
        dice = random.Random(self._seed * 1000 + number)
        line = Line(self._dsn)
        for _ in range(events):
            time.sleep(pace)
            line.run(_wait_for_room)
            key = uuid.UUID(int=dice.getrandbits(128))
            if dice.random() < DOCUMENTS_SHARE:
                line.run(partial(self.upload, person=dice.choice(self.people), document=key))
                self.uploads.append(key)
            else:
                conversation = dice.choice(conversations)
                line.run(partial(_ask, conversation=conversation, question=key))
                self.questions.append(Question(key, conversation, self._places[conversation]))
                self._places[conversation] += 1
        line.close()


class Line:
    """A connection that comes back; what is run may have been committed before the connection was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def run(self, statement: Callable[[psycopg.Connection], object]) -> None:
        """Run until the database has confirmed it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self._dsn, autocommit=True, connect_timeout=5)
                statement(self._connection)
                return
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _ask(connection: psycopg.Connection, conversation: UUID, question: UUID) -> None:
    connection.execute(
        "insert into public.messages (id, conversation_id, content) values (%s, %s, 'Why?')"
        " on conflict (id) do nothing",
        [question, conversation],
    )


def _wait_for_room(connection: psycopg.Connection) -> None:
    def there_is_room() -> None:
        [[unfinished]] = connection.execute("select count(*) from rivulet.jobs").fetchall()
        assert unfinished < MOST_UNFINISHED, f"{unfinished} jobs stay unfinished"

    eventually(there_is_room, within=ROOM_SECONDS)

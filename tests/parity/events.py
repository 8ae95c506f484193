"""A made-up day of many people: documents added, changed and deleted, questions asked and stopped. Pure.

All ids are made from names, so that two runs speak of the same rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
# A library's passages all fit into one prompt, so that no near-tie in a ranking decides what an answer is made of.
DOCUMENTS_EACH = 4
KINDS = ["weir", "mill", "lighthouse", "bridge", "chapel", "station", "harbour", "tower"]
SYLLABLES = ["mar", "bruck", "old", "tor", "vik", "sel", "ham", "nor", "wen", "dal", "kirk", "ash"]


@dataclass(frozen=True)
class Event:
    """Statements that commit together."""

    statements: Sequence[tuple[str, tuple[object, ...]]]


def phases(number: int) -> Iterator[list[Event]]:
    """About `number` events, in phases; a phase begins when everything of the one before is done."""
    documents, people = _documents(number), _people(number)
    changes = deletions = stops = number // 20
    questions = number - documents - changes - deletions - stops
    yield [_add(each) for each in range(documents)]
    yield [_change(each) for each in range(changes)] + [_delete(each) for each in range(changes, changes + deletions)]
    yield [_ask(each, each % people, documents, stopped=each < stops) for each in range(questions)]


def setup(number: int) -> Iterator[Event]:
    """The people of the events, each with a library and a conversation about it."""
    for each in range(_people(number)):
        user, library = ident("person", each), ident("library", each)
        yield Event(
            [
                (
                    "insert into auth.users (id, email, aud, role) values (%s, %s, 'authenticated', 'authenticated')",
                    (user, f"{each}@example.com"),
                ),
                ("insert into public.libraries (id, name, owner_id) values (%s, 'Places', %s)", (library, user)),
                (
                    "insert into public.conversations (id, owner_id, library_id) values (%s, %s, %s)",
                    (ident("conversation", each), user, library),
                ),
            ]
        )


def ident(kind: str, number: int) -> UUID:
    """The id of the number-th row of a kind."""
    return uuid5(SPACE, f"{kind} {number}")


def _documents(number: int) -> int:
    return max(number // 5, 1)


def _people(number: int) -> int:
    return -(-_documents(number) // DOCUMENTS_EACH)


def _add(number: int) -> Event:
    library, owner = ident("library", number // DOCUMENTS_EACH), ident("person", number // DOCUMENTS_EACH)
    content = "" if number % 10 == 9 else _text(number, 1800)  # an empty document fails, with a reason
    statement = (
        "insert into public.documents (id, library_id, owner_id, title, content) values (%s, %s, %s, %s, %s)",
        (ident("document", number), library, owner, f"{_name(number)}.md", content),
    )
    return Event([statement])


def _change(number: int) -> Event:
    values = (_text(number, 1900), ident("document", number))
    return Event([("update public.documents set content = %s where id = %s", values)])


def _delete(number: int) -> Event:
    return Event([("delete from public.documents where id = %s", (ident("document", number),))])


def _ask(number: int, person: int, documents: int, *, stopped: bool) -> Event:
    about = min(person * DOCUMENTS_EACH + number // 7 % DOCUMENTS_EACH, documents - 1)
    question = ident("question", number)
    asked = (
        "insert into public.messages (id, conversation_id, content) values (%s, %s, %s)",
        (question, ident("conversation", person), f"When was the {_name(about)} built?"),
    )
    stop = ("update public.messages set status = 'cancelled' where reply_to = %s", (question,))
    return Event([asked, stop] if stopped else [asked])


def _name(number: int) -> str:
    first, second, third = (SYLLABLES[number // 12**power % 12] for power in range(3))
    return f"{KINDS[number % len(KINDS)]} of {(first + second + third).capitalize()}"


def _text(number: int, year: int) -> str:
    name = _name(number)
    return (
        f"# The {name}\n\nThe {name} was built in {year + number % 97}. It is {10 + number % 83} metres tall.\n\n"
        f"## Repairs\n\nThe {name} was repaired after a storm, {3 + number % 11} years later.\n"
    )

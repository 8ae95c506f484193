"""A live view of a person's documents and conversations."""

import asyncio
from typing import Any

from infra.cli.patience import patiently
from infra.cli.person import Person
from infra.cli.rows import DOCUMENT_COLUMNS, DocumentRow
from infra.cli.subscription import Subscription
from infra.cli.watch_screen import Talk, View, WatchScreen

DOCUMENTS_SHOWN = 20
CONVERSATIONS_SHOWN = 10
SETTLE_SECONDS = 0.2  # news in a burst are read once
CONVERSATION_COLUMNS = "id,title,messages(role,status,content,position)"


async def watch(person: Person, screen: WatchScreen) -> None:
    """Show the person's documents and conversations until cancelled."""
    with screen:
        view = await _read(person, screen)
        while True:
            view = await _follow(person, _topics(person, view), screen)


def _topics(person: Person, view: View) -> frozenset[str]:
    return frozenset({f"library:{person.library}", *(f"conversation:{talk.id}" for talk in view.talks)})


async def _follow(person: Person, topics: frozenset[str], screen: WatchScreen) -> View:
    """Show news of the topics, until there is another conversation to listen to."""
    async with Subscription(person, sorted(topics)) as news:
        async for _ in news:
            await asyncio.sleep(SETTLE_SECONDS)
            news.forget()
            view = await _read(person, screen)
            if _topics(person, view) != topics:
                return view
    raise AssertionError("news have no end")


async def _read(person: Person, screen: WatchScreen) -> View:
    view = await patiently(lambda: _query(person), screen.delayed)
    screen.show(view)
    return view


async def _query(person: Person) -> View:
    documents = person.client.table("documents").select(DOCUMENT_COLUMNS).eq("library_id", str(person.library))
    conversations = person.client.table("conversations").select(CONVERSATION_COLUMNS)
    newest_answer = (
        conversations.eq("messages.role", "assistant")
        .order("position", desc=True, foreign_table="messages")
        .limit(1, foreign_table="messages")
    )
    found, talked = await asyncio.gather(
        documents.order("updated_at", desc=True).limit(DOCUMENTS_SHOWN).execute(),
        newest_answer.order("updated_at", desc=True).limit(CONVERSATIONS_SHOWN).execute(),
    )
    rows = tuple(DocumentRow.model_validate(row) for row in found.data)
    return View(rows, tuple(_talk(row) for row in talked.data))


def _talk(row: Any) -> Talk:
    answer = next(iter(row["messages"]), None)
    if answer is None:
        return Talk(row["id"], row["title"] or "", "nothing asked yet", 0)
    return Talk(row["id"], row["title"] or "", answer["status"], len(answer["content"]))

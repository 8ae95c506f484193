"""What one person can see of another's library and conversation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from uuid import UUID

from postgrest import CountMethod
from storage3.exceptions import StorageApiError

from infra.cli.patience import Notice, patiently
from infra.cli.person import Person
from infra.cli.subscription import JoinRefused, joined
from infra.cli.upload import BUCKET


@dataclass(frozen=True)
class Place:
    """Somebody's library, one of its objects, and a conversation."""

    library: UUID
    object_name: str
    conversation: UUID


@dataclass(frozen=True)
class Sight:
    """How much of a place is visible: numbers of rows and files, and whether its news can be heard."""

    documents: int
    passages: int
    conversations: int
    messages: int
    files: int
    download: bool
    library_news: bool
    conversation_news: bool

    @property
    def everything(self) -> bool:
        """All of it can be seen."""
        return all(getattr(self, each.name) for each in fields(self))

    @property
    def seen(self) -> list[str]:
        """The names of what can be seen."""
        return [each.name.replace("_", " ") for each in fields(self) if getattr(self, each.name)]


async def look(person: Person, place: Place, delayed: Notice) -> Sight:
    """Try to see everything of a place."""

    async def trying(act: Callable[[], Awaitable[int]]) -> int:
        return await patiently(act, delayed)

    library, conversation = str(place.library), str(place.conversation)
    return Sight(
        documents=await trying(lambda: _count(person, "documents", "library_id", library)),
        passages=await trying(lambda: _count(person, "chunks", "library_id", library)),
        conversations=await trying(lambda: _count(person, "conversations", "id", conversation)),
        messages=await trying(lambda: _count(person, "messages", "conversation_id", conversation)),
        files=await trying(lambda: _count_files(person, library)),
        download=bool(await trying(lambda: _download(person, place.object_name))),
        library_news=bool(await trying(lambda: _hears(person, f"library:{library}"))),
        conversation_news=bool(await trying(lambda: _hears(person, f"conversation:{conversation}"))),
    )


async def _count(person: Person, table: str, column: str, value: str) -> int:
    query = person.client.table(table).select(column, count=CountMethod.exact).eq(column, value).limit(1)
    return (await query.execute()).count or 0


async def _count_files(person: Person, folder: str) -> int:
    return len(await person.client.storage.from_(BUCKET).list(folder))


async def _download(person: Person, name: str) -> int:
    """The size of a file; 0 if Storage says that there is none."""
    try:
        return len(await person.client.storage.from_(BUCKET).download(name))
    except StorageApiError as error:
        if str(error.status) not in ("400", "403", "404"):
            raise
        return 0


async def _hears(person: Person, topic: str) -> int:
    """Whether the person may join a topic. Only a refusal for want of permission counts as one."""
    try:
        async with joined(person, [topic], lambda _: None):
            return 1
    except JoinRefused as refusal:
        if not str(refusal).startswith("Unauthorized"):
            raise ConnectionError(str(refusal)) from refusal
        return 0

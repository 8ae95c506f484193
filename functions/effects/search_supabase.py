"""Search over the Data API: `SearchStore`."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from functions.effects.supabase import Supabase
from schema.answers import Scope
from schema.jobs import Json
from schema.search import Filter, FoundPassage, Hit

_CHUNKS = TypeAdapter(list[UUID])
_FOUND = TypeAdapter(list[FoundPassage])


class SupabaseSearch:
    """Implements `SearchStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def scope(self, user: UUID, library: UUID | None, where: Filter) -> Scope:
        """The libraries that the person may search."""
        reply = await self._supabase.call(
            "search_scope_v1", user=str(user), library=library and str(library), filter=_filter(where)
        )
        return Scope.model_validate(reply)

    async def lexical(self, user: UUID, query: str, library: UUID | None, limit: int, where: Filter) -> Sequence[Hit]:
        """The best passages by words."""
        reply = await self._supabase.call(
            "lexical_search_v1",
            user=str(user), query=query, library=library and str(library), limit=limit, filter=_filter(where),
        )  # fmt: skip
        chunks = _CHUNKS.validate_python([row["chunk_id"] for row in reply])
        return [Hit(chunk, row["score"]) for chunk, row in zip(chunks, reply, strict=True)]

    async def visible(self, user: UUID, chunks: Sequence[UUID], around: int, where: Filter) -> Sequence[FoundPassage]:
        """Those that the person may see now."""
        reply = await self._supabase.call(
            "visible_chunks_v1", user=str(user), chunks=[str(c) for c in chunks], around=around, filter=_filter(where)
        )
        return _FOUND.validate_python(reply)


def _filter(where: Filter) -> Json:
    return where.model_dump(mode="json", exclude_none=True)

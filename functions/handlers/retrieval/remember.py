"""A retriever that remembers what was found, for as long as nothing is different in what is searched.

Reasons: infra/decisions/0086-what-was-found-is-kept-per-revision.md.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from functions.handlers.retrieval.found import Found
from functions.handlers.retrieval.retrieve import Retriever
from schema.answers import Scope
from schema.errors import JobError
from schema.ports import Cache
from schema.search import EVERYTHING, Filter, Hit

KEEP_SECONDS = 600

_Kept = tuple[Sequence[str], Sequence[Sequence[float]], Sequence[Sequence[Hit]], Sequence[Hit]]
_KEPT: TypeAdapter[_Kept] = TypeAdapter(_Kept)


@dataclass(frozen=True, kw_only=True)
class RememberingRetriever(Retriever):
    """A `Retriever` that searches once per person, query, filter and revision of the libraries.

    Only the query's vectors, ids and scores are remembered. What of them may be shown, and as what, is asked of
    Postgres each time.
    """

    cache: Cache

    async def search(
        self, user: UUID, query: str, library: UUID | None, where: Filter = EVERYTHING, scope: Scope | None = None
    ) -> Found:
        """Both arms, or what they found before."""
        before = Found()
        try:
            with before.timed("scope"):
                scope = scope or await self.store.scope(user, library, where)
        except JobError:
            return await super().search(user, query, library, where)
        key = _key(user, query, where, scope)
        [kept] = await self.cache.get([key])
        if kept is not None:
            before.models, before.questions, before.dense, before.lexical = _KEPT.validate_json(kept)
            before.placements = scope.placements
            return before
        found = await super().search(user, query, library, where, scope)
        found.timings |= before.timings
        if not found.notes:  # half of what could be found is not worth remembering
            questions = [list(vector) for vector in found.questions]
            keep = _KEPT.dump_json((found.models, questions, found.dense, found.lexical))
            await self.cache.put({key: keep}, KEEP_SECONDS)
        return found


def _key(user: UUID, query: str, where: Filter, scope: Scope) -> str:
    """The libraries are named by the scope: by its revision, and by where their vectors are."""
    asked = "\n".join([str(user), scope.model_dump_json(), where.model_dump_json(), query])
    return f"found:2:{hashlib.sha256(asked.encode()).hexdigest()}"

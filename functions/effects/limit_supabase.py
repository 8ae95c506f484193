"""How much one person may ask, counted in Postgres: `Limit`. Exact, for a call each time.

Reasons: infra/decisions/0085-questions-are-counted-where-they-are-answered.md.
"""

from collections.abc import Sequence
from uuid import UUID

from functions.effects.limits import Kind, Window, refusal
from functions.effects.supabase import Supabase


class SupabaseLimit:
    """Implements `Limit`, by windows that slide."""

    def __init__(self, supabase: Supabase, kind: Kind, windows: Sequence[Window]) -> None:
        self._supabase = supabase
        self._kind = kind
        self._windows = windows

    async def admit(self, person: UUID, asked: UUID | None = None) -> None:
        """Count what is asked, or refuse."""
        if not self._windows:
            return
        full = await self._supabase.call(
            "count_asked_v1",
            kind=self._kind.key,
            person=str(person),
            asked=asked and str(asked),
            seconds=[window.seconds for window in self._windows],
            most=[window.most for window in self._windows],
        )
        if full:
            raise refusal(self._kind, self._windows[full["window"] - 1], full["wait_seconds"])

"""Who is present on a topic: a pure record of tracked states and the differences it produces.

Shapes as Phoenix Presence: ``{key: {"metas": [{"phx_ref": …, …}]}}``.
"""

import itertools
import secrets
from typing import Any

Metas = dict[str, dict[str, list[dict[str, Any]]]]
Diff = dict[str, Metas]
Owner = object

_run = secrets.token_urlsafe(6)
_serial = itertools.count(1)


class Presence:
    """The states tracked on one topic, at most one per owner (a channel); several owners may share a key."""

    def __init__(self) -> None:
        self._tracked: dict[Owner, tuple[str, dict[str, Any], dict[str, Any]]] = {}

    def __bool__(self) -> bool:
        return bool(self._tracked)

    def track(self, owner: Owner, key: str, payload: dict[str, Any]) -> Diff | None:
        """Record ``owner``'s state under ``key``; returns the difference, None if nothing changed."""
        before = self._tracked.get(owner)
        if before and before[1] == payload:
            return None
        meta = {**payload, "phx_ref": f"{_run}{next(_serial):x}"}
        if before:
            meta["phx_ref_prev"] = before[2]["phx_ref"]
        self._tracked[owner] = (key, payload, meta)
        return {"joins": _one(key, meta), "leaves": _one(before[0], before[2]) if before else {}}

    def untrack(self, owner: Owner) -> Diff | None:
        """Forget ``owner``'s state; returns the difference, None if there was none."""
        before = self._tracked.pop(owner, None)
        return {"joins": {}, "leaves": _one(before[0], before[2])} if before else None

    def state(self) -> Metas:
        """Return everyone who is present."""
        state: Metas = {}
        for key, _, meta in self._tracked.values():
            state.setdefault(key, {"metas": []})["metas"].append(meta)
        return state


def _one(key: str, meta: dict[str, Any]) -> Metas:
    return {key: {"metas": [meta]}}

"""Tables whose changes tests follow, and what is told of them."""

from typing import Any

from tests.contract.realtime.wire import Wire


def following(table: str, event: str = "*", **binding: Any) -> dict[str, Any]:
    return {"postgres_changes": [{"event": event, "schema": "public", "table": table, **binding}]}


def published(name: str, columns: str, extra: str = "") -> str:
    return f"create table {name} ({columns}); alter publication supabase_realtime add table {name}; {extra}"


async def change(socket: Wire) -> dict[str, Any]:
    data: dict[str, Any] = (await socket.event("postgres_changes")).payload["data"]
    return data


async def told(socket: Wire) -> list[Any]:
    """Return the ids told up to the end mark, a row with id -1 that everyone is told of."""
    ids: list[Any] = []
    while True:
        data = await change(socket)
        row = data.get("record") or data["old_record"]
        if row.get("id") == -1:
            return ids
        ids.append(row.get("id"))

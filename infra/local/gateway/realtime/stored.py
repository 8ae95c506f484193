"""Broadcasts stored in ``realtime.messages``: their delivery when they are committed, and their replay on joining."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.frames import Encoding, Ref
from infra.local.gateway.realtime.joining import JoinRefusedError, Replay
from infra.local.gateway.realtime.messages import Message, UserBroadcast, broadcast_payload
from infra.local.gateway.realtime.sessions import Connection, DatabaseUnreachableError, Sessions

_REPLAY = """
select id::text, event, payload::text, binary_payload
  from realtime.messages
 where topic = %s and private and extension = 'broadcast' and event is not null
   and (payload is not null or binary_payload is not null)
   and inserted_at >= timezone('utc', to_timestamp(%s)) and inserted_at < timezone('utc', now()) + interval '1 minute'
 order by inserted_at desc, id desc
 limit %s
"""


@dataclass(frozen=True)
class Stored:
    """One stored broadcast; ``content`` is JSON text or bytes, as ``encoding`` says."""

    message_id: str
    event: str
    content: bytes
    encoding: Encoding
    replayed: bool = False

    def message(self, topic: str, join_ref: Ref = None) -> Message:
        """Return the message for the members of ``topic``; its ``meta`` tells the row's id."""
        meta = jsontext.dumps({"id": self.message_id} | ({"replayed": True} if self.replayed else {}))
        if self.encoding is Encoding.BYTES:
            return UserBroadcast(topic, self.event, self.content, self.encoding, meta)
        return Message(topic, "broadcast", broadcast_payload(self.event, self.content, meta), None, join_ref)


async def load_replay(sessions: Sessions, subtopic: str, replay: Replay) -> list[Stored]:
    """Return the latest stored broadcasts of a private topic in order of insertion. Raises JoinRefusedError."""

    async def load(session: Connection) -> list[tuple[str, str, str | None, bytes | None]]:
        cursor = await session.execute(_REPLAY, [subtopic, replay.since / 1000, replay.limit])
        return await cursor.fetchall()

    try:
        rows = await sessions.run(load)
    except (psycopg.Error, DatabaseUnreachableError, OverflowError):
        raise JoinRefusedError("UnableToReplayMessages: Realtime was unable to replay messages") from None
    return [
        Stored(row_id, event, binary, Encoding.BYTES, replayed=True)
        if binary is not None
        else Stored(row_id, event, (text or "").encode(), Encoding.JSON, replayed=True)
        for row_id, event, text, binary in reversed(rows)
    ]


def committed(row: Mapping[str, str | None]) -> Stored | None:
    """Return the broadcast that a newly committed row is; None if it is none or is incomplete."""
    message_id, event = row.get("id"), row.get("event")
    text, binary = row.get("payload"), row.get("binary_payload")
    if row.get("extension") != "broadcast" or message_id is None or event is None:
        return None
    if binary is not None:
        return Stored(message_id, event, bytes.fromhex(binary.removeprefix("\\x")), Encoding.BYTES)
    return Stored(message_id, event, text.encode(), Encoding.JSON) if text is not None else None

"""A websocket client that speaks both versions of the protocol frame by frame, for what the official clients hide."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from infra.local.gateway.keys import Keyring
from tests.conftest import Gateway

SECONDS = 5.0


@dataclass
class Frame:
    """One frame of the server; ``payload`` is JSON, or bytes for a binary broadcast."""

    topic: str
    event: str
    payload: Any
    ref: str | None = None
    join_ref: str | None = None


@dataclass
class Wire:
    """A connection of version 1 or 2. Frames that were passed over stay readable."""

    connection: ClientConnection
    version: int
    _refs: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _unread: list[Frame] = field(default_factory=list)

    async def push(self, topic: str, event: str, payload: Any, join_ref: str | None = None) -> str:
        """Send a message; returns its reference."""
        ref = str(next(self._refs))
        fields = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref or ref}
        array = [join_ref or ref, ref, topic, event, payload]
        await self.connection.send(json.dumps(fields if self.version == 1 else array))
        return ref

    async def ask(self, topic: str, event: str, payload: Any, join_ref: str | None = None) -> Any:
        """Send a message; returns the payload of its reply."""
        ref = await self.push(topic, event, payload, join_ref)
        return (await self.frame(lambda frame: frame.event == "phx_reply" and frame.ref == ref)).payload

    async def join(self, topic: str, config: Any = None, token: str | None = None) -> Any:
        """Join ``realtime:<topic>``; returns the payload of the reply."""
        payload = {"config": config or {}} | ({"access_token": token} if token else {})
        return await self.ask(f"realtime:{topic}", "phx_join", payload)

    async def joined(self, topic: str, config: Any = None, token: str | None = None) -> None:
        """Join and wait until row changes, if any were asked for, are followed."""
        reply = await self.join(topic, config, token)
        assert reply["status"] == "ok", reply
        if reply["response"]["postgres_changes"]:
            notice = await self.event("system", topic)
            assert notice.payload["message"] == "Subscribed to PostgreSQL", notice

    async def event(self, event: str, topic: str | None = None) -> Frame:
        """Return the next frame of this event."""
        wanted = None if topic is None else f"realtime:{topic}"
        return await self.frame(lambda frame: frame.event == event and wanted in (None, frame.topic))

    async def frame(self, matches: Callable[[Frame], bool] = lambda _: True) -> Frame:
        """Return the next frame that matches; the others keep their order."""
        for frame in self._unread:
            if matches(frame):
                self._unread.remove(frame)
                return frame
        async with asyncio.timeout(SECONDS):
            while True:
                frame = self._decode(await self.connection.recv())
                if matches(frame):
                    return frame
                self._unread.append(frame)

    async def until_answered(self) -> list[Frame]:
        """Return all frames that came before the answer to a heartbeat sent now: what is not there did not come."""
        ref = await self.push("phoenix", "heartbeat", {})
        await self.frame(lambda frame: frame.topic == "phoenix" and frame.ref == ref)
        frames, self._unread = self._unread, []
        return frames

    def _decode(self, data: str | bytes) -> Frame:
        if isinstance(data, bytes):
            return _binary(data)
        value = json.loads(data)
        if self.version == 1:
            assert "join_ref" not in value
            return Frame(value["topic"], value["event"], value["payload"], value["ref"])
        join_ref, ref, topic, event, payload = value
        return Frame(topic, event, payload, ref, join_ref)


def _binary(data: bytes) -> Frame:
    kind, topic, event, metadata, encoding = data[:5]
    assert kind == 4
    ends = list(itertools.accumulate((5, topic, event, metadata)))
    parts = [data[start:end] for start, end in itertools.pairwise(ends)]
    content: Any = json.loads(data[ends[-1] :]) if encoding else data[ends[-1] :]
    payload = {"type": "broadcast", "event": parts[1].decode(), "payload": content}
    return Frame(parts[0].decode(), "broadcast", payload | ({"meta": json.loads(parts[2])} if parts[2] else {}))


def address(gateway: Gateway, version: int, key: str | None) -> str:
    """Return the address of the websocket."""
    query = {"vsn": f"{version}.0.0"} | ({"apikey": key} if key is not None else {})
    return f"{gateway.url.replace('http', 'ws', 1)}/realtime/v1/websocket?{urlencode(query)}"


@asynccontextmanager
async def wire(gateway: Gateway, version: int = 2, key: str | None = None) -> AsyncIterator[Wire]:
    """Connect with ``key``, the publishable one if none is given."""
    async with connect(address(gateway, version, key or gateway.database.publishable_key), max_size=None) as connection:
        yield Wire(connection, version)


def token(gateway: Gateway, subject: str = "11111111-1111-4111-8111-111111111111", **claims: Any) -> str:
    """Return a person's token, valid for an hour unless ``exp`` says otherwise."""
    keyring = Keyring(gateway.database.jwt_secret, gateway.database.publishable_key, gateway.database.secret_key)
    return keyring.sign({"sub": subject, "role": "authenticated", "exp": int(time.time()) + 3600, **claims})

"""Sends the requests of ``net.http_post`` and its like after their commit, each once, as pg_net's worker does.

What was answered is kept in ``net._http_response`` for some hours; what failed is noted there and not sent again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.transaction import transaction
from infra.local.gateway.wire import DatabaseError, DatabaseLostError, Statement, Wire

logger = logging.getLogger(__name__)

AT_ONCE = 100  # requests under way
CONTENT_MAX = 1024 * 1024  # bytes of an answer that are kept
RETRY_SECONDS = (0.25, 5.0)  # first and longest pause before a lost database is tried again
FORGET = "delete from net._http_response where created < now() - interval '6 hours'"  # pg_net's default
TAKE = """
delete from net.http_request_queue where id in (
  select id from net.http_request_queue order by id limit $1::bigint for update skip locked)
returning json_build_object('id', id, 'method', upper(method), 'url', url, 'headers', headers,
                            'body', convert_from(body, 'UTF8'), 'timeout', timeout_milliseconds)"""
NOTE = (
    "insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)"
    " values ($1::bigint, $2::int, $3, $4::jsonb, $5, $6::boolean, $7)"
)


class Webhooks:
    """The worker. ``start`` begins to wait for requests, ``stop`` gives up those under way."""

    def __init__(self, admin_dsn: str, pool: Pool) -> None:
        self._dsn, self._pool = admin_dsn, pool
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._worker = asyncio.create_task(self._work_always(), name="webhooks")

    async def stop(self) -> None:
        """End at once."""
        tasks = [*self._sending, *([self._worker] if self._worker else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work_always(self) -> None:
        pause, longest = RETRY_SECONDS
        while True:
            started = time.monotonic()
            try:
                async with aiohttp.ClientSession(auto_decompress=True) as session:
                    await self._work(session)
            except (DatabaseLostError, DatabaseError, PoolExhaustedError) as error:
                logger.warning("webhooks: not sending, trying again: %s", error)
            pause = RETRY_SECONDS[0] if time.monotonic() - started > longest else min(2 * pause, longest)
            await asyncio.sleep(pause)

    async def _work(self, session: aiohttp.ClientSession) -> None:
        """Send what is asked for; raises when the connection ends."""
        wire = await Wire.open(self._dsn)
        try:
            await wire.run(Statement("listen net_http_request_queue"))
            await wire.run(Statement(FORGET))
            while True:
                await self._send_waiting(session)
                await wire.notified()
        finally:
            wire.close()

    async def _send_waiting(self, session: aiohttp.ClientSession) -> None:
        while True:
            async with self._slots:
                pass  # with all requests under way, leave the rest in the table
            async with transaction(self._pool) as work:
                taken = await work.rows(TAKE, AT_ONCE)
            for asked in taken:
                await self._slots.acquire()
                task = asyncio.create_task(self._send(session, asked))
                self._sending.add(task)
                task.add_done_callback(self._done)
            if len(taken) < AT_ONCE:
                return

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._slots.release()
        self._sending.discard(task)

    async def _send(self, session: aiohttp.ClientSession, asked: dict[str, Any]) -> None:
        outcome = await _exchange(session, asked)
        with contextlib.suppress(DatabaseError, DatabaseLostError, PoolExhaustedError):
            async with transaction(self._pool) as work:
                await work.rows(NOTE, asked["id"], *outcome)


async def _exchange(session: aiohttp.ClientSession, asked: dict[str, Any]) -> tuple[Any, ...]:
    """Send one request; return status, media type, headers, content, whether it took too long, and the error."""
    timeout = aiohttp.ClientTimeout(total=max(asked["timeout"], 1) / 1000)
    headers = {str(name): str(value) for name, value in (asked["headers"] or {}).items()}
    try:
        async with session.request(
            asked["method"], asked["url"], headers=headers, data=asked["body"], timeout=timeout, allow_redirects=False
        ) as answer:
            content = (await answer.content.read(CONTENT_MAX)).decode("utf-8", "replace").replace("\0", "")
            return answer.status, answer.content_type, _plain(answer.headers), content, False, None
    except TimeoutError:
        return None, None, None, None, True, f"Timeout of {asked['timeout']} ms reached"
    except (aiohttp.ClientError, ValueError, OSError) as error:
        return None, None, None, None, None, str(error) or type(error).__name__


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {str(name): value for name, value in headers.items()}

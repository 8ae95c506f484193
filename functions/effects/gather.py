"""Calls for many at once: for what costs the same for one as for a hundred, or must not be done twice at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """While one call is under way the next items gather, and go in the next call. So nobody waits for company.

    `call` takes up to `most` items, in the order of their coming, and returns one result for each.
    """

    def __init__(self, call: Callable[[Sequence[T]], Awaitable[Sequence[R]]], most: int) -> None:
        self._call = call
        self._most = most
        self._gathered: list[tuple[T, asyncio.Future[R]]] = []
        self._calling: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """The result for the item. Raises what its call raises."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._gathered.append((item, result))
        if self._calling is None or self._calling.done():
            self._calling = asyncio.create_task(self._call_for_all(), name="gathered calls")
        return await result

    async def _call_for_all(self) -> None:
        while self._gathered:
            batch, self._gathered = self._gathered[: self._most], self._gathered[self._most :]
            await self._call_for(batch)

    async def _call_for(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = list(zip(batch, await self._call([item for item, _ in batch]), strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            for _, result in batch:
                if not result.done():  # it is when its waiter was interrupted
                    result.set_exception(error)
            return
        for (_, result), made in results:
            if not result.done():
                result.set_result(made)

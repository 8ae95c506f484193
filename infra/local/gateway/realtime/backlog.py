"""What waits to be handled, bounded in number and bytes."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_WAITING, MAX_WAITING_BYTES = 2_000, 16_000_000


class Backlog(Generic[T]):
    """A queue that says when it is full, and leaves it to the caller to put in no more."""

    def __init__(self) -> None:
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()

    def has_room(self) -> bool:
        """Tell whether more should be put in."""
        return len(self._items) < MAX_WAITING and self._bytes < MAX_WAITING_BYTES

    def put(self, item: T, size: int) -> None:
        """Add an item of about ``size`` bytes."""
        self._items.append((item, size))
        self._bytes += size
        self._arrived.set()

    async def take(self, limit: int) -> list[tuple[T, int]]:
        """Wait for items; return at most ``limit`` of them with their sizes, in order."""
        await self._arrived.wait()
        taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        self._bytes -= sum(size for _, size in taken)
        if not self._items:
            self._arrived.clear()
        return taken

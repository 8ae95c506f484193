"""One part of the stack: a process that the supervisor keeps running."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.account import ProcessOwner

Health = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Part:
    """What the supervisor must know to start, watch and stop a process.

    `environment` is everything the process sees. `prepare` runs before each start; `finish` runs once,
    when the part answers for the first time and before it counts as ready. Both may block. A part that
    serves no port says that it is ready by writing `ready_text` to its log. A part stops before those it
    needs, and starts after them, unless it is `eager`: then it starts at once and waits for them by itself.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    needs: tuple[str, ...] = ()
    eager: bool = False
    health: Health | None = None
    ready_text: str | None = None
    port: int | None = None
    folder: Path = Path("/")
    prepare: Callable[[], object] | None = None
    finish: Callable[[], object] | None = None
    owner: ProcessOwner = field(default_factory=ProcessOwner)
    stop_signal: signal.Signals = signal.SIGTERM
    # A listener finishes the work it holds; PostgreSQL writes a checkpoint.
    stop_seconds: float = 20.0
    start_seconds: float = 60.0


def dependents(parts: Mapping[str, Part], name: str) -> list[str]:
    """The parts that need `name` directly."""
    return [part.name for part in parts.values() if name in part.needs]

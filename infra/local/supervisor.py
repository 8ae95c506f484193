"""Starts the parts in order, keeps them running and stops them in reverse order."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from infra.local import account, errors, leftovers, logs, part, parts, record, state
from infra.local.keeper import Keeper

log = logging.getLogger(__name__)


class AlreadyRunning(errors.StackError):
    """Another supervisor works on this state folder."""


@contextmanager
def sole(home: state.State) -> Iterator[None]:
    """Hold the state folder's lock; the system releases it when this process ends, however it ends."""
    with (home.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"A stack is already running on {home.folder}.") from None
        yield


def run(home: state.State, given: Mapping[str, str]) -> None:
    """Supervise the stack until SIGTERM or SIGINT; raises StackError when it cannot start."""
    with sole(home):
        leftovers.end(record.read(home))
        home.wishes_file.unlink(missing_ok=True)
        asyncio.run(_supervise(home, given))


async def _supervise(home: state.State, given: Mapping[str, str]) -> None:
    described = record.StackRecord(supervisor=record.ProcessRecord.own())
    try:
        planned = plan(home, given, described)
        await Supervisor(home, described, planned.parts(), planned.added).run()
    except errors.StackError as error:
        described.state, described.detail = "failed", str(error)
        record.write(home, described)
        raise


def plan(home: state.State, given: Mapping[str, str], described: record.StackRecord) -> parts.Plan:
    """Decide ports and places, and note in `described` what is not as usual."""
    described.parts = {name: record.PartRecord() for name in parts.names()}

    def note(name: str, text: str) -> None:
        described.parts[name].notes.append(text)

    described.ports = parts.choose_ports(given, note)
    place = account.place_postgres(home.folder / "postgres", lambda text: note("postgres", text))
    return parts.Plan(home, home.secrets(), described.ports, given, place)


class Supervisor:
    """The keepers of all parts, and the description of them that others read.

    `added` gives the parts that have become possible since it was last asked.
    """

    def __init__(
        self,
        home: state.State,
        described: record.StackRecord,
        all_parts: Iterable[part.Part],
        added: Callable[[], Iterable[part.Part]] = tuple,
    ) -> None:
        self._home = home
        self._described = described
        self._added = added
        self._parts = {each.name: each for each in all_parts}
        self._keepers = {each.name: self._keeper(each) for each in self._parts.values()}
        described.parts = {name: keeper.record for name, keeper in self._keepers.items()}
        self._keeping: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()

    def _keeper(self, each: part.Part) -> Keeper:
        shown = self._described.parts.get(each.name, record.PartRecord())
        shown.port = each.port
        file = self._home.logs / f"{each.name}.log"
        logs.begin(file)
        return Keeper(each, file, shown, self._write)

    async def run(self) -> None:
        """Start everything, keep it until told to end, stop everything."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._follow_wishes)
        self._keeping = [asyncio.create_task(keeper.run(), name=name) for name, keeper in self._keepers.items()]
        try:
            await self._start_or_end()
            await self._ending.wait()
        finally:
            self._show("stopping")
            await self._stop_all()
            for task in self._keeping:
                task.cancel()
            await asyncio.gather(*self._keeping, return_exceptions=True)
        self._home.stack_file.unlink(missing_ok=True)

    async def _start_or_end(self) -> None:
        """Start all parts; a request to end in the middle of it is followed at once."""
        starting = asyncio.create_task(self._start_all())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return
        starting.result()
        self._show("running")
        self._follow_wishes()  # of the time before

    async def _start_all(self) -> None:
        self._show("starting")
        tasks = [asyncio.create_task(self._start(name)) for name in self._parts]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _start(self, name: str) -> None:
        if not self._parts[name].eager:
            needs = self._parts[name].needs
            await asyncio.gather(*(asyncio.shield(self._keepers[need].first_ready) for need in needs))
        self._keepers[name].want()
        await asyncio.shield(self._keepers[name].first_ready)

    async def _stop_all(self) -> None:
        stopping: dict[str, asyncio.Task[None]] = {}

        async def stop(name: str) -> None:
            await asyncio.gather(*(stopping[user] for user in part.dependents(self._parts, name)))
            self._keepers[name].unwant()
            await self._keepers[name].stopped.wait()

        for name in reversed(self._parts):
            stopping[name] = asyncio.create_task(stop(name))
        await asyncio.gather(*stopping.values())

    def _follow_wishes(self) -> None:
        """Stop the parts that are wished to be stopped, and start the others, also those that can be there by now."""
        if self._described.state != "running":
            return
        for each in self._added():
            self._add(each)
        stopped = self._home.stopped_parts()
        for name, keeper in self._keepers.items():
            if name in stopped:
                keeper.unwant()
            else:
                keeper.want()

    def _add(self, each: part.Part) -> None:
        self._parts[each.name] = each
        keeper = self._keepers[each.name] = self._keeper(each)
        self._described.parts[each.name] = keeper.record
        self._keeping.append(asyncio.create_task(keeper.run(), name=each.name))

    def _show(self, shown: record.StackState) -> None:
        self._described.state = shown
        self._write()

    def _write(self) -> None:
        record.write(self._home, self._described)

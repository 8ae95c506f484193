"""Breaks one thing after the other until it is told to stop, and counts what it broke."""

import itertools
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.proxy import RunningProxy
from tests.chaos.stack import Stack

LOST_REPLIES = 0.03
MISCHIEF_WITH_MESSAGES = 0.2


@dataclass(frozen=True)
class Plan:
    """Seconds between two faults, of Realtime's absences, and between two events of a writer."""

    pause: float
    realtime_away: float
    pace: float = 0.0


class Monkey:
    """Runs in a thread of its own. Every kind of fault comes once before any comes twice."""

    def __init__(self, stack: Stack, proxy: RunningProxy, plan: Plan, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._stack = stack
        self._proxy = proxy
        self._plan = plan
        self._dice = random.Random(seed)
        self._stopping = threading.Event()
        self._aside: list[threading.Thread] = []
        self._frozen: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="monkey")
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        mischief = self._proxy.mischief
        mischief.lost_replies = LOST_REPLIES
        mischief.dropped = mischief.repeated = mischief.swapped = MISCHIEF_WITH_MESSAGES
        self._thread.start()

    def stop(self) -> None:
        """Stop breaking, after everything was broken once, and mend it."""
        self._stopping.set()
        self._thread.join()
        for thread in self._aside:
            thread.join()
        mischief = self._proxy.mischief
        mischief.lost_replies = mischief.dropped = mischief.repeated = mischief.swapped = 0.0
        self.counts.update(mischief.counts)
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        faults = self._faults()
        try:
            for number in itertools.count():
                for name in self._dice.sample(sorted(faults), len(faults)):
                    if number and self._stopping.is_set():
                        return
                    time.sleep(self._plan.pause * self._dice.uniform(0.5, 1.5))
                    self.counts[name] += 1
                    faults[name]()
        except BaseException as error:  # noqa: BLE001 - told to who waits for this thread
            self.failure = error

    def _faults(self) -> dict[str, Callable[[], None]]:
        return {
            "kills": self._kill,
            "zombies": self._freeze,
            "gateway_kills": lambda: self._stack.restart_gateway(hard=True),
            "gateway_restarts": lambda: self._stack.restart_gateway(hard=False),
            "postgres_kills": lambda: self._stack.power.cycle(hard=True),
            "postgres_restarts": lambda: self._stack.power.cycle(hard=False),
            "realtime_absences": self._take_realtime,
        }

    def _kill(self) -> None:
        awake = [worker for worker in self._stack.workers if worker.pid not in self._frozen]
        self._stack.kill_worker(self._dice.choice(awake))
        self._stack.start_worker()

    def _freeze(self) -> None:
        """Stop a worker until its leases are over and others have its jobs, then let it go on."""
        worker = self._dice.choice([each for each in self._stack.workers if each.pid not in self._frozen])
        worker.send_signal(signal.SIGSTOP)
        self._frozen.add(worker.pid)

        def thaw() -> None:
            time.sleep(self._stack.lease_seconds + 3)
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
            self._frozen.discard(worker.pid)

        self._beside(thaw)

    def _take_realtime(self) -> None:
        if self._proxy.mischief.realtime_away:
            return
        self._proxy.take_realtime(away=True)

        def bring_back() -> None:
            self._stopping.wait(self._plan.realtime_away)
            self._proxy.take_realtime(away=False)

        self._beside(bring_back)

    def _beside(self, action: Callable[[], None]) -> None:
        thread = threading.Thread(target=action)
        self._aside.append(thread)
        thread.start()

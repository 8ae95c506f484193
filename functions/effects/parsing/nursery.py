"""The warm process that reading children are forked from: `python -m functions.effects.parsing.nursery FD`.

It has loaded everything that readers need and holds nothing worth taking: no keys, no connections, no network. Through
the socket FD come orders, each with two file descriptors: a connection for this child and the pipe for its frames. On
the connection stands the request, one line of JSON; the exit status is written to it when the child has ended. Closing
the connection kills the child; closing the socket ends the nursery with all its children, and its folder, TMPDIR.
"""

import contextlib
import gc
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any, NoReturn

MAX_REQUEST_BYTES = 64 * 1024
NICENESS = 10  # somebody who asks goes before somebody who uploads


@dataclass
class Nursery:
    """The children that live, by process id, and what is waited for."""

    orders: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    children: dict[int, socket.socket] = field(default_factory=dict)

    def run(self) -> None:
        """Serve until the socket is closed."""
        deaths = _deaths()
        self.selector.register(self.orders, selectors.EVENT_READ, "order")
        self.selector.register(deaths, selectors.EVENT_READ, "death")
        while True:
            for key, _ in self.selector.select():
                if key.data == "order":
                    if not self._take_order():
                        return
                elif key.data == "death":
                    deaths.recv(4096)
                    self._reap()
                elif key.data in self.children:  # closed by the one who asked
                    self._kill(key.data)

    def end(self) -> None:
        """Kill the children that are left."""
        for child in list(self.children):
            self._kill(child)
            os.waitpid(child, 0)

    def _take_order(self) -> bool:
        word, descriptors, _, _ = socket.recv_fds(self.orders, 1, 2)
        if not word or len(descriptors) != 2:
            return False
        connection, pipe = socket.socket(fileno=descriptors[0]), descriptors[1]
        with contextlib.suppress(OSError, ValueError):
            self._fork(connection, json.loads(_line(connection)), pipe)
        os.close(pipe)
        return True

    def _fork(self, connection: socket.socket, request: dict[str, Any], pipe: int) -> None:
        child = os.fork()
        if child == 0:
            self._become_child(connection, request, pipe)
        self.children[child] = connection
        self.selector.register(connection, selectors.EVENT_READ, child)

    def _become_child(self, connection: socket.socket, request: dict[str, Any], pipe: int) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            for other in (connection, self.orders, *self.children.values()):
                other.close()
            from functions.effects.parsing import child, limits

            limits.die_with_parent()
            child.run(request, pipe)
            status = 0
        except BaseException:  # noqa: BLE001  # whatever it was, this process must never go on as a nursery
            traceback.print_exc()
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while self.children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            connection = self.children.pop(child)
            self._unwatch(connection)
            with contextlib.suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            connection.close()

    def _kill(self, child: int) -> None:
        """Ends it; `_reap` buries it. Its connection is not looked at again."""
        self._unwatch(self.children[child])
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # it may not lead its group yet

    def _unwatch(self, connection: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):  # not watched any more
            self.selector.unregister(connection)


def _deaths() -> socket.socket:
    """Readable when a child has ended."""
    told, telling = socket.socketpair()
    telling.setblocking(False)
    told.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written
    signal.set_wakeup_fd(telling.detach(), warn_on_full_buffer=False)
    return told


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_REQUEST_BYTES:
        piece = connection.recv(MAX_REQUEST_BYTES)
        if not piece:
            break
        line += piece
    return line


def main(descriptor: int) -> None:
    """Load, leave the network, serve."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a listener that drains still needs us; we end when it has closed
    os.nice(NICENESS)
    folder = os.environ["TMPDIR"]
    nursery = Nursery(socket.socket(fileno=descriptor))
    try:
        from functions.effects.parsing import child, limits

        limits.leave_network()
        child.warm_up(folder)
        gc.collect()
        gc.freeze()  # so that children share these pages
        nursery.orders.sendall(b"r")
        nursery.run()
    finally:
        nursery.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""What reading one file may use, and what a process that reads one gives up for good.

| | Linux | macOS |
|---|---|---|
| CPU time, size of written files, core dumps | `setrlimit` | `setrlimit` |
| memory | `setrlimit` on data and address space | a thread that ends the process |
| network | a network namespace of its own, where the kernel lets this user have one | not refused |
| files | Landlock: reads the system's, Python's and the one file, writes nothing | writes no byte |
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
import time

from functions.effects.parsing import landlock

DATA_BYTES = 850 * 1024**2  # what can become resident memory beside the mapped libraries
ADDRESS_BYTES = 4 * 1024**3
CPU_SECONDS = 120
WALL_SECONDS = 180.0
FILE_BYTES = 0  # a reader writes no files: it cannot fill the disk, nor leave anything anywhere
OUTPUT_BYTES = 96 * 1024**2
OPEN_FILES = 64

OUT_OF_MEMORY = 77  # exit status of a process that ended itself
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_WATCH_SECONDS = 0.05


def limit_resources() -> None:
    """Apply the limits to this process."""
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_DATA, DATA_BYTES)
        _limit(resource.RLIMIT_AS, ADDRESS_BYTES)
    else:  # accepted elsewhere, but without effect
        threading.Thread(target=_watch_memory, daemon=True).start()


def die_with_parent() -> None:
    """Have the kernel kill this process when the one it was forked from ends; on macOS its CPU limit has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_network() -> bool:
    """Move this process to a network namespace with nothing in it. False where that is not allowed."""
    if sys.platform != "linux":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    return any(system.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def leave_files(readable: list[str]) -> bool:
    """Let this process read what lies under these folders and files alone. False where the kernel cannot."""
    return landlock.restrict([*readable, *_SYSTEM, sys.prefix, sys.base_prefix, _own_folder()])


_SYSTEM = ["/usr", "/lib", "/lib64", "/etc", "/opt", "/dev/null", "/dev/urandom", "/proc/self", "/sys/fs/cgroup"]


def _own_folder() -> str:
    """The folder that holds our packages."""
    return os.path.abspath(os.path.join(__file__, *[os.pardir] * 4))  # noqa: PTH100, PTH118


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some values
        resource.setrlimit(what, (value, value))


def _watch_memory() -> None:
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < DATA_BYTES:  # bytes on macOS
        time.sleep(_WATCH_SECONDS)
    os._exit(OUT_OF_MEMORY)

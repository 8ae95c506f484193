"""Landlock: a Linux process (since 5.13) that gives up most of the file system, without privileges.

System calls and structures: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import platform
import struct
import sys

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_EXECUTE = 1 << 0
# Rights that each version of the interface knows: 13 at first, then "refer", "truncate" and "ioctl on devices".
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_NEWEST_RIGHTS = (1 << 16) - 1
_TCP = 3  # to bind and to connect
_SCOPES = 3  # abstract sockets of others, signals to others


def restrict(readable: list[str]) -> bool:
    """From now on this process may read under these paths and nothing else, write nowhere and connect to nobody.

    False where the kernel cannot do that.
    """
    if sys.platform != "linux" or platform.machine() == "alpha":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    version: int = system.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return False
    attributes = _ruled(version)
    rules = system.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for path in readable:
            _allow(system, rules, path)
        restricted = system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and system.syscall(_RESTRICT, rules, 0) == 0
        return bool(restricted)
    finally:
        os.close(rules)


def _ruled(version: int) -> bytes:
    """What the rules are about: all rights on files; TCP since version 4; abstract sockets and signals since 6."""
    files = _RIGHTS.get(version, _NEWEST_RIGHTS)
    return struct.pack("QQQ", files, _TCP, _SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]


def _allow(system: ctypes.CDLL, rules: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # nothing there to be read
    try:
        rights = _READ_FILE | _EXECUTE | (_READ_DIR if os.path.isdir(path) else 0)  # noqa: PTH112
        system.syscall(_ADD, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)

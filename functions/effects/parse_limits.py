"""Limits on what reading one file may use."""

import resource
import sys

MEMORY_BYTES = 2 * 1024**3  # address space, which is more than what is resident
CPU_SECONDS = 120
FILE_BYTES = 0  # the child writes no files
WALL_SECONDS = 180.0
OUTPUT_BYTES = 64 * 1024**2


def limit_resources() -> None:
    """Apply the limits to this process, for good."""
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # macOS does not enforce it
        _limit(resource.RLIMIT_AS, MEMORY_BYTES)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, value))

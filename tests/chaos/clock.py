"""A worker whose wall clock is wrong.

Python's `time.time` and what is built on it are moved; the clock of the C library is not. Nothing in the way from a
claim to its completion may look at either: the database's clock is the only one that counts.
"""

import time


def shift(seconds: float) -> None:
    """Move the wall clock of this process. To be called before anything else is imported."""
    seconds_now, nanoseconds_now = time.time, time.time_ns
    time.time = lambda: seconds_now() + seconds
    time.time_ns = lambda: nanoseconds_now() + int(seconds * 1e9)

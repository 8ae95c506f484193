"""How patient the supervisor is with a part that fails."""

FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 30.0
# A part that ran this long has recovered; its next failure counts as the first.
RECOVERED_AFTER_SECONDS = 60.0
# Failures before the first success after which the whole start is given up.
START_ATTEMPTS = 3
CHECK_INTERVAL_SECONDS = 5.0
# Longer than the worst pause of a busy machine: a needless restart does more harm than a late one.
UNHEALTHY_AFTER_SECONDS = 30.0


def delay_seconds(failures: int) -> float:
    """How long to wait before the next start, after `failures` failures in a row (at least one)."""
    # The exponent is bounded too, so that a part that fails for days makes no giant number.
    doubled: float = FIRST_DELAY_SECONDS * 2 ** min(failures - 1, 20)
    return min(doubled, LONGEST_DELAY_SECONDS)


def failures_after(failures: int, ran_seconds: float) -> int:
    """The failures in a row, now that a part has failed `ran_seconds` after its start."""
    return 1 if ran_seconds >= RECOVERED_AFTER_SECONDS else failures + 1

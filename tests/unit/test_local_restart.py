"""How patient the supervisor is."""

from itertools import pairwise

from infra.local import restart


def test_the_pause_grows_with_each_failure_up_to_a_limit() -> None:
    pauses = [restart.delay_seconds(failures) for failures in range(1, 12)]
    assert pauses[:4] == [0.25, 0.5, 1.0, 2.0]
    assert all(later >= earlier for earlier, later in pairwise(pauses))
    assert restart.delay_seconds(1_000_000) == restart.LONGEST_DELAY_SECONDS


def test_a_part_that_ran_long_starts_counting_anew() -> None:
    assert restart.failures_after(7, ran_seconds=0.1) == 8
    assert restart.failures_after(7, ran_seconds=restart.RECOVERED_AFTER_SECONDS) == 1

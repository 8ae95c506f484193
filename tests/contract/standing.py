"""What the table of coverage says of a behaviour beside its name: that it is refused here, or differs from hosted."""

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def refused(test: Test) -> Test:
    """Mark a test of something that is not offered and says so."""
    return test


def differs(how: str) -> Callable[[Test], Test]:
    """Mark a test of something that is not quite as on hosted Supabase; ``how`` is one sentence for the table."""
    return lambda test: test

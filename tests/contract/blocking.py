"""The library's synchronous client in the dress of the asynchronous one, so that one test covers both.

A call is made at once; what it returned or raised comes out when it is awaited, as with the asynchronous client.
"""

from collections.abc import Callable, Generator
from typing import Any

LIBRARIES = ("supabase", "supabase_auth", "storage3", "postgrest")


class Blocking:
    """Stands for an object of the library, or for the outcome of one of its calls."""

    def __init__(self, outcome: Callable[[], Any]) -> None:
        self._outcome = outcome

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._outcome(), name)
        if callable(found) or type(found).__module__.startswith(LIBRARIES):
            return Blocking(lambda: found)
        return found

    def __call__(self, *arguments: Any, **options: Any) -> "Blocking":
        try:
            returned = self._outcome()(*arguments, **options)
        except Exception as error:  # noqa: BLE001 - it comes out when awaited
            raised = error
            return Blocking(lambda: _raise(raised))
        return Blocking(lambda: returned)

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return self._outcome()


def _raise(error: Exception) -> Any:
    raise error

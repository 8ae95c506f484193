"""What the command line refuses by itself; each text says what happened and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from schema.errors import ConfigurationError, RivuletError


class CommandError(RivuletError):
    """A command cannot be carried out."""


@contextmanager
def for_operators(command: str) -> Iterator[None]:
    """Around the reading of an operator's settings: whoever lacks one is told what everybody can do instead."""
    try:
        yield
    except ConfigurationError as error:
        raise CommandError(
            f"`{command}` is for operators, whose settings it needs. {error} Without them search in the web "
            "application, on the page Documents, or ask: rivulet ask QUESTION"
        ) from error

"""What the command line refuses by itself; each text says what happened and what to do."""

from schema.errors import RivuletError


class CommandError(RivuletError):
    """A command cannot be carried out."""

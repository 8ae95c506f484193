"""What can go wrong with the local stack; each message says what happened and what to do."""


class StackError(Exception):
    """The local stack cannot do what was asked."""

"""The filters of row-change bindings: ``column=[not.]operator.value``, joined by commas. Pure.

Grammar and error texts as in supabase/realtime's filter parser.
"""

from dataclasses import dataclass

from infra.local.gateway.realtime import jsontext

OPERATORS = frozenset(
    {"eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "ilike", "match", "imatch", "is", "isdistinct"}
)
IS_VALUES = frozenset({"null", "true", "false", "unknown"})
MAX_IN_VALUES = 100


class BindingError(ValueError):
    """A binding cannot be served; ``str()`` is the message for the client."""


@dataclass(frozen=True)
class Condition:
    """One comparison; ``values`` has one entry unless the operator is ``in``."""

    column: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        """Return the notation of Realtime's messages."""
        value = "{" + ",".join(self.values) + "}" if self.operator == "in" else self.values[0]
        texts = ", ".join(quoted(text) for text in (self.column, self.operator, value))
        return "{" + f"{texts}, {str(self.negated).lower()}" + "}"


def parse_filter(text: str) -> tuple[Condition, ...]:
    """Return the conditions, all of which must hold. Raises BindingError."""
    segments = _split(text)
    if not all(segment.strip() for segment in segments):
        raise BindingError("filter must not contain empty segments (check for extra commas)")
    return tuple(_condition(segment.strip()) for segment in segments)


def quoted(text: str) -> str:
    """Return ``text`` in double quotes, as Realtime's messages show texts."""
    return jsontext.dumps(text).decode()


def _condition(segment: str) -> Condition:
    column, equals, rest = segment.partition("=")
    negated = rest.startswith("not.")
    operator, dot, value = rest.removeprefix("not.").partition(".")
    if not (column and equals and dot and operator in OPERATORS):
        raise BindingError(f"Error parsing `filter` params: [{quoted(segment)}]")
    return Condition(column, operator, _values(operator, value), negated)


def _values(operator: str, value: str) -> tuple[str, ...]:
    if operator == "in":
        if not (value.startswith("(") and value.endswith(")")):
            raise BindingError("`in` filter value must be wrapped by parentheses")
        return tuple(_unquoted(part.strip()) for part in _split(value[1:-1], inside=True))
    if operator == "is" and value.lower() not in IS_VALUES:
        raise BindingError(f"Error parsing `filter` params: [{quoted(f'is.{value}')}]")
    return (value.lower() if operator == "is" else _unquoted(value),)


def _split(text: str, inside: bool = False) -> list[str]:
    """Cut at the commas that stand neither in quotes nor in parentheses.

    A quote opens after ``.``, ``(`` or ``,``, or at the start if ``inside`` parentheses.
    """
    parts, start, depth, in_quotes, escaped = [], 0, 0, False, False
    for at, character in enumerate(text):
        if in_quotes:
            in_quotes = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_quotes = text[at - 1] in ".(," if at else inside
        elif character in "()":
            depth = max(0, depth + (1 if character == "(" else -1))
        elif character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _unquoted(value: str) -> str:
    if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
        return value
    plain, escaped = [], False
    for character in value[1:-1]:
        if escaped or character != "\\":
            plain.append(character)
            escaped = False
        else:
            escaped = True
    return "".join(plain)

"""Reading names and values out of query parameters, character by character.

Grammar facts: https://docs.postgrest.org/en/v13/references/api/url_grammar.html, with its reserved characters.
"""

from infra.local.gateway.data_api.errors import ApiError, unparsable
from infra.local.gateway.data_api.query import Field, JsonStep

NESTING_MAX = 20  # levels of embedding or of and/or
NAME_EXTRA = frozenset("_ $")


class Scanner:
    """A position in a text, with the few moves that the grammar needs."""

    def __init__(self, what: str, text: str) -> None:
        self._what, self.text, self.place = what, text, 0

    def fail(self, expecting: str) -> ApiError:
        """Return the error for the current position; ``expecting`` says what should stand there."""
        found = f'"{self.text[self.place]}"' if self.place < len(self.text) else "end of input"
        return unparsable(self._what, self.text, self.place + 1, f"unexpected {found} expecting {expecting}")

    def done(self) -> bool:
        """Tell whether the text is used up."""
        return self.place >= len(self.text)

    def peek(self, token: str) -> bool:
        """Tell whether ``token`` comes next."""
        return self.text.startswith(token, self.place)

    def take(self, token: str) -> bool:
        """Step over ``token`` if it comes next."""
        found = self.peek(token)
        self.place += len(token) if found else 0
        return found

    def need(self, token: str) -> None:
        """Step over ``token``; raises ApiError if it does not come next."""
        if not self.take(token):
            raise self.fail(f'"{token}"')

    def end(self) -> None:
        """Raise ApiError if anything is left."""
        if not self.done():
            raise self.fail("end of input")

    def until(self, stops: str) -> str:
        """Return the characters before the next one of ``stops``, or all that is left."""
        start = self.place
        while self.place < len(self.text) and self.text[self.place] not in stops:
            self.place += 1
        return self.text[start : self.place]

    def quoted(self) -> str:
        """Return a double-quoted value; a backslash keeps the next character."""
        self.need('"')
        characters: list[str] = []
        while not self.take('"'):
            self.take("\\")
            if self.done():
                raise self.fail('closing "')
            characters.append(self.text[self.place])
            self.place += 1
        return "".join(characters)

    def name(self) -> str:
        """Return an identifier: quoted, or letters, digits, ``_``, ``$``, spaces and inner dashes."""
        if self.peek('"'):
            return self.quoted()
        start = self.place
        while self._in_name():
            self.place += 1
        found = self.text[start : self.place].strip(" ")
        if not found:
            raise self.fail("field name (* or [a..z0..9_$])")
        return found

    def _in_name(self) -> bool:
        if self.done():
            return False
        character = self.text[self.place]
        if character == "-":
            return not self.peek("->")
        return character.isalnum() or character in NAME_EXTRA

    def field(self) -> Field:
        """Return a column with its JSON path, if any."""
        name = self.name()
        return Field(name, self.steps())

    def steps(self) -> tuple[JsonStep, ...]:
        """Return the ``->`` and ``->>`` steps that come next."""
        found: list[JsonStep] = []
        while self.peek("->"):
            self.place += 2
            found.append(JsonStep(self.take(">"), self._key()))
        return tuple(found)

    def _key(self) -> str | int:
        if self.peek('"'):
            return self.quoted()
        start = self.place
        while not self.done() and self.text[self.place] not in ".,():" and not self.peek("->"):
            self.place += 1
        key = self.text[start : self.place]
        if not key:
            raise self.fail("json key or index")
        digits = key.removeprefix("-")
        return int(key) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else key

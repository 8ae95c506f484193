"""Lets a model's text through piece by piece, and keeps back what an answer must not hold.

What is streamed to people is what they keep, so nothing may have to be taken back later: markers that point at no
passage, images (a page would load them, and tell their server), and links that nobody gave the model are left out
before anybody sees them. What may still become one of these waits until it is certain. The result does not depend on
how the text was cut.
"""

import re
from collections.abc import Iterable

LINK_REMOVED = "(link removed)"
LONGEST_PENDING = 2_000  # what takes longer to become certain is taken as it is

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
# Markers come as [1], as [1, 2] or [^1], and from some models as 【1】 or 【1†source】.
_MARKER = re.compile(r"\[ ?(\^?\d{1,3}(?: ?[,;] ?\d{1,3})*) ?\]|【 ?(\d{1,3})[^】\n]{0,60}】")
_MARKER_BEGUN = re.compile(r"\[ ?(?:\^?\d[\d ,;]{0,60})?\^?|【[^】\n]{0,64}")
_NUMBER = re.compile(r"\d+")
_TARGET = re.compile(r"\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s[^)]*)?\)")
_TARGET_BEGUN = re.compile(r"\](?:\([^)\n]*\n?[^)\n]*)?")
_STARTERS = ("https://", "http://", "ftp://", "www.", "mailto:", "//")
_LINK = re.compile(r"(?:https?://|ftp://|www\.|mailto:|//)(?=\w)[^\s<>\"'`|\])}】»]*", re.IGNORECASE)


class Sieve:
    """One answer on its way.

    `markers` passages were given; `texts` are what the model was given, where links may be from.
    """

    def __init__(self, markers: int, texts: Iterable[str]) -> None:
        self.forged = 0  # markers left out
        self.links = 0  # links left out
        self._markers = markers
        self._given = "\n".join(texts)
        self._pending = ""
        self._last = ""  # the last character let through
        self._cut = False  # a marker was left out after it
        self._final = False

    def feed(self, text: str) -> str:
        """Take in a piece; what can be let through now."""
        self._pending += text
        passed: list[str] = []
        while self._pending:
            try:
                length, piece = self._next()
            except _Undecided:
                break
            self._pending = self._pending[length:]
            passed.append(self._apart(piece) + piece)
            if piece:
                self._last, self._cut = piece[-1], False
        return "".join(passed)

    def end(self) -> str:
        """The rest: nothing more will come."""
        self._final = True
        return self.feed("")

    def _apart(self, piece: str) -> str:
        """What keeps a piece from making a link, an image or a marker with what was let through before it."""
        makes_link = self._last == "]" and piece.startswith("(")
        makes_image = self._last == "!" and piece == "["
        makes_marker = self._cut and _of_markers(self._last) and _of_markers(piece[:1])
        return " " if makes_link or makes_image or makes_marker else ""

    def _next(self) -> tuple[int, str]:
        """How much of the pending text is certain, and what is let through for it. Raises `_Undecided`."""
        if space := _SPACE.match(self._pending):
            return self._space(space[0])
        match self._pending[0]:
            case "[" | "【":
                return self._marker(0, "") or (1, self._pending[0])
            case "]":
                return self._bracket_end()
            case "!":
                return self._exclamation()
        return self._link() or self._plain()

    def _space(self, space: str) -> tuple[int, str]:
        """White space belongs to what follows: it goes with a marker that is left out, and at both ends of the text."""
        if len(space) == len(self._pending):
            self._wait()
            return len(space), ""
        kept = space if self._last else ""
        if self._pending[len(space)] in "[【" and (marker := self._marker(len(space), kept)):
            return marker
        return len(space), kept

    def _marker(self, at: int, space: str) -> tuple[int, str] | None:
        """The marker there, after `space`; None: it is none."""
        found = _MARKER.match(self._pending, at)
        if found is None:
            if _MARKER_BEGUN.fullmatch(self._pending, at):
                self._wait()
            return None
        if found.end() == len(self._pending):
            self._wait()
        numbers = [int(number) for number in _NUMBER.findall(found[1] or found[2])]
        kept = [number for number in dict.fromkeys(numbers) if 1 <= number <= self._markers]
        self.forged += sum(not 1 <= number <= self._markers for number in numbers)
        if not kept:
            self._pending = space[: space.rfind("\n") + 1] + self._pending[found.end() :]
            self._cut = True
            return 0, ""
        return found.end(), space + "".join(f"[{number}]" for number in kept)

    def _bracket_end(self) -> tuple[int, str]:
        """The end of a link's text: its target goes, unless the model was given it."""
        if found := _TARGET.match(self._pending):
            if found[1] in self._given:
                return found.end(), found[0]
            self.links += 1
            return found.end(), "]"
        if _TARGET_BEGUN.fullmatch(self._pending):
            self._wait()
        return 1, "]"

    def _exclamation(self) -> tuple[int, str]:
        if len(self._pending) == 1:
            self._wait()
        is_image = self._pending[1:2] == "[" and not self._marker_follows()
        return 1, "" if is_image else "!"

    def _marker_follows(self) -> bool:
        if _MARKER_BEGUN.fullmatch(self._pending, 1):
            self._wait()
        return _MARKER.match(self._pending, 1) is not None

    def _link(self) -> tuple[int, str] | None:
        """The link that begins here; None: there is none."""
        rest = self._pending.lower()
        if self._last.isalnum() and not rest.startswith("/"):
            return None
        if any(starter.startswith(rest) or rest == starter for starter in _STARTERS):
            self._wait()
        found = _LINK.match(self._pending)
        if found is None:
            return None
        if found.end() == len(self._pending):
            self._wait()
        link = found[0].rstrip(".,;:!?")
        if link in self._given:
            return len(link), link
        self.links += 1
        return len(link), LINK_REMOVED

    def _plain(self) -> tuple[int, str]:
        word = _WORD.match(self._pending)
        text = word[0] if word else self._pending[0]
        return len(text), text

    def _wait(self) -> None:
        """Wait for more, if more may come and would matter."""
        if not self._final and len(self._pending) < LONGEST_PENDING:
            raise _Undecided


def _of_markers(character: str) -> bool:
    return character.isdecimal() or character in ("[", "]", "【", "】")


class _Undecided(Exception):
    """What is pending may still become something that is left out."""

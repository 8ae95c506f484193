"""Keeps secrets, and what people wrote, out of logs and fault reports."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MOST_CHARACTERS = 1000

# Fields by their names: those that hold secrets, and those that hold what people wrote.
_SECRET = re.compile(r"(?i)(^|_)(password|passwd|secret|token|api_?key|key|authorization|cookie|dsn|credentials?)$")
_CONTENT = frozenset(
    {"content", "text", "question", "answer", "query", "passage", "passages", "prompt", "quote", "title"}
) | frozenset({"turns", "messages", "body", "payload", "name", "file", "filename", "object_name"})
# Values by their looks: keys of Supabase, Together, OpenAI and webhooks, JWTs, bearer tokens, passwords in addresses.
_LOOKS = re.compile(
    r"sb_(?:secret|publishable)_[\w-]+|\b(?:sk|tgp)[-_][\w-]{16,}|whsec_[\w+/=]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=://)[^/\s@]*:[^/\s@]*(?=@)|(?i:(?<=bearer )[\w.~+/=-]+)"
)


class Redaction:
    """Redacts; `secrets` are values to be found whatever they look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted((re.escape(secret) for secret in secrets if len(secret) >= 8), key=len, reverse=True)
        self._known = re.compile("|".join(known)) if known else None

    def text(self, text: str) -> str:
        """The text without secrets, cut where it gets long."""
        if self._known is not None:
            text = self._known.sub("[secret]", text)
        text = _LOOKS.sub("[secret]", text)
        return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields, each redacted by its name and its value."""
        return {name: self._field(str(name), value) for name, value in fields.items()}

    def texts(self, value: Any) -> Any:
        """Anything, with all texts in it redacted by their looks alone: stack traces, say."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {name: self.texts(each) for name, each in value.items()}
            case list() | tuple() | set():
                return [self.texts(each) for each in value]
        return value

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, bool | int | float) or value is None:
            return value
        if name == "exception":
            return self.texts(value)
        if _SECRET.search(name):
            return "[secret]"
        if name.lower() in _CONTENT:
            return "[withheld]"
        return self.fields(value) if isinstance(value, Mapping) else self._each(value)

    def _each(self, value: Any) -> Any:
        if isinstance(value, list | tuple | set):
            return [self.fields(each) if isinstance(each, Mapping) else self._each(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

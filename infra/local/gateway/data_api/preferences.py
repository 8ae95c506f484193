"""What the client asks of the answer: ``Prefer``, ``Accept`` and ``Range``."""

import re
from dataclasses import dataclass
from typing import Literal

from infra.local.gateway.data_api.errors import ApiError, unsupported

Shape = Literal["array", "object", "csv"]
CHOICES = {
    "return": ("representation", "minimal", "headers-only"),
    "count": ("exact", "planned", "estimated"),
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "missing": ("default", "null"),
    "handling": ("strict", "lenient"),
}
RANGE = re.compile(r"(\d{1,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Preferences:
    """The valid preferences by name; ``max_affected`` counts only under strict handling."""

    chosen: dict[str, str]
    max_affected: int | None

    def get(self, name: str) -> str | None:
        """Return the preference's value, None if it was not stated."""
        return self.chosen.get(name)

    def applied(self, *names: str) -> str:
        """Return the value of ``Preference-Applied`` for those of ``names`` that were stated."""
        return ", ".join(f"{name}={self.chosen[name]}" for name in names if name in self.chosen)


@dataclass(frozen=True, slots=True)
class Accept:
    """The form of the answer's body."""

    shape: Shape
    strip_nulls: bool = False

    @property
    def content_type(self) -> str:
        """Return the answer's media type."""
        if self.shape == "csv":
            return "text/csv; charset=utf-8"
        stripped = ";nulls=stripped" if self.strip_nulls else ""
        if self.shape == "object":
            return f"application/vnd.pgrst.object+json{stripped}; charset=utf-8"
        return (
            f"application/vnd.pgrst.array+json{stripped}; charset=utf-8"
            if stripped
            else "application/json; charset=utf-8"
        )


def parse_prefer(header: str) -> Preferences:
    """Return what ``Prefer`` states; unknown preferences are ignored unless it asks for strict handling (PGRST122)."""
    chosen: dict[str, str] = {}
    invalid: list[str] = []
    for item in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = item.partition("=")
        if value in CHOICES.get(name, ()) or (name == "max-affected" and value.isascii() and value.isdigit()):
            chosen.setdefault(name, value)
        elif name == "timezone":
            raise unsupported("Prefer: timezone")
        else:
            invalid.append(item)
    strict = chosen.get("handling") == "strict"
    if strict and invalid:
        raise ApiError(
            400,
            "PGRST122",
            "Invalid preferences given with handling=strict",
            f"Invalid preferences: {', '.join(invalid)}",
        )
    limit = chosen.get("max-affected") if strict else None
    return Preferences(chosen, None if limit is None else int(limit[:18]))


def parse_accept(header: str) -> Accept:
    """Return the first form that the client accepts and the Data API has; raises ApiError (PGRST107)."""
    offers = [part.strip() for part in header.split(",")] if header.strip() else ["*/*"]
    for offer in offers:
        media, *parameters = (part.strip().lower() for part in offer.split(";"))
        strip = "nulls=stripped" in parameters
        if media in ("application/json", "application/vnd.pgrst.array+json", "*/*", "application/*"):
            return Accept("array", strip and "vnd" in media)
        if media in ("application/vnd.pgrst.object+json", "application/vnd.pgrst.object"):
            return Accept("object", strip)
        if media == "text/csv":
            return Accept("csv")
    raise ApiError(406, "PGRST107", f"None of these media types are available: {', '.join(offers)}")


def parse_range(header: str | None) -> tuple[int, int | None]:
    """Return offset and limit of a ``Range: first-last`` header (both inclusive); raises ApiError (PGRST103)."""
    match = RANGE.fullmatch((header or "").strip().removeprefix("items="))
    if match is None:
        return 0, None
    first, last = int(match[1]), match[2]
    if not last:
        return first, None
    if int(last) < first:
        raise ApiError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
        )
    return first, int(last) - first + 1

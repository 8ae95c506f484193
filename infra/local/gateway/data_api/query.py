"""What a Data API request asks for, as a tree of plain values; made by the parser, read by the planner."""

from dataclasses import dataclass, field
from typing import Literal, Union


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One step into a JSON value: ``->key`` or ``->>key``; an integer key counts array elements."""

    as_text: bool
    key: str | int


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a place inside it."""

    name: str
    steps: tuple[JsonStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A selected column; the name ``*`` stands for all."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """``field operator value``. ``values`` is set for ``in``; ``quantifier`` for ``eq(any)`` and the like."""

    field: Field
    operator: str
    value: str
    negated: bool = False
    quantifier: Literal["any", "all"] | None = None
    language: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Logic:
    """Conditions joined by ``and`` or ``or``."""

    operator: Literal["and", "or"]
    conditions: tuple[Union[Filter, "Logic"], ...]
    negated: bool = False


Condition = Filter | Logic


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key; ``relation`` names an embedded resource whose field it is."""

    field: Field
    descending: bool | None = None
    nulls_first: bool | None = None
    relation: str | None = None


@dataclass(slots=True)
class Node:
    """One level of a request: the resource asked for, or one embedded in it."""

    columns: list[Column] = field(default_factory=list)
    embeds: list["Embed"] = field(default_factory=list)
    where: list[Condition] = field(default_factory=list)
    order: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


@dataclass(slots=True)
class Embed:
    """A related resource inside another: ``alias:target!hint!inner(…)``, spread with ``...``."""

    target: str
    node: Node
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False

    @property
    def name(self) -> str:
        """Return the key under which it appears."""
        return self.alias or self.target


@dataclass(slots=True)
class Query:
    """The whole query string."""

    root: Node
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: list[tuple[str, str]] = field(default_factory=list)

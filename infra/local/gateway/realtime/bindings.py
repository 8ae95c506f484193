"""The row-change bindings of a join: what they ask for, how they are echoed and described. Pure."""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.gateway.realtime.filters import BindingError, Condition, parse_filter, quoted

EVENTS = frozenset({"INSERT", "UPDATE", "DELETE"})
ANY = "*"


@dataclass(frozen=True)
class Binding:
    """A wish for row changes; ``event`` is ``*`` or an operation, ``schema`` and ``table`` may hold ``*``."""

    binding_id: int
    event: str
    schema: str
    table: str
    conditions: tuple[Condition, ...] = ()
    #: The columns wanted; None: all.
    select: tuple[str, ...] | None = None

    def matches(self, schema: str, table: str) -> bool:
        """Tell whether the binding means this table."""
        return _matches(self.schema, schema) and _matches(self.table, table)

    def __str__(self) -> str:
        """Return the notation of Realtime's messages."""
        select = "nil" if self.select is None else "[" + ", ".join(map(quoted, self.select)) + "]"
        conditions = ", ".join(map(str, self.conditions))
        return (
            f"[event: {self.event}, schema: {self.schema}, table: {self.table}, "
            f"filters: [{conditions}], select: {select}]"
        )


def binding_id(raw: Mapping[str, Any]) -> int:
    """Return a positive number below 2³¹, the same for equal bindings."""
    canonical = json.dumps(raw, sort_keys=True, separators=(",", ":")).encode()
    return (zlib.crc32(canonical) & 0x7FFFFFFF) or 1


def echo(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the binding as the reply to the join repeats it."""
    return {**raw, "id": binding_id(raw)}


def parse_binding(raw: Mapping[str, Any]) -> Binding:
    """Return the binding that a client's object means. Raises BindingError."""
    event = str(raw.get("event", ANY)).upper()
    schema, table, text = raw.get("schema"), raw.get("table"), raw.get("filter")
    if not (_is_name(schema) and _is_name(table)) or not (schema or table) or (text and not table):
        raise BindingError(_nothing_asked(raw))
    if text is not None and not isinstance(text, str):
        raise BindingError(f"Error parsing `filter` params: {json.dumps(text)}")
    binding = Binding(
        binding_id(raw),
        event if event in EVENTS else ANY,
        schema or "public",
        table or ANY,
        parse_filter(text) if text else (),
        _select(raw.get("select")),
    )
    if binding.select is not None and (ANY in binding.schema or ANY in binding.table):
        raise BindingError(
            "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name."
        )
    return binding


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _nothing_asked(raw: Mapping[str, Any]) -> str:
    params = ", ".join(f"{quoted(key)} => {json.dumps(value)}" for key, value in raw.items())
    return (
        "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
        "%{" + params + "}"
    )


def _select(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(column, str) for column in value):
        raise BindingError(
            'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]'
        )
    return tuple(value)


def _matches(pattern: str, name: str) -> bool:
    if ANY not in pattern:
        return pattern == name
    return re.fullmatch(".*".join(map(re.escape, pattern.split(ANY))), name, re.DOTALL) is not None

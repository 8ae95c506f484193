"""SQL text and its values, piece by piece. Values become parameters, names are quoted, nothing else is inserted."""

import re
from functools import lru_cache

from psycopg import sql

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.query import Column, Condition, Field, Filter, Logic, Order
from infra.local.gateway.data_api.schema import Table

COMPARISONS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "LIKE",
    "ilike": "ILIKE",
    "match": "~",
    "imatch": "~*",
    "isdistinct": "IS DISTINCT FROM",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
}
SEARCHES = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
IS = {"null": "IS NULL", "not_null": "IS NOT NULL", "true": "IS TRUE", "false": "IS FALSE", "unknown": "IS UNKNOWN"}
TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z_][A-Za-z0-9_]*)*(\[\])?")


@lru_cache(maxsize=4096)
def quote(*names: str) -> str:
    """Return a quoted, dotted identifier."""
    return sql.Identifier(*names).as_string(None)


class Values:
    """The parameters of one statement, in the order of their places."""

    def __init__(self) -> None:
        self.all: list[bytes | None] = []

    def place(self, value: str | bytes) -> str:
        """Add ``value`` and return its place, such as ``$3``."""
        self.all.append(value.encode() if isinstance(value, str) else value)
        return f"${len(self.all)}"


class Source:
    """What a level of the request reads from: how to refer to it, and its table if it is one."""

    def __init__(self, reference: str, table: Table | None) -> None:
        self.reference, self.table = reference, table

    def column_base(self, name: str) -> str | None:
        """Return the base type of a column, None if unknown."""
        column = self.table.columns.get(name) if self.table else None
        return column.base if column else None


def field_sql(source: Source, field: Field, values: Values) -> str:
    """Return a column, or the place inside it, as an expression."""
    text = f"{source.reference}.{quote(field.name)}"
    if not field.steps:
        return text
    if source.column_base(field.name) not in ("json", "jsonb", None):
        text = f"to_jsonb({text})"
    for step in field.steps:
        kind = "int" if isinstance(step.key, int) else "text"
        text += f"{'->>' if step.as_text else '->'}{values.place(str(step.key))}::{kind}"
    return f"({text})"


def column_sql(source: Source, column: Column, values: Values) -> str:
    """Return one selected column with its name in the answer."""
    if column.field.name == "*" and not column.field.steps:
        return f"{source.reference}.*"
    text = field_sql(source, column.field, values)
    if column.cast is not None:
        text = f"CAST({text} AS {type_sql(column.cast)})"
    name = column_name(column)
    plain = not column.field.steps and column.cast is None and column.alias is None
    return text if plain else f"{text} AS {quote(name)}"


def column_name(column: Column) -> str:
    """Return the name of a selected column in the answer: its alias, the last key of its path, or its own."""
    field = column.field
    return column.alias or next((step.key for step in reversed(field.steps) if isinstance(step.key, str)), field.name)


def type_sql(name: str) -> str:
    """Return a type's name if it has only the characters that one needs; raises ApiError."""
    if not TYPE_NAME.fullmatch(name):
        raise ApiError(400, "PGRST100", f'"failed to parse select parameter ({name})"', "not the name of a type")
    return name


def condition_sql(source: Source, condition: Condition, values: Values) -> str:
    """Return a filter or a tree of them as an expression."""
    if isinstance(condition, Filter):
        text = _filter_sql(source, condition, values)
    else:
        text = _logic_sql(source, condition, values)
    return f"NOT ({text})" if condition.negated else text


def order_sql(source: Source, order: Order, values: Values) -> str:
    """Return one sort key of the source itself."""
    return field_sql(source, order.field, values) + direction_sql(order)


def direction_sql(order: Order) -> str:
    """Return the direction of a sort key."""
    direction = {None: "", True: " DESC", False: " ASC"}[order.descending]
    return direction + {None: "", True: " NULLS FIRST", False: " NULLS LAST"}[order.nulls_first]


def _logic_sql(source: Source, logic: Logic, values: Values) -> str:
    joint = f" {logic.operator.upper()} "
    return f"({joint.join(condition_sql(source, condition, values) for condition in logic.conditions)})"


def _filter_sql(source: Source, condition: Filter, values: Values) -> str:
    field = field_sql(source, condition.field, values)
    if condition.operator == "is":
        return f"{field} {IS[condition.value]}"
    if condition.operator == "in":
        return f"{field} = ANY ({values.place(array_literal(condition.values))})"
    if condition.operator in SEARCHES:
        return _search_sql(source, field, condition, values)
    value = condition.value
    if condition.operator in ("like", "ilike"):
        value = value.replace("*", "%")
    operand = values.place(value)
    if condition.quantifier is not None:
        operand = f"{condition.quantifier.upper()} ({operand})"
    return f"{field} {COMPARISONS[condition.operator]} {operand}"


def _search_sql(source: Source, field: str, condition: Filter, values: Values) -> str:
    """Return a full text search; a column that is no tsvector is turned into one, as PostgREST does."""
    language = "" if condition.language is None else f"{values.place(condition.language)}::regconfig, "
    if condition.field.steps or source.column_base(condition.field.name) not in ("tsvector", None):
        field = f"to_tsvector({language}{field})"
    return f"{field} @@ {SEARCHES[condition.operator]}({language}{values.place(condition.value)})"


def array_literal(items: tuple[str, ...]) -> str:
    """Return strings as the text form of a PostgreSQL array."""
    escaped = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in escaped) + "}"

"""The query string as a whole: which parameter belongs to which level of the request."""

from typing import Literal
from urllib.parse import parse_qsl

from infra.local.gateway.data_api.errors import ApiError, unparsable
from infra.local.gateway.data_api.parse_filter import has_operator, parse_filter, parse_logic, parse_order
from infra.local.gateway.data_api.parse_select import parse_select
from infra.local.gateway.data_api.query import Field, Node, Query
from infra.local.gateway.data_api.scanner import Scanner

PARAMETERS_MAX = 1000
COUNT_MAX = 2**63 - 1


def parse_query(query_string: bytes, for_function: bool = False) -> Query:
    """Return the tree that a query string asks for; raises ApiError.

    ``for_function``: the call is a GET of a function, whose arguments are the parameters that state no condition.
    """
    pairs = _pairs(query_string)
    query = Query(parse_select(_last(pairs, "select") or "*"))
    for name, value in pairs:
        if name == "columns":
            query.columns = _names("columns parameter", value)
        elif name == "on_conflict":
            query.on_conflict = _names("on_conflict parameter", value)
        elif for_function and _is_argument(name, value):
            query.arguments.append((name, value))
        elif name not in ("select", "apikey"):
            _place(query.root, name, value)
    return query


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except ValueError as error:
        raise ApiError(400, "PGRST100", "The query string cannot be read", str(error)) from None


def _last(pairs: list[tuple[str, str]], wanted: str) -> str | None:
    return next((value for name, value in reversed(pairs) if name == wanted), None)


def _names(what: str, text: str) -> tuple[str, ...]:
    scanner = Scanner(what, text)
    found = [scanner.name()]
    while scanner.take(","):
        found.append(scanner.name())
    scanner.end()
    return tuple(found)


def _is_argument(name: str, value: str) -> bool:
    reserved = ("select", "order", "limit", "offset", "and", "or", "not.and", "not.or", "apikey")
    return (
        name not in reserved
        and not name.endswith((".order", ".limit", ".offset", ".and", ".or"))
        and not has_operator(value)
    )


def _place(root: Node, name: str, value: str) -> None:
    """Put one parameter where its dotted name leads."""
    path, field = _path(name)
    word = field.name if not field.steps else ""
    if word in ("and", "or"):
        negated = bool(path) and path[-1] == "not"
        node = _descend(root, path[:-1] if negated else path)
        node.where.append(parse_logic(_logic(word), negated, value))
    elif word == "order":
        _descend(root, path).order.extend(parse_order(value))
    elif word == "limit":
        _descend(root, path).limit = _count("limit", value)
    elif word == "offset":
        _descend(root, path).offset = _count("offset", value)
    else:
        _descend(root, path).where.append(parse_filter(field, value))


def _path(name: str) -> tuple[list[str], Field]:
    scanner = Scanner("tree path", name)
    path: list[str] = []
    while True:
        field = scanner.field()
        if not scanner.take("."):
            scanner.end()
            return path, field
        if field.steps:
            raise scanner.fail("end of input")
        path.append(field.name)


def _descend(node: Node, path: list[str]) -> Node:
    for name in path:
        found = next((embed.node for embed in node.embeds if name in (embed.alias, embed.target)), None)
        if found is None:
            raise ApiError(
                400,
                "PGRST108",
                f"'{name}' is not an embedded resource in this request",
                None,
                f"Verify that '{name}' is included in the 'select' query parameter.",
            )
        node = found
    return node


def _logic(word: str) -> Literal["and", "or"]:
    return "and" if word == "and" else "or"


def _count(name: str, value: str) -> int:
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()) or int(digits[:20]) > COUNT_MAX:
        raise unparsable(f"{name} parameter", value, 1, "expecting a whole number")
    return int(digits)

"""Conditions (``col=op.value``, ``and=(…)``, ``or=(…)``) and sort keys (``order=``)."""

from typing import Literal, cast

from infra.local.gateway.data_api.query import Condition, Field, Filter, Logic, Order
from infra.local.gateway.data_api.scanner import NESTING_MAX, Scanner

PLAIN_OPERATORS = frozenset(
    {
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "like",
        "ilike",
        "match",
        "imatch",
        "isdistinct",
        "cs",
        "cd",
        "ov",
        "sl",
        "sr",
        "nxr",
        "nxl",
        "adj",
    }
)
SEARCH_OPERATORS = frozenset({"fts", "plfts", "phfts", "wfts"})
QUANTIFIED = frozenset({"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"})
OPERATORS = PLAIN_OPERATORS | SEARCH_OPERATORS | {"in", "is"}
IS_VALUES = frozenset({"null", "not_null", "true", "false", "unknown"})
LOGIC: tuple[Literal["and", "or"], ...] = ("and", "or")
EXPECTING = '"not" or operator (eq, gt, ...)'


def parse_filter(field: Field, text: str) -> Filter:
    """Return the condition that ``field=text`` states; raises ApiError."""
    scanner = Scanner("filter", text)
    condition = _operation(scanner, field, nested=False)
    scanner.end()
    return condition


def parse_logic(operator: Literal["and", "or"], negated: bool, text: str) -> Logic:
    """Return the tree of ``and=text`` or ``or=text``, with parentheses around; raises ApiError."""
    scanner = Scanner("logic tree", text)
    logic = Logic(operator, _conditions(scanner, 0), negated)
    scanner.end()
    return logic


def parse_order(text: str) -> list[Order]:
    """Return the sort keys of ``order=text``; raises ApiError."""
    scanner = Scanner("order", text)
    keys = [_order_key(scanner)]
    while scanner.take(","):
        keys.append(_order_key(scanner))
    scanner.end()
    return keys


def has_operator(text: str) -> bool:
    """Tell whether a parameter's value reads as a condition; other parameters of a function call are arguments."""
    word, dot, _ = text.partition(".")
    return bool(dot) and (word == "not" or word in OPERATORS or word.split("(", 1)[0] in SEARCH_OPERATORS | QUANTIFIED)


def _conditions(scanner: Scanner, depth: int) -> tuple[Condition, ...]:
    if depth > NESTING_MAX:
        raise scanner.fail(f"at most {NESTING_MAX} levels")
    scanner.need("(")
    found = [_condition(scanner, depth)]
    while scanner.take(","):
        found.append(_condition(scanner, depth))
    scanner.need(")")
    return tuple(found)


def _condition(scanner: Scanner, depth: int) -> Condition:
    while scanner.take(" "):
        pass
    for prefix, negated in (("not.", True), ("", False)):
        for operator in LOGIC:
            if scanner.peek(f"{prefix}{operator}("):
                scanner.need(prefix + operator)
                return Logic(operator, _conditions(scanner, depth + 1), negated)
    field = scanner.field()
    scanner.need(".")
    return _operation(scanner, field, nested=True)


def _operation(scanner: Scanner, field: Field, nested: bool) -> Filter:
    negated = scanner.take("not.")
    operator = _operator_word(scanner)
    if operator == "in":
        scanner.need(".")
        return Filter(field, operator, "", negated, values=_list(scanner))
    quantifier, language = _modifier(scanner, operator)
    scanner.need(".")
    value = _nested_value(scanner) if nested else _rest(scanner)
    if operator == "is":
        value = _is_value(scanner, value)
    return Filter(field, operator, value, negated, quantifier, language)


def _operator_word(scanner: Scanner) -> str:
    start = scanner.place
    word = scanner.until(".()")
    if word not in OPERATORS:
        scanner.place = start
        raise scanner.fail(EXPECTING)
    return word


def _modifier(scanner: Scanner, operator: str) -> tuple[Literal["any", "all"] | None, str | None]:
    """Return the quantifier or the text search language in parentheses after an operator."""
    if operator in SEARCH_OPERATORS and scanner.take("("):
        language = scanner.name()
        scanner.need(")")
        return None, language
    if operator in QUANTIFIED and scanner.take("("):
        word = scanner.name()
        if word not in ("any", "all"):
            raise scanner.fail('"any" or "all"')
        scanner.need(")")
        return cast(Literal["any", "all"], word), None
    return None, None


def _is_value(scanner: Scanner, value: str) -> str:
    lowered = value.lower()
    if lowered not in IS_VALUES:
        scanner.place -= len(value)
        raise scanner.fail("null, not_null, true, false or unknown")
    return lowered


def _list(scanner: Scanner) -> tuple[str, ...]:
    scanner.need("(")
    if scanner.take(")"):
        return ()
    found = [_list_value(scanner)]
    while scanner.take(","):
        found.append(_list_value(scanner))
    scanner.need(")")
    return tuple(found)


def _list_value(scanner: Scanner) -> str:
    start = scanner.place
    if scanner.peek('"'):
        value = scanner.quoted()
        if scanner.peek(",") or scanner.peek(")"):
            return value
        scanner.place = start
    return scanner.until(",)")


def _nested_value(scanner: Scanner) -> str:
    """Return a value inside a logic tree: quoted, an array in braces, or up to the next comma or parenthesis."""
    start = scanner.place
    if scanner.peek('"'):
        value = scanner.quoted()
        if scanner.peek(",") or scanner.peek(")"):
            return value
        scanner.place = start
    if scanner.peek("{"):
        return _braced(scanner)
    return scanner.until(",)")


def _braced(scanner: Scanner) -> str:
    start, depth = scanner.place, 0
    while not scanner.done():
        character = scanner.text[scanner.place]
        depth += {"{": 1, "}": -1}.get(character, 0)
        scanner.place += 1
        if depth == 0:
            return scanner.text[start : scanner.place]
    raise scanner.fail('"}"')


def _rest(scanner: Scanner) -> str:
    value = scanner.text[scanner.place :]
    scanner.place = len(scanner.text)
    return value


def _order_key(scanner: Scanner) -> Order:
    while scanner.take(" "):
        pass
    name, relation = scanner.name(), None
    if scanner.take("("):
        relation, field = name, scanner.field()
        scanner.need(")")
    else:
        field = Field(name, scanner.steps())
    descending = _either(scanner, ".asc", ".desc")
    nulls_last = _either(scanner, ".nullsfirst", ".nullslast")
    if not scanner.done() and not scanner.peek(","):
        raise scanner.fail('"asc", "desc", "nullsfirst" or "nullslast"')
    return Order(field, descending, None if nulls_last is None else not nulls_last, relation)


def _either(scanner: Scanner, no: str, yes: str) -> bool | None:
    if scanner.take(yes):
        return True
    return False if scanner.take(no) else None

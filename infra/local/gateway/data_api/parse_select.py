"""``select=``: columns, casts, aliases and embedded resources."""

from functools import lru_cache

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.query import Column, Embed, Field, Node
from infra.local.gateway.data_api.scanner import NESTING_MAX, Scanner

AGGREGATES = ("avg", "count", "max", "min", "sum")
CAST_STOPS = ",)("
PARSED_MAX, PARSED_LENGTH = 512, 2000  # texts that are remembered, and characters of one


def parse_select(text: str) -> Node:
    """Return the root node with its columns and, recursively, embedded resources; raises ApiError."""
    return _fresh(_parse(text) if len(text) <= PARSED_LENGTH else _parse.__wrapped__(text))


@lru_cache(maxsize=PARSED_MAX)
def _parse(text: str) -> Node:
    """Parse; applications send the same few texts again and again."""
    scanner = Scanner("select parameter", text)
    node = _items(scanner, 0)
    scanner.end()
    return node


def _fresh(node: Node) -> Node:
    """Return a copy of a parsed level, whose conditions and limits are another request's to set."""
    embeds = [
        Embed(embed.target, _fresh(embed.node), embed.alias, embed.hint, embed.inner, embed.spread)
        for embed in node.embeds
    ]
    return Node(list(node.columns), embeds)


def _items(scanner: Scanner, depth: int) -> Node:
    if depth > NESTING_MAX:
        raise scanner.fail(f"at most {NESTING_MAX} levels")
    node = Node()
    if scanner.done() or scanner.peek(")"):
        return node
    while True:
        _item(scanner, node, depth)
        if not scanner.take(","):
            return node


def _item(scanner: Scanner, node: Node, depth: int) -> None:
    _skip_spaces(scanner)
    if scanner.take("*"):
        node.columns.append(Column(Field("*")))
        return
    if scanner.take("..."):
        node.embeds.append(_embed(scanner, scanner.name(), None, True, depth))
        return
    alias, name = _aliased(scanner)
    if scanner.peek("!") or scanner.peek("("):
        if name == "count" and scanner.peek("()"):
            raise _no_aggregates()
        node.embeds.append(_embed(scanner, name, alias, False, depth))
    else:
        node.columns.append(_column(scanner, name, alias))


def _aliased(scanner: Scanner) -> tuple[str | None, str]:
    first = scanner.name()
    if scanner.peek(":") and not scanner.peek("::"):
        scanner.need(":")
        return first, scanner.name()
    return None, first


def _embed(scanner: Scanner, target: str, alias: str | None, spread: bool, depth: int) -> Embed:
    hint, inner = None, False
    while scanner.take("!"):
        modifier = scanner.name()
        if modifier == "inner":
            inner = True
        elif modifier != "left":
            hint = modifier
    scanner.need("(")
    node = _items(scanner, depth + 1)
    scanner.need(")")
    return Embed(target, node, alias, hint, inner, spread)


def _column(scanner: Scanner, name: str, alias: str | None) -> Column:
    field = Field(name, scanner.steps())
    cast = None
    if scanner.take("::"):
        cast = scanner.until(CAST_STOPS).strip()
        if not cast:
            raise scanner.fail("type of the cast")
    if any(scanner.peek(f".{aggregate}()") for aggregate in AGGREGATES):
        raise _no_aggregates()
    return Column(field, alias, cast)


def _no_aggregates() -> ApiError:
    return ApiError(400, "PGRST123", "Use of aggregate functions is not allowed")


def _skip_spaces(scanner: Scanner) -> None:
    while scanner.take(" "):
        pass

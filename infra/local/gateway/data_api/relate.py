"""Which foreign keys lead from one resource to another, and which of them a request means.

Rules: https://docs.postgrest.org/en/v13/references/api/resource_embedding.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from infra.local.gateway.data_api.errors import ApiError, NotInCacheError
from infra.local.gateway.data_api.query import Embed
from infra.local.gateway.data_api.schema import Link, Schema

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table in the middle of a many-to-many relation; pairs of (its column, column at the other side)."""

    table: str
    to_parent: Pairs
    to_child: Pairs


@dataclass(frozen=True, slots=True)
class Relation:
    """A way from a parent table to a child table; ``columns`` pairs (parent's column, child's column).

    A computed one has the name of the ``function`` that returns the child's rows for a row of the parent.
    """

    table: str
    to_one: bool
    columns: Pairs
    junction: Junction | None
    names: frozenset[str]  # what a hint may call it
    cardinality: str
    constraint: str
    function: str | None = None
    to_view: bool = False


def relate(schema: Schema, parent: str, embed: Embed) -> Relation:
    """Return the one relation that ``embed`` means, seen from the table ``parent``; raises ApiError."""
    computed = _computed(schema, parent, embed.target)
    if computed is not None and embed.hint is None:
        return computed
    found = [relation for relation in relations_of(schema, parent) if _means(relation, parent, embed)]
    if not found:
        raise _none(schema, parent, embed)
    if len(found) > 1:
        raise _several(parent, embed.target, found)
    return found[0]


def relations_of(schema: Schema, parent: str) -> Iterator[Relation]:
    """Yield every relation that leaves ``parent``."""
    links = schema.links_of.get(parent, [])
    for link in links:
        if link.source == parent:
            yield _to_target(link)
        if link.target == parent:
            yield _to_source(link)
            if link.source != parent:
                yield from _across(schema, link)


def _computed(schema: Schema, parent: str, name: str) -> Relation | None:
    """Return the relation that a function of that name makes, None if there is none."""
    for function in schema.functions.get(name, ()):
        if len(function.arguments) == 1 and function.arguments[0].row_of == parent and function.returns_table:
            cardinality = "many-to-one" if function.is_one else "one-to-many"
            return Relation(
                function.returns_table, function.is_one, (), None, frozenset(), cardinality, name, function=name
            )
    return None


def _to_target(link: Link) -> Relation:
    cardinality = "one-to-one" if link.unique else "many-to-one"
    constraint = _constraint(link, forward=True)
    return Relation(link.target, True, link.columns, None, _names(link), cardinality, constraint, to_view=link.to_view)


def _to_source(link: Link) -> Relation:
    columns = tuple((far, near) for near, far in link.columns)
    cardinality = "one-to-one" if link.unique else "one-to-many"
    return Relation(
        link.source, link.unique, columns, None, _names(link), cardinality, _constraint(link, forward=False)
    )


def _across(schema: Schema, entry: Link) -> Iterator[Relation]:
    """Yield the many-to-many relations through the table that refers to the parent by ``entry``."""
    junction = schema.tables[entry.source]
    if junction.is_view:
        return  # the table that it shows leads there too
    for leaving in schema.links_of[junction.name]:
        if leaving.source != junction.name or leaving.target == entry.target or leaving.name == entry.name:
            continue
        if set(entry.near) | set(leaving.near) <= set(junction.primary_key):
            yield Relation(
                leaving.target,
                False,
                (),
                Junction(junction.name, entry.columns, leaving.columns),
                frozenset({junction.name}),
                "many-to-many",
                f"{junction.name} using {entry.name}({', '.join(entry.near)})"
                f" and {leaving.name}({', '.join(leaving.near)})",
            )


def _names(link: Link) -> frozenset[str]:
    single = {link.near[0], link.far[0]} if len(link.columns) == 1 else set()
    return frozenset({link.name} | single)


def _constraint(link: Link, forward: bool) -> str:
    sides = [f"{link.source}({', '.join(link.near)})", f"{link.target}({', '.join(link.far)})"]
    first, second = sides if forward else reversed(sides)
    return f"{link.name} using {first} and {second}"


def _means(relation: Relation, parent: str, embed: Embed) -> bool:
    """Tell whether target and hint name this relation."""
    if relation.table == parent:
        return _means_self(relation, embed)
    if embed.hint is not None:
        return embed.target == relation.table and embed.hint in relation.names
    if embed.target == relation.table:
        return True
    if relation.junction is not None or relation.to_view:
        return False  # a constraint and a column name the way to the table
    constraint = relation.constraint.split(" ", 1)[0]
    return embed.target == constraint or (relation.cardinality != "one-to-many" and _single(relation) == embed.target)


def _means_self(relation: Relation, embed: Embed) -> bool:
    """Tell it for a table that refers to itself: the table's name is the way down, the column's name the way up."""
    if relation.to_one:
        return embed.hint is None and _single(relation) == embed.target
    return embed.target == relation.table and (embed.hint is None or embed.hint in relation.names)


def _single(relation: Relation) -> str | None:
    """Return the parent's column of a single-column foreign key that leaves it."""
    return relation.columns[0][0] if relation.to_one and len(relation.columns) == 1 else None


def _none(schema: Schema, parent: str, embed: Embed) -> NotInCacheError:
    near = get_close_matches(embed.target, [relation.table for relation in relations_of(schema, parent)], 1)
    hint = f"Perhaps you meant '{near[0]}' instead of '{embed.target}'." if near and near[0] != embed.target else None
    by_hint = f" using the hint '{embed.hint}'" if embed.hint else ""
    return NotInCacheError(
        400,
        "PGRST200",
        f"Could not find a relationship between '{parent}' and '{embed.target}' in the schema cache",
        f"Searched for a foreign key relationship between '{parent}' and '{embed.target}'{by_hint} in the schema "
        f"'{schema.name}', but no matches were found.",
        hint,
    )


def _several(parent: str, target: str, found: list[Relation]) -> ApiError:
    details = [
        {
            "cardinality": relation.cardinality,
            "embedding": f"{parent} with {relation.table}",
            "relationship": relation.constraint,
        }
        for relation in found
    ]
    choices = ", ".join(f"'{relation.table}!{relation.constraint.split(' ', 1)[0]}'" for relation in found)
    return ApiError(
        300,
        "PGRST201",
        f"Could not embed because more than one relationship was found for '{parent}' and '{target}'",
        details,
        f"Try changing '{target}' to one of the following: {choices}. "
        "Find the desired relationship in the 'details' key.",
    )

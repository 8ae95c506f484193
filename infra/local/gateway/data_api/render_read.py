"""The SELECT of one level of a request, with the levels embedded in it as lateral joins that yield JSON."""
# ruff: noqa: S608 - only quoted names and places of parameters are put into the text

from dataclasses import dataclass, field

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.query import Condition, Embed, Field, Filter, Node, Order
from infra.local.gateway.data_api.relate import Relation, relate
from infra.local.gateway.data_api.render import (
    Source,
    Values,
    column_name,
    column_sql,
    condition_sql,
    direction_sql,
    field_sql,
    order_sql,
    quote,
)
from infra.local.gateway.data_api.schema import Schema

ROW = "_pgrst_row"  # alias of the row that becomes JSON; no column is likely to have its name


@dataclass(slots=True)
class Parts:
    """The clauses of a SELECT while they are gathered."""

    columns: list[str] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)


class ReadRenderer:
    """Renders the levels of one request into one statement; ``values`` gathers its parameters."""

    def __init__(self, schema: Schema, max_rows: int) -> None:
        self.values = Values()
        self.schema, self._max_rows, self._aliases = schema, max_rows, 0

    def select(self, node: Node, source: Source, origin: str, limited: bool = True) -> str:
        """Return the SELECT of a level from ``origin`` (a FROM item that ``source`` refers to)."""
        parts = self._parts(node, source)
        text = f"SELECT {', '.join(parts.columns)} FROM {_from_where(origin, parts)}"
        if parts.order:
            text += f" ORDER BY {', '.join(parts.order)}"
        return text + self._range(node) if limited else text

    def count(self, node: Node, source: Source, origin: str) -> str:
        """Return a SELECT with one row for each row that the level has without its limit."""
        parts = self._parts(node, source, shown=False)
        return f"SELECT 1 FROM {_from_where(origin, parts)}"

    def table_source(self, name: str) -> Source:
        """Return the source for a table's own name."""
        return Source(quote(self.schema.name, name), self.schema.tables[name])

    def conditions(self, conditions: list[Condition], source: Source) -> str:
        """Return conditions as a WHERE clause, empty if there are none."""
        texts = [condition_sql(source, condition, self.values) for condition in conditions]
        return f" WHERE {' AND '.join(texts)}" if texts else ""

    def _parts(self, node: Node, source: Source, shown: bool = True) -> Parts:
        """Return the clauses of a level; what is not ``shown`` must not leave parameters that nothing refers to."""
        parts = Parts([column_sql(source, column, self.values) for column in node.columns] if shown else [])
        joined: dict[str, tuple[str, Embed]] = {}
        for embed in node.embeds:
            alias = self._embed(embed, source, parts)
            joined[embed.name] = (alias, embed)
        for condition in node.where:
            parts.where.append(self._condition(condition, source, joined))
        parts.order = [self._order(order, source, node) for order in node.order] if shown else []
        return parts

    def _range(self, node: Node) -> str:
        limit = self._max_rows if node.limit is None else min(node.limit, self._max_rows)
        text = f" LIMIT {self.values.place(str(limit))}::bigint"
        return text + f" OFFSET {self.values.place(str(node.offset))}::bigint" if node.offset else text

    def _embed(self, embed: Embed, parent: Source, parts: Parts) -> str:
        """Add the join and the columns of an embedded resource; return the join's alias."""
        if parent.table is None:
            raise _unrelated(embed)
        relation = relate(self.schema, parent.table.name, embed)
        alias = quote(self._alias(embed.name))
        inner = self._embedded_select(embed, parent, relation)
        if embed.spread:
            body = inner if relation.to_one else self._gathered(embed, relation.table, inner)
            self._spread(embed, alias, parts)
        else:
            body = f"SELECT {'row_to_json' if relation.to_one else 'json_agg'}({ROW}) AS body FROM ({inner}) {ROW}"
            self._name(embed, alias, relation, parts)
        kind, condition = ("INNER", "TRUE") if embed.inner else ("LEFT", "TRUE")
        if embed.inner and not relation.to_one and not embed.spread:
            condition = f"{alias}.body IS NOT NULL"
        parts.joins.append(f"{kind} JOIN LATERAL ({body}) {alias} ON {condition}")
        return alias

    def _embedded_select(self, embed: Embed, parent: Source, relation: Relation) -> str:
        table = self.schema.tables[relation.table]
        reference = quote(self._alias(relation.table))
        rows = quote(self.schema.name, relation.function or table.name)
        rows += f"({parent.reference}.*)" if relation.function else ""
        origin = f"{rows} AS {reference}"
        source = Source(reference, table)
        matches = [f"{parent.reference}.{quote(near)} = {reference}.{quote(far)}" for near, far in relation.columns]
        if relation.junction is not None:
            origin, matches = self._through(relation, parent, origin, reference)
        parts = self._parts(embed.node, source)
        parts.where[:0] = matches
        text = f"SELECT {', '.join(parts.columns)} FROM {_from_where(origin, parts)}"
        if parts.order:
            text += f" ORDER BY {', '.join(parts.order)}"
        return text if relation.to_one else text + self._range(embed.node)

    def _gathered(self, embed: Embed, table: str, inner: str) -> str:
        """Return the SELECT that makes each column of many rows an array, for them to be spread."""
        columns = ", ".join(
            f"coalesce(json_agg({ROW}.{quote(name)}), '[]') AS {quote(name)}"
            for name in self._column_names(embed.node, table)
        )
        wanted = " HAVING count(*) > 0" if embed.inner else ""
        return f"SELECT {columns} FROM ({inner}) {ROW}{wanted}"

    def _column_names(self, node: Node, table: str) -> list[str]:
        """Return the names of a level's columns in its SELECT."""
        names: list[str] = []
        for column in node.columns:
            every = column.field.name == "*" and not column.field.steps
            names += self.schema.tables[table].columns if every else [column_name(column)]
        for embed in node.embeds:
            if embed.spread:
                names += self._column_names(embed.node, relate(self.schema, table, embed).table)
            elif embed.node.columns or embed.node.embeds:
                names.append(embed.name)
        return names

    def _through(self, relation: Relation, parent: Source, origin: str, reference: str) -> tuple[str, list[str]]:
        junction = relation.junction
        assert junction is not None  # noqa: S101 - the caller looked
        alias = quote(self._alias(junction.table))
        matches = [f"{alias}.{quote(own)} = {parent.reference}.{quote(far)}" for own, far in junction.to_parent]
        matches += [f"{alias}.{quote(own)} = {reference}.{quote(far)}" for own, far in junction.to_child]
        return f"{quote(self.schema.name, junction.table)} AS {alias} CROSS JOIN {origin}", matches

    def _name(self, embed: Embed, alias: str, relation: Relation, parts: Parts) -> None:
        if not (embed.node.columns or embed.node.embeds):
            return
        body = f"{alias}.body" if relation.to_one else f"coalesce({alias}.body, '[]')"
        parts.columns.append(f"{body} AS {quote(embed.name)}")

    def _spread(self, embed: Embed, alias: str, parts: Parts) -> None:
        if embed.node.columns or embed.node.embeds:
            parts.columns.append(f"{alias}.*")

    def _condition(self, condition: Condition, source: Source, joined: dict[str, tuple[str, Embed]]) -> str:
        if (
            isinstance(condition, Filter)
            and condition.field.name in joined
            and not condition.field.steps
            and source.column_base(condition.field.name) is None
        ):
            return _null_embed(condition, *joined[condition.field.name])
        return condition_sql(source, condition, self.values)

    def _order(self, order: Order, source: Source, node: Node) -> str:
        if order.relation is None:
            return order_sql(source, order, self.values)
        embed = next((embed for embed in node.embeds if order.relation in (embed.alias, embed.target)), None)
        if embed is None or source.table is None:
            raise ApiError(
                400,
                "PGRST108",
                f"'{order.relation}' is not an embedded resource in this request",
                None,
                f"Verify that '{order.relation}' is included in the 'select' query parameter.",
            )
        return self._related_order(
            order.field, relate(self.schema, source.table.name, embed), source, embed
        ) + direction_sql(order)

    def _related_order(self, key: Field, relation: Relation, parent: Source, embed: Embed) -> str:
        """Return the sort key as a scalar subquery, which needs nothing of the join that shows the resource."""
        if not relation.to_one:
            raise _not_to_one("PGRST118", f"A related order on '{embed.target}' is not possible", parent, relation)
        table = self.schema.tables[relation.table]
        reference = quote(self._alias(relation.table))
        value = field_sql(Source(reference, table), key, self.values)
        if relation.function:
            call = f"{quote(self.schema.name, relation.function)}({parent.reference}.*)"
            return f"(SELECT {value} FROM {call} AS {reference} LIMIT 1)"
        matches = " AND ".join(
            f"{parent.reference}.{quote(near)} = {reference}.{quote(far)}" for near, far in relation.columns
        )
        return f"(SELECT {value} FROM {quote(self.schema.name, table.name)} AS {reference} WHERE {matches})"

    def _alias(self, name: str) -> str:
        """Return a name for a join that no other has; cut so that the number survives PostgreSQL's 63 bytes."""
        self._aliases += 1
        return f"{name[:15]}_{self._aliases}"


def _from_where(origin: str, parts: Parts) -> str:
    text = " ".join([origin, *parts.joins])
    return f"{text} WHERE {' AND '.join(parts.where)}" if parts.where else text


def _null_embed(condition: Filter, alias: str, embed: Embed) -> str:
    if condition.operator != "is" or condition.value not in ("null", "not_null") or embed.spread:
        raise ApiError(
            400,
            "PGRST120",
            f"Bad operator on the '{embed.name}' embedded resource",
            "Only is null or not is null filters are allowed on embedded resources",
        )
    wanted = "NULL" if condition.value == "null" else "NOT NULL"
    text = f"{alias}.body IS {wanted}"
    return f"NOT ({text})" if condition.negated else text


def _not_to_one(code: str, message: str, parent: Source, relation: Relation) -> ApiError:
    name = parent.table.name if parent.table else ""
    return ApiError(
        400, code, message, f"'{name}' and '{relation.table}' do not form a many-to-one or one-to-one relationship"
    )


def _unrelated(embed: Embed) -> ApiError:
    return ApiError(
        400,
        "PGRST200",
        f"Could not find a relationship to '{embed.target}' in the schema cache",
        "The function does not return rows of a table, so nothing can be embedded in them.",
    )

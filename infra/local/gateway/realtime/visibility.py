"""Which changed rows a subscriber may read: row level security decides, as the subscriber, on the present state.

Insertions and updates are checked, deletions are not (there is no row left to check), as in hosted Realtime.
"""

import logging
from collections.abc import Sequence

import psycopg
from psycopg import sql

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.catalog import Table
from infra.local.gateway.realtime.interest import Interest
from infra.local.gateway.realtime.matching import Matches
from infra.local.gateway.realtime.pgoutput import Operation
from infra.local.gateway.realtime.rows import Event
from infra.local.gateway.realtime.sessions import Connection

log = logging.getLogger(__name__)

#: Subscribers with equal role and claims see the same rows.
Group = tuple[str, str]
Visible = set[tuple[Event, Group]]

_ASK = "select visible, failure from realtime.visible_rows(%s, %s, %s::jsonb[], %s::jsonb[])"


def group_of(interest: Interest) -> Group:
    """Return the group of subscribers that an interest belongs to."""
    return interest.role, interest.claims


def is_checked(event: Event) -> bool:
    """Tell whether row level security has a say in who is told of the event."""
    return event.table.secured and event.operation is not Operation.DELETE


async def check(session: Connection, matches: Matches) -> Visible:
    """Return who may see which of the events that need checking. Raises psycopg.Error."""
    asked: dict[int, dict[Group, list[Event]]] = {}
    for event, interests in matches.items():
        if is_checked(event):
            for group in {group_of(interest) for interest in interests}:
                asked.setdefault(event.table.oid, {}).setdefault(group, []).append(event)
    visible: Visible = set()
    for groups in asked.values():
        visible |= await _check_table(session, groups)
    return visible


async def _check_table(session: Connection, groups: dict[Group, list[Event]]) -> Visible:
    """Ask for all groups at once; if that takes too long, for each alone, so that one cannot starve the others."""
    try:
        return await _ask(session, groups)
    except psycopg.errors.QueryCanceled as error:
        if len(groups) == 1:
            _warn(next(iter(groups.values()))[0].table, next(iter(groups)), str(error))
            return set()
    visible: Visible = set()
    for group, events in groups.items():
        visible |= await _check_table(session, {group: events})
    return visible


async def _ask(session: Connection, groups: dict[Group, list[Event]]) -> Visible:
    table = next(iter(groups.values()))[0].table
    # By role, as the database plans anew when the role changes.
    groups = dict(sorted(groups.items(), key=lambda item: item[0][0]))
    parameters = [
        _query(table).as_string(),
        [role for role, _ in groups],
        [claims for _, claims in groups],
        [_keys(events) for events in groups.values()],
    ]
    answers = await (await session.execute(_ASK, parameters)).fetchall()
    visible: Visible = set()
    for (group, events), (ordinals, failure) in zip(groups.items(), answers, strict=True):
        if failure is not None:
            _warn(table, group, failure)
        visible |= {(events[ordinal - 1], group) for ordinal in ordinals or ()}
    return visible


def _query(table: Table) -> sql.Composed:
    """Return the query of the rows that exist for the reader; ``$1`` holds their keys."""
    same = sql.SQL(" and ").join(
        sql.SQL("t.{} = (k.v ->> {})::{}").format(
            sql.Identifier(column.name), sql.Literal(position), sql.SQL(column.sql_type)
        )
        for position, column in enumerate(table.primary_key)
    )
    return sql.SQL(
        "select pg_catalog.array_agg(k.n::int) from pg_catalog.jsonb_array_elements($1) with ordinality as k(v, n)"
        # The offset keeps the lookup of one key at a time: its index serves it, policies see no other rows.
        " where exists (select from {} t where {} offset 0)"
    ).format(sql.Identifier(table.schema, table.name), same)


def _keys(events: Sequence[Event]) -> str:
    keys = [[event.new.get(column.name) for column in event.table.primary_key] for event in events]
    return jsontext.dumps(keys).decode()


def _warn(table: Table, group: Group, failure: str) -> None:
    log.warning("The policies of %s.%s failed for role %s: %s", table.schema, table.name, group[0], failure)

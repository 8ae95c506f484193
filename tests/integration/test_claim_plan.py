"""However many jobs are ready, a claim reads only those that it takes."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.benchmarks.backlog import QUEUE, fill
from tests.databases import Database

JOBS = 100_000
LIMIT = 10
# A claim looks at the jobs it takes, the running ones, and a few that others hold.
MOST_ROWS = 5 * LIMIT


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_dsn, autocommit=True) as made:
        yield made


def claim(connection: psycopg.Connection) -> int:
    [[count]] = connection.execute(
        "select jsonb_array_length(public.claim_jobs_v1(%s, 'w', %s, %s) -> 'jobs')", [QUEUE, LIMIT, uuid.uuid4()]
    ).fetchall()
    return int(count)


def plans_of_a_claim(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """The plans, with what they really read, of all statements inside one claim."""
    texts: list[str] = []
    connection.add_notice_handler(lambda notice: texts.append(notice.message_primary or ""))
    connection.execute(
        "load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;"
        "set auto_explain.log_analyze = on; set auto_explain.log_format = json; set client_min_messages = log"
    )
    assert claim(connection) == LIMIT
    connection.execute("set client_min_messages = warning")
    return [json.loads(text[text.index("{") :])["Plan"] for text in texts if "{" in text]


def nodes_on_jobs(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan.get("Relation Name") == "jobs":
        yield plan
    for child in plan.get("Plans", []):
        yield from nodes_on_jobs(child)


def rows_read(node: dict[str, Any]) -> float:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


def assert_frugal(connection: psycopg.Connection) -> None:
    nodes = [node for plan in plans_of_a_claim(connection) for node in nodes_on_jobs(plan)]
    reads = [node for node in nodes if node["Node Type"] != "ModifyTable"]
    assert "jobs_ready" in {node.get("Index Name") for node in reads}
    assert not [node for node in reads if node["Node Type"] == "Seq Scan"]
    assert max(rows_read(node) for node in reads) <= MOST_ROWS


def test_a_claim_reads_what_it_takes(connection: psycopg.Connection) -> None:
    fill(connection, JOBS)
    connection.execute("analyze rivulet.jobs, rivulet.lanes")

    assert_frugal(connection)


def test_so_does_one_that_was_planned_when_there_were_no_jobs(connection: psycopg.Connection) -> None:
    """Plans are kept for the life of a connection, and nobody analyses a table at the first onslaught."""
    connection.execute("analyze rivulet.jobs, rivulet.lanes")
    for _ in range(10):
        assert claim(connection) == 0

    fill(connection, JOBS)

    assert_frugal(connection)

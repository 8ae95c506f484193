"""Running a plan in one transaction as the caller."""

from dataclasses import dataclass

import orjson
from psycopg.pq.abc import PGresult

from infra.local.gateway.callers import Caller, enter
from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.plan import Plan
from infra.local.gateway.pools import Pool
from infra.local.gateway.wire import Statement

BEGIN, COMMIT, ROLLBACK = Statement("begin"), Statement("commit"), Statement("rollback")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan's statement answered; ``total`` is the count over all pages, if it was asked for."""

    total: int | None
    rows: int
    body: bytes
    headers: bytes | None
    status: bytes | None


async def execute(pool: Pool, caller: Caller, plan: Plan, timeout: str | None, max_affected: int | None) -> Outcome:
    """Run ``plan``; raises ApiError if its row counts are refused, and what the pool and the wire raise.

    ``timeout`` is the role's statement timeout as PostgreSQL writes it.
    """
    entry = enter(caller, timeout, plan.read_only)
    async with pool.wire() as wire:
        if plan.read_only:
            explain = () if plan.estimate is None else (plan.estimate,)
            results = await wire.run(entry, *explain, plan.statement)
            outcome = _outcome(results[-1], plan, results[1] if explain else None)
            check_rows(plan, outcome, None)
            return outcome
        if not plan.single and max_affected is None:
            results = await wire.run(BEGIN, entry, plan.statement, COMMIT)
            return _outcome(results[2], plan)
        results = await wire.run(BEGIN, entry, plan.statement)
        outcome = _outcome(results[2], plan)
        try:
            check_rows(plan, outcome, max_affected)
        except ApiError:
            await wire.run(ROLLBACK)
            raise
        await wire.run(COMMIT)
        return outcome


def check_rows(plan: Plan, outcome: Outcome, max_affected: int | None) -> None:
    """Raise ApiError if one row was wanted and there is another number of them, or too many were changed."""
    if max_affected is not None and outcome.rows > max_affected:
        raise ApiError(
            400,
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            f"The query affects {outcome.rows} rows",
        )
    if plan.single and outcome.rows != 1:
        raise ApiError(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            f"The result contains {outcome.rows} rows",
        )


def _outcome(result: PGresult, plan: Plan, explained: PGresult | None = None) -> Outcome:
    total, rows, body, headers, status = (result.get_value(0, place) for place in range(5))
    counted = None if total is None else int(total)
    if explained is not None and (counted is None or counted > plan.exact_up_to):
        planned = int(orjson.loads(explained.get_value(0, 0) or b"")[0]["Plan"]["Plan Rows"])
        counted = max(planned, counted or 0)
    return Outcome(counted, int(rows or 0), body or b"", headers, status)

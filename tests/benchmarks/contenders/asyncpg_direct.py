"""A statement without the gateway: `python -m tests.benchmarks.contenders.asyncpg_direct DSN SETTING N TIMES SQL`.

N connections first run SETTING each, then together the statement so many TIMES. Prints p50 and p95 in milliseconds and
statements per second as one JSON object. Runs where asyncpg is installed.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from statistics import median, quantiles

import asyncpg


async def main(dsn: str, setting: str, concurrency: int, number: int, statement: str) -> None:
    """Run the statement `number` times over `concurrency` connections."""
    each: list[float] = []
    connections = [await asyncpg.connect(dsn) for _ in range(concurrency)]
    for connection in connections:
        await connection.execute(setting)
        await connection.fetchval(statement)
    left = iter(range(number))
    started = time.perf_counter()
    await asyncio.gather(*(_work(connection, statement, left, each) for connection in connections))
    seconds = time.perf_counter() - started
    p95 = quantiles(each, n=20, method="inclusive")[-1]
    figures = {"p50_ms": 1000 * median(each), "p95_ms": 1000 * p95, "per_second": number / seconds}
    sys.stdout.write(json.dumps(figures) + "\n")
    for connection in connections:
        await connection.close()


async def _work(connection: asyncpg.Connection, statement: str, left: Iterator[int], each: list[float]) -> None:
    for _ in left:
        started = time.perf_counter()
        await connection.fetchval(statement)
        each.append(time.perf_counter() - started)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))

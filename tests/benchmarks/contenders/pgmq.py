"""pgmq: `python -m tests.benchmarks.contenders.pgmq {install|put|work} DSN BATCH`. No worker: read, delete."""

import asyncio
import sys

import psycopg
from pgmq.install import get_embedded_install_sql

from tests.benchmarks.contenders.signals import serve_puts, started, wait_for_go

POLL_SECONDS = 0.1
PUT = "select pgmq.send_batch('bench', array_fill('{}'::jsonb, array[%s]))"


async def work(connection: psycopg.AsyncConnection, batch: int) -> None:
    """Read and delete until killed."""
    while True:
        cursor = await connection.execute("select msg_id from pgmq.read('bench', 30, %s)", [batch])
        ids = [row[0] for row in await cursor.fetchall()]
        for _ in ids:
            started()
        if ids:
            await connection.execute("select pgmq.delete('bench', %s::bigint[])", [ids])
        else:
            await asyncio.sleep(POLL_SECONDS)


async def main(action: str, dsn: str, batch: int) -> None:
    """Make the queue, or put or work until killed."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        if action == "install":
            await connection.execute(get_embedded_install_sql().encode())
            await connection.execute("select pgmq.create('bench')")
        elif action == "put":
            await serve_puts(lambda count: connection.execute(PUT, [count]))
        else:
            wait_for_go()
            await work(connection, batch)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

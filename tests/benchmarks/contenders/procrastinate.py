"""Procrastinate: `python -m tests.benchmarks.contenders.procrastinate {install|put|work} DSN CONCURRENCY`."""

import asyncio
import sys

from procrastinate import App, PsycopgConnector

from tests.benchmarks.contenders.signals import serve_puts, started, wait_for_go


async def noop() -> None:
    """Do nothing."""
    started()


async def main(action: str, dsn: str, concurrency: int) -> None:
    """Make the queue, or put or work until killed."""
    app = App(connector=PsycopgConnector(conninfo=dsn, max_size=concurrency + 2))
    task = app.task(name="noop")(noop)
    async with app.open_async():
        if action == "install":
            await app.schema_manager.apply_schema_async()
        elif action == "put":
            await serve_puts(lambda count: task.batch_defer_async(*({} for _ in range(count))))
        else:
            wait_for_go()
            await app.run_worker_async(concurrency=concurrency, install_signal_handlers=False)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

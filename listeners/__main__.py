"""`python -m listeners QUEUE [QUEUE …] [--concurrency N] [--health-port PORT]`: the composition root of a listener."""

import argparse
import os
import sys

import uvloop

from functions import compose
from functions.effects.jobs_supabase import SupabaseBeats, SupabaseJobs
from functions.effects.supabase import Supabase
from functions.telemetry import start, tracing
from listeners.lifecycle import Listener
from schema.errors import ConfigurationError
from schema.jobs import Queue
from schema.settings import Settings


def main() -> None:
    """Read the command line and the environment, and serve."""
    arguments = _parse_arguments()
    try:
        settings = Settings.from_env(os.environ)
    except ConfigurationError as error:
        sys.exit(str(error))
    name = f"rivulet-{'-'.join(arguments.queues)}"
    start.configure(settings, name)
    tracing.configure(settings.traces_url, name)
    sys.exit(uvloop.run(_serve(settings, arguments)))


async def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    supabase = Supabase(settings)
    beats = SupabaseBeats(settings)
    handlers = compose.handlers(settings, supabase, arguments.queues)
    jobs = SupabaseJobs(supabase)
    try:
        return await Listener(settings, jobs, beats, handlers, arguments.concurrency, arguments.health_port).run()
    finally:
        beats.close()
        await supabase.close()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m listeners", description="Claims and does the jobs of one or more queues."
    )
    parser.add_argument("queues", nargs="+", type=_queue, metavar="QUEUE", help=", ".join(Queue))
    parser.add_argument("--concurrency", type=_positive, default=4, help="jobs of each queue at once (default: 4)")
    parser.add_argument(
        "--health-port", type=_positive, help="serve /healthz, /readyz and /metrics here (default: nowhere)"
    )
    return parser.parse_args()


def _queue(text: str) -> Queue:
    try:
        return Queue(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"there is no queue {text!r}; the queues are {', '.join(Queue)}") from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()

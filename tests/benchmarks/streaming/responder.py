"""A responder with short leases: `python -m tests.benchmarks.streaming.responder CONCURRENCY`."""

import asyncio
import os
import sys

import uvloop

from functions import compose
from functions.effects import jobs_supabase
from functions.effects.supabase import Supabase
from functions.telemetry.logs import configure_logs
from functions.work.lease import LeaseKeeper
from listeners.lifecycle import Listener
from schema.jobs import Queue
from schema.settings import Settings

LEASE_SECONDS = 3


async def serve(concurrency: int) -> None:
    """Listen until killed."""
    settings = Settings.from_env(os.environ)
    configure_logs(settings.log_level)
    jobs_supabase.LEASE_SECONDS = LEASE_SECONDS
    supabase = Supabase(settings)
    beats = jobs_supabase.SupabaseBeats(settings)
    handlers = compose.handlers(settings, supabase, [Queue.RESPOND])
    listener = Listener(settings, jobs_supabase.SupabaseJobs(supabase), beats, handlers, concurrency)
    listener._keeper = LeaseKeeper(beats, listener._running, asyncio.get_running_loop(), LEASE_SECONDS / 3)
    await listener.run()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

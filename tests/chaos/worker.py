"""A listener for chaos: `python -m tests.chaos.worker NOTES_FOLDER LEASE_SECONDS CLOCK_OFFSET CONCURRENCY`.

The listener's own composition, with a short lease and with handlers that need no model.
"""

import sys

from tests.chaos import clock

if __name__ == "__main__":
    clock.shift(float(sys.argv[3]))  # before anything that could keep the right time

import asyncio
import logging
import os
from pathlib import Path

import structlog

from functions.effects import jobs_supabase
from functions.effects.answers_supabase import SupabaseAnswers
from functions.effects.documents_supabase import SupabaseDocuments
from functions.effects.purges_supabase import SupabasePurges
from functions.effects.supabase import Supabase
from functions.work.lease import LeaseKeeper
from listeners.lifecycle import Listener
from schema.jobs import Queue
from schema.settings import Settings
from tests.chaos.work import Notes, Work

QUEUES = (Queue.PARSE, Queue.EMBED, Queue.RESPOND, Queue.PURGE)  # a document read anew leaves what was read before


async def serve(notes: Path, lease_seconds: int, concurrency: int) -> None:
    """Listen until killed."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = Settings.from_env(os.environ)
    jobs_supabase.LEASE_SECONDS = lease_seconds
    supabase = Supabase(settings)
    beats = jobs_supabase.SupabaseBeats(settings)
    stores = SupabaseDocuments(supabase), SupabasePurges(supabase), SupabaseAnswers(supabase)
    work = Work(*stores, Notes(notes), lease_seconds)
    listener = Listener(settings, jobs_supabase.SupabaseJobs(supabase), beats, dict.fromkeys(QUEUES, work), concurrency)
    listener._keeper = LeaseKeeper(beats, listener._running, asyncio.get_running_loop(), lease_seconds / 3)
    await listener.run()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])))

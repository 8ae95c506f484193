"""Does all that there is to do, in this process, with the real handlers on real services."""

from collections.abc import Mapping

from functions import compose
from functions.effects.jobs_supabase import SupabaseBeats, SupabaseJobs
from functions.effects.supabase import Supabase
from functions.work.drain import Drain, Workplace
from schema.jobs import Queue
from schema.settings import Settings

PIPELINE = (Queue.PARSE, Queue.EMBED, Queue.RESPOND, Queue.PURGE)


async def work(environment: Mapping[str, str]) -> None:
    """Claim and do jobs until there are none."""
    settings = Settings.from_env(environment)
    supabase, beats = Supabase(settings), SupabaseBeats(settings)
    try:
        place = Workplace(SupabaseJobs(supabase), beats, compose.handlers(settings, supabase, PIPELINE), 4)
        drained = await Drain(PIPELINE, place, 60.0).run()
        assert drained.empty, drained
    finally:
        beats.close()
        await supabase.close()

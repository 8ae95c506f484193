"""What was fetched from the web, over the Data API: `FetchStore`."""

from functions.effects.supabase import Supabase
from schema.errors import PermanentError, SupersededError
from schema.jobs import Claim
from schema.web import Fetched, Unchanged


class SupabaseFetches:
    """Implements `FetchStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def record_fetch(self, claim: Claim, fetched: Fetched | Unchanged) -> str | None:
        """Note what was fetched, or end the job."""
        seen = fetched if isinstance(fetched, Fetched) else None
        reply = await self._supabase.call_for(
            claim,
            "record_fetch_v1",
            hash=seen and seen.hash,
            bytes=seen and seen.bytes,
            etag=seen and seen.etag,
            last_modified=seen and seen.last_modified,
        )
        match reply["status"]:
            case "unchanged":
                raise SupersededError(f"the page of job {claim.id} is what is searched already")
            case "over_quota":
                raise PermanentError("over_quota", reply["message"])
        return seen.mime if seen else None

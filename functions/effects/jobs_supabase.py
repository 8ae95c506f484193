"""The queue over the Data API: `JobStore` and `Beats`."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import httpx

from functions.effects.supabase import Supabase, key_headers
from schema.errors import JobError, PermanentError, RateLimitedError, TransientError
from schema.jobs import Beat, Claim, ClaimBatch, Json, Queue, WorkerReport
from schema.settings import Settings

LEASE_SECONDS = 30


class SupabaseJobs:
    """Implements `JobStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def claim(self, queue: Queue, worker: str, limit: int, request: UUID) -> ClaimBatch:
        """Claim up to `limit` jobs; repeating a `request` gives the same jobs."""
        reply = await self._supabase.call(
            "claim_jobs_v1",
            queue=queue.value,
            worker=worker,
            limit=limit,
            claim_req=str(request),
            lease_seconds=LEASE_SECONDS,
        )
        return ClaimBatch.model_validate(reply)

    async def fail(self, claim: Claim, error: JobError) -> None:
        """Record a failure."""
        await self._fail(claim, _class_of(error), error.code, error.message, _retry_after(error))

    async def acknowledge_cancel(self, claim: Claim) -> None:
        """End a job that was asked to stop."""
        await self._fail(claim, "cancelled", "cancelled", "It was asked to stop.", 0.0)

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give jobs back."""
        await self._supabase.call("release_jobs_v1", jobs=_names(claims))

    async def sweep(self) -> None:
        """Take back what vanished workers held."""
        await self._supabase.call("sweep_jobs_v1")

    async def report(self, worker: WorkerReport) -> None:
        """Say who works."""
        await self._supabase.call("report_worker_v1", **worker.model_dump(mode="json"))

    async def status(self) -> Json:
        """One look at everything."""
        found: Json = await self._supabase.call("engine_status_v1")
        return found

    async def _fail(self, claim: Claim, kind: str, code: str, message: str, retry_after: float) -> None:
        await self._supabase.call(
            "fail_job_v1",
            job=claim.id,
            fence=claim.fence,
            **{"class": kind},
            code=code,
            message=message,
            retry_after_seconds=retry_after,
        )


class SupabaseBeats:
    """Implements `Beats` with a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._http = httpx.Client(timeout=LEASE_SECONDS / 6, headers=key_headers(settings))
        self._url = f"{settings.supabase_url}/rest/v1/rpc/heartbeat_jobs_v1"

    def beat(self, claims: Sequence[Claim]) -> Mapping[int, Beat]:
        """Renew the leases; what became of each job, by id."""
        try:
            reply = self._http.post(self._url, json={"p_jobs": _names(claims), "p_lease_seconds": LEASE_SECONDS})
            return {each["id"]: Beat(each["status"]) for each in reply.raise_for_status().json()}
        except httpx.HTTPError as error:
            raise TransientError("supabase_unreachable", "The database service cannot be reached.") from error
        except (ValueError, TypeError, KeyError) as error:  # something between us and it has answered
            raise TransientError("supabase_failed", "The database service answered something else.") from error

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _names(claims: Sequence[Claim]) -> list[Json]:
    return [{"id": claim.id, "fence": claim.fence} for claim in claims]


def _class_of(error: JobError) -> str:
    match error:
        case PermanentError():
            return "permanent"
        case RateLimitedError():
            return "rate_limited"
        case _:
            return "transient"


def _retry_after(error: JobError) -> float:
    return error.retry_after_seconds if isinstance(error, RateLimitedError) else 0.0

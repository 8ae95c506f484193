"""The token that listeners and functions enter the project with, if they have one: tried on what they do first."""

import time

import httpx

from functions.effects.supabase import key_headers
from infra.cli.doctor.finding import Finding, ok, poor, wrong
from schema.settings import Settings

SETTING = "SUPABASE_WORKER_TOKEN"
NEW_TOKEN = f"export {SETTING}=$(rivulet worker-token)"
SOON_DAYS = 30.0


async def judge_worker(settings: Settings, http: httpx.AsyncClient) -> Finding:
    """Whether the work can be done with the token. Raises `httpx.HTTPError`."""
    if settings.entry.setting != SETTING:
        return ok("worker token", f"None is set here. Listeners need no secret key: {NEW_TOKEN}")
    url = f"{settings.supabase_url}/rest/v1/rpc/queue_depth_v1"
    reply = await http.post(url, headers=key_headers(settings), json={"p_queue": ""})
    if not reply.is_success:
        text = f"{SETTING} is refused ({reply.status_code}): it is of another project, or its secret was changed."
        return wrong("worker token", text, NEW_TOKEN)
    days = ((settings.entry.ends_at or float("inf")) - time.time()) / 86400
    if days < SOON_DAYS:
        return poor("worker token", f"{SETTING} ends in {days:.0f} days: then all work stops.", NEW_TOKEN)
    return ok("worker token", "It is accepted.")

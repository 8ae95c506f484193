"""The whole examination: settings, then the database's own account, then the services."""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx

from functions.effects.supabase import key_headers
from infra.cli.doctor import project
from infra.cli.doctor.finding import Finding, ok, wrong
from infra.cli.doctor.services import DASHBOARD, SECONDS, Services
from infra.cli.doctor.worker import NEW_TOKEN, SETTING, judge_worker
from infra.local.state import CHECKOUT
from schema.errors import ConfigurationError
from schema.settings import Settings

FUNCTION = "inspect_project_v1"


async def examine(environment: Mapping[str, str]) -> Sequence[Finding]:
    """Everything that is found, in the order in which it should be mended."""
    try:
        settings, workers = Settings.for_operator(environment), Settings.from_env(environment)
    except ConfigurationError as error:
        name = str(error).partition(" ")[0]
        return [wrong("settings", str(error), NEW_TOKEN if name == SETTING else f"export {name}=…")]
    async with _client() as http:
        found = [ok("settings", "Complete."), *await _database(settings, http)]
        if found[-1].check == "database" and found[-1].level == "error":
            return found
        worker = await judge_worker(workers, http)
        return [*found, worker, *await Services(settings, http).findings()]


@asynccontextmanager
async def _client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        yield http


async def _database(settings: Settings, http: httpx.AsyncClient) -> Sequence[Finding]:
    try:
        reply = await http.post(
            f"{settings.supabase_url}/rest/v1/rpc/{FUNCTION}", headers=key_headers(settings), json={}
        )
    except httpx.HTTPError as error:
        text = f"{settings.supabase_url} does not answer ({type(error).__name__})."
        return [wrong("database", text, "rivulet up  # or check SUPABASE_URL, and whether the project is paused")]
    if not reply.is_success:
        return [_refusal(reply)]
    versions = sorted(
        match[0] for file in (CHECKOUT / "migrations").glob("*.sql") if (match := re.match(r"\d+", file.name))
    )
    told = list(project.judge(reply.json(), versions, time.time(), settings.embedding_model))
    return [ok("database", "It answers."), *told]


def _refusal(reply: httpx.Response) -> Finding:
    try:
        code = str(reply.json().get("code"))
    except (ValueError, AttributeError):
        code = ""
    if code == "PGRST202":
        return wrong("database", "The project lacks Rivulet's functions.", project.PUSH)
    if code == "42501":
        text = "SUPABASE_SECRET_KEY is accepted, but it is not a secret key: it may not do the work."
        return wrong("database", text, f"export SUPABASE_SECRET_KEY=…  # {DASHBOARD}")
    if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return wrong("database", "SUPABASE_SECRET_KEY is refused.", f"export SUPABASE_SECRET_KEY=…  # {DASHBOARD}")
    return wrong(
        "database",
        f"The Data API answers {reply.status_code} {code}.",
        "rivulet up postgres  # elsewhere: look at the project's status in its dashboard",
    )

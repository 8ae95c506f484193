"""Calls of the job engine's functions over the Data API, with the secret key of the environment or the local stack."""

import os
from typing import Any

import httpx

from infra.cli.errors import CommandError
from infra.local import stack

KEY_NAMES = ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_KEY")
TIMEOUT_SECONDS = 15.0


class Engine:
    """The job engine of one project."""

    def __init__(self) -> None:
        url, key = _project()
        self._http = httpx.Client(
            base_url=f"{url}/rest/v1/rpc/",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_SECONDS,
        )

    def call(self, function: str, **arguments: Any) -> Any:
        """The result of a function; `CommandError` says why there is none."""
        reply = self._http.post(function, json={f"p_{name}": value for name, value in arguments.items()})
        if reply.is_success:
            return reply.json()
        if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise CommandError("Supabase refuses the key. These commands need the secret key, in SUPABASE_SECRET_KEY.")
        raise CommandError(_message(reply))


def _project() -> tuple[str, str]:
    url = os.environ.get("SUPABASE_URL", "").rstrip("/")
    if not url:
        settings = stack.environment()
        return settings["SUPABASE_URL"], settings["SUPABASE_SECRET_KEY"]
    key = next((os.environ[name] for name in KEY_NAMES if os.environ.get(name)), None)
    if key is None:
        raise CommandError(
            "SUPABASE_URL is set, but SUPABASE_SECRET_KEY is not: it is under Project Settings → API keys in the "
            "Supabase dashboard. Unset SUPABASE_URL to use the local stack."
        )
    return url, key


def _message(reply: httpx.Response) -> str:
    from infra.cli import faults  # late: it needs the client libraries, which these commands do without

    try:
        body = reply.json()
    except ValueError:
        body = {}
    if body.get("code") == "PGRST202":
        return (
            "This Supabase project lacks Rivulet's functions. Run its migrations: supabase link, then supabase db push."
        )
    if str(body.get("code")).startswith(faults.NO_DATABASE):
        return faults.UNREACHABLE
    parts = (body.get("message") or f"Supabase answered {reply.status_code}.", body.get("hint"))
    return " ".join(part for part in parts if part)

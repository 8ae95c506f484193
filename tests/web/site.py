"""The web application with the stack behind it, as `make up` starts them, on a state folder of its own."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.local import record, state, web_build
from tests.benchmarks.figures import say

START_SECONDS = 240.0
PASSWORD = "a long enough password"


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    id: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Site:
    """Where it is served, and the service's own way in."""

    url: str
    supabase_url: str
    publishable_key: str
    secret_key: str

    def account(self, name: str = "person", email: str | None = None) -> Account:
        """A new account; its address begins with `name`, unless another one is given."""
        email = email or f"{name}-{uuid.uuid4().hex[:8]}@rivulet.example"
        made = self._post("/auth/v1/admin/users", {"email": email, "password": PASSWORD, "email_confirm": True})
        return Account(made["id"], email)

    def link_hash(self, account: Account) -> str:
        """What a link to sign in carries in the e-mail to somebody."""
        made = self._post("/auth/v1/admin/generate_link", {"type": "magiclink", "email": account.email})
        return str(made["hashed_token"])

    def make_operator(self, account: Account) -> None:
        """Let somebody see the operations page."""
        assert self.call("set_operator_v1", p_email=account.email) is True

    def call(self, function: str, **arguments: Any) -> Any:
        """The result of a database function, as the service."""
        return self._post(f"/rest/v1/rpc/{function}", arguments)

    def rows(self, table: str, **filters: str) -> list[dict[str, Any]]:
        """Rows as the service sees them; filters as the Data API writes them: `id="eq.…"`."""
        reply = httpx.get(f"{self.supabase_url}/rest/v1/{table}", params=filters, headers=self._headers, timeout=20)
        reply.raise_for_status()
        found: list[dict[str, Any]] = reply.json()
        return found

    def broadcast(self, topic: str, event: str, payload: Mapping[str, Any]) -> None:
        """Send to a private topic, as a worker does."""
        message = {"topic": topic, "event": event, "payload": payload, "private": True}
        self._post("/realtime/v1/api/broadcast", {"messages": [message]})

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        reply = httpx.post(self.supabase_url + path, json=body, headers=self._headers, timeout=20)
        assert reply.is_success, f"{path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    @property
    def _headers(self) -> dict[str, str]:
        return {"apikey": self.secret_key, "authorization": f"Bearer {self.secret_key}"}


@contextmanager
def running(settings: Mapping[str, str]) -> Iterator[Site]:
    """Build the application from the files as they are, start it and the stack; `settings` go to all parts."""
    web_build.build(say)
    with tempfile.TemporaryDirectory(prefix="rivulet-web-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root PostgreSQL runs as another user, who has to pass through
        environment = {**os.environ, **settings, state.FOLDER_VARIABLE: str(folder)}
        try:
            _rivulet(environment, "up")
            yield _site(folder)
        finally:
            _rivulet(environment, "down")


def _site(folder: Path) -> Site:
    home = state.State(folder)
    described = record.read(home)
    assert described is not None, "the stack does not describe itself"
    assert "web" in described.parts, "the web application is not built: python -m tests.web.check"
    secrets = home.secrets()
    return Site(
        url=f"http://127.0.0.1:{described.ports['web']}",
        supabase_url=f"http://127.0.0.1:{described.ports['gateway']}",
        publishable_key=secrets.publishable_key,
        secret_key=secrets.secret_key,
    )


def _rivulet(environment: Mapping[str, str], command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "infra.cli", command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"rivulet {command}: {ran.stdout}{ran.stderr}"

"""``/mail``: the mails that Auth has sent, for people and tests. There is no mail server; they are kept in a table.

Whoever sees a mail can sign in as its recipient, so that only programs on this machine may look: a request must name
this machine as its host, and no web page of another site may read the answer.
"""

import html
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Reading

PREFIX = "/mail"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LIMIT_MAX = 1000
SELECT = "select row_to_json(mails) from supabase_platform.mails"
HEAD = (
    "<!doctype html><meta charset=utf-8><title>Mails</title>"
    "<style>body{font:16px/1.5 system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #ccc;padding:1rem 0}p{white-space:pre-wrap;overflow-wrap:anywhere}</style>"
    "<h1>Mails</h1>"
)


class Mailbox:
    """The endpoints; each reads, none writes."""

    def __init__(self, pool: Pool) -> None:
        self._reading = Reading(pool)

    async def page(self, request: Request) -> Response:
        """``GET /mail``: the newest mails, as a page for people."""
        if not _is_local(request):
            return _refused()
        return HTMLResponse(HEAD + ("".join(map(_article, await self._newest(request))) or "<p>None yet.</p>"))

    async def messages(self, request: Request) -> Response:
        """``GET /mail/messages?to=ADDRESS&limit=N``: the newest mails as a JSON array, newest first."""
        if not _is_local(request):
            return _refused()
        return _json(await self._newest(request))

    async def message(self, request: Request) -> Response:
        """``GET /mail/messages/ID``: one mail as a JSON object."""
        if not _is_local(request):
            return _refused()
        number = request.path_params["id"][:18]
        known = number.isascii() and number.isdigit()
        found = await self._reading.row(f"{SELECT} where id = $1::bigint", number) if known else None
        return _json({"message": f"There is no mail {number}."}, 404) if found is None else _json(found)

    async def _newest(self, request: Request) -> list[dict[str, str]]:
        limit = request.query_params.get("limit", "")
        return await self._reading.rows(
            f"{SELECT} where $1 = '' or recipient = lower($1) order by id desc limit $2::bigint",
            request.query_params.get("to", ""),
            min(int(limit), LIMIT_MAX) if limit.isascii() and limit.isdigit() and len(limit) < 10 else 50,
        )


def mailbox_routes(pool: Pool) -> list[BaseRoute]:
    """Return the routes below ``/mail``."""
    mailbox = Mailbox(pool)
    return [
        Route("/messages", mailbox.messages, methods=["GET"]),
        Route("/messages/{id}", mailbox.message, methods=["GET"]),
        Route("/", mailbox.page, methods=["GET"]),
    ]


def _is_local(request: Request) -> bool:
    """Tell whether the request names this machine: a page elsewhere whose name leads here does not."""
    return urlsplit(f"//{request.headers.get('host', '')}").hostname in LOOPBACK


def _refused() -> Response:
    return _json({"message": "Mails are shown on this machine alone. Ask for them at 127.0.0.1 or localhost."}, 403)


def _json(document: object, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


def _article(mail: dict[str, str]) -> str:
    link = f'<p><a href="{html.escape(mail["link"])}">{html.escape(mail["subject"])}</a></p>' if mail["link"] else ""
    told = " ".join(html.escape(str(mail[name])) for name in ("sent_at", "kind"))
    return (
        f"<article><h2>{html.escape(mail['subject'])}</h2><div>To {html.escape(mail['recipient'])} · {told}</div>"
        f"{link}<p>{html.escape(mail['body'])}</p></article>"
    )

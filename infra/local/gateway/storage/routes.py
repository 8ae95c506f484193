"""``/storage/v1``: from HTTP to Storage's endpoints and back."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import orjson
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from infra.local.gateway.callers import Caller, headers_of
from infra.local.gateway.http import send_answer
from infra.local.gateway.keys import Keyring
from infra.local.gateway.pools import Pool
from infra.local.gateway.storage.buckets import Buckets
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.download import Downloads
from infra.local.gateway.storage.drafts import Drafts
from infra.local.gateway.storage.errors import EXPECTED, StorageError, not_supported, of_any
from infra.local.gateway.storage.listing import Listing
from infra.local.gateway.storage.objects import Objects
from infra.local.gateway.storage.requests import Reply, StorageRequest
from infra.local.gateway.storage.resumable import Resumable
from infra.local.gateway.storage.rows import Rows
from infra.local.gateway.storage.signing import Signing
from infra.local.gateway.storage.uploads import Uploads

Handler = Callable[[StorageRequest], Awaitable[Reply]]
Sender = Callable[[StorageRequest, Send], Awaitable[None]]
ABSENT = (
    "/s3",
    "/s3/{rest:path}",
    "/render/{rest:path}",
    "/cdn/{rest:path}",
    "/iceberg/{rest:path}",
    "/vector/{rest:path}",
)


def storage_routes(pool: Pool, disk: Disk, keyring: Keyring, file_size_limit: int) -> list[BaseRoute]:
    """Return the routes below ``/storage/v1``."""
    rows = Rows(pool)
    buckets, objects, listing = Buckets(rows, disk), Objects(rows, disk), Listing(rows)
    uploads = Uploads(rows, disk, file_size_limit)
    signing = Signing(rows, uploads, keyring)
    downloads = Downloads(rows, disk, signing)
    resumable = Resumable(keyring, uploads, Drafts(disk.drafts_folder), disk, signing)

    def route(
        path: str, handlers: dict[str, Handler] | None = None, sender: Sender | None = None, open_: bool = False
    ) -> Route:
        return Route(path, Endpoint(keyring, handlers or {}, sender, open_), methods=None)

    return [
        route("/bucket", {"GET": buckets.list_all, "POST": buckets.create}),
        route("/bucket/{bucket}", {"GET": buckets.get, "PUT": buckets.update, "DELETE": buckets.delete}),
        route("/bucket/{bucket}/empty", {"POST": buckets.empty}),
        *(
            route(path, dict.fromkeys(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), _absent), open_=True)
            for path in ABSENT
        ),
        *(
            Route(path, resumable, methods=None)
            for path in ("/upload/resumable", "/upload/resumable/sign", "/upload/resumable/sign/{id}")
        ),
        Route("/upload/resumable/{id}", resumable, methods=None),
        route("/object/list/{bucket}", {"POST": listing.search}),
        route("/object/list-v2/{bucket}", {"POST": listing.page}),
        route("/object/move", {"POST": objects.move}),
        route("/object/copy", {"POST": objects.copy}),
        route("/object/sign/{bucket}", {"POST": signing.sign_many}),
        route("/object/sign/{bucket}/{name:path}", {"POST": signing.sign_one}, downloads.signed),
        route("/object/upload/sign/{bucket}/{name:path}", {"POST": signing.sign_upload, "PUT": signing.upload_signed}),
        route("/object/public/{bucket}/{name:path}", {}, downloads.public, open_=True),
        route("/object/authenticated/{bucket}/{name:path}", {}, downloads.authenticated),
        route("/object/info/public/{bucket}/{name:path}", {"GET": objects.public_info}, open_=True),
        route("/object/info/authenticated/{bucket}/{name:path}", {"GET": objects.info}),
        route("/object/info/{bucket}/{name:path}", {"GET": objects.info}),
        route("/object/{bucket}", {"DELETE": objects.remove_many}),
        route(
            "/object/{bucket}/{name:path}",
            {"POST": uploads.create, "PUT": uploads.update, "DELETE": objects.remove_one},
            downloads.plain,
        ),
    ]


class Endpoint:
    """One path of Storage as an ASGI application; ``sender`` answers GET and HEAD with bytes."""

    def __init__(self, keyring: Keyring, handlers: dict[str, Handler], sender: Sender | None, open_: bool) -> None:
        self._keyring, self._handlers, self._sender, self._open = keyring, handlers, sender, open_

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            request = self._request(scope, receive)
            if self._sender is not None and scope["method"] in ("GET", "HEAD"):
                await self._sender(request, send)
                return
            handler = self._handlers.get(scope["method"])
            if handler is None:
                raise StorageError(404, "Not Found", f"Route {scope['method']}:{scope['path']} not found", 404)
            reply = await handler(request)
        except EXPECTED as error:
            await _send_error(send, of_any(error), scope["method"])
            return
        await send_answer(
            send,
            reply.status,
            {"content-type": "application/json; charset=utf-8", **reply.headers},
            orjson.dumps(reply.document),
        )

    def _request(self, scope: Scope, receive: Receive) -> StorageRequest:
        """Return the request with its caller; raises InvalidToken if a token is needed and missing or bad."""
        headers = headers_of(scope["headers"])
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=100))
        asked = "authorization" in headers or "apikey" in headers
        may_be_anonymous = self._open or (self._sender is not None and scope["method"] in ("GET", "HEAD"))
        if self._open or (not asked and (may_be_anonymous or "token" in query)):
            claims = {"role": "anon"}
        else:
            claims = self._keyring.claims_of(headers.get("apikey"), headers.get("authorization"))
        caller = Caller(claims, scope["method"], scope["path"].removeprefix("/storage/v1"), headers)
        return StorageRequest(caller, asked and not self._open, scope.get("path_params", {}), query, receive)


async def _send_error(send: Send, error: StorageError, method: str) -> None:
    body = b"" if method == "HEAD" else error.body()
    await send_answer(send, error.http_status, {"content-type": "application/json; charset=utf-8"}, body)


async def _absent(request: StorageRequest) -> Reply:
    raise not_supported(f"{request.caller.method} {request.caller.path}")

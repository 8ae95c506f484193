"""``/upload/resumable``: uploads in several requests, by the tus protocol, as hosted Storage takes them.

Whoever begins an upload must be allowed to write its object, and each later request asks row level security again.
The row is written when the last byte is there, so that it appears once and complete.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from infra.local.gateway.callers import Caller, headers_of
from infra.local.gateway.http import ClientGoneError, send_answer
from infra.local.gateway.keys import Keyring
from infra.local.gateway.storage import tus
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.drafts import Draft, Drafts
from infra.local.gateway.storage.errors import EXPECTED, StorageError, denied, invalid, of_any
from infra.local.gateway.storage.receive import RawBody, Traits
from infra.local.gateway.storage.signing import Signing
from infra.local.gateway.storage.turns import Turns, stoppable
from infra.local.gateway.storage.uploads import Stored, Target, Uploads

METHODS = "POST, HEAD, PATCH, OPTIONS, DELETE"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; ``base`` is the address of uploads, ``signature`` the token of a signed one."""

    caller: Caller
    method: str
    base: str
    id: str | None
    signature: str | None
    receive: Receive

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers, names in lower case."""
        return self.caller.headers


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered besides the protocol's version."""

    status: int
    headers: dict[str, str]


Handler = Callable[[Asked], Awaitable[Told]]


class Resumable:
    """The endpoint as an ASGI application."""

    def __init__(self, keyring: Keyring, uploads: Uploads, drafts: Drafts, disk: Disk, signing: Signing) -> None:
        self._keyring, self._uploads, self._drafts, self._disk = keyring, uploads, drafts, disk
        self._signing, self._turns = signing, Turns()
        self._handlers: dict[tuple[str, bool], Handler] = {
            ("POST", False): self._create,
            ("HEAD", True): self._look,
            ("PATCH", True): self._append,
            ("DELETE", True): self._remove,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            told = await self._answer(scope, receive)
            status, headers, body = told.status, told.headers, b""
        except EXPECTED as error:
            refusal = of_any(error)
            status, headers, body = refusal.status, {"content-type": "text/plain"}, refusal.message.encode()
        fixed = {"tus-resumable": tus.VERSION, "access-control-expose-headers": tus.EXPOSED}
        if status == 412:
            fixed["tus-version"] = tus.VERSION
        await send_answer(send, status, {**fixed, **headers}, b"" if scope["method"] == "HEAD" else body)

    async def _answer(self, scope: Scope, receive: Receive) -> Told:
        headers = headers_of(scope["headers"])
        if scope["method"] == "OPTIONS":
            return self._describe()
        asked = self._asked(scope, headers, receive)
        handler = self._handlers.get((asked.method, asked.id is not None))
        if handler is None:
            raise StorageError(404, "Not Found", f"Route {asked.method}:{scope['path']} not found")
        tus.check_version(headers)
        return await handler(asked)

    def _asked(self, scope: Scope, headers: dict[str, str], receive: Receive) -> Asked:
        path = scope["path"].removeprefix("/storage/v1")
        signed = path.startswith("/upload/resumable/sign")
        if signed and not headers.get("x-signature"):
            raise invalid("Missing x-signature header", "InvalidSignature")
        key, token = headers.get("apikey"), headers.get("authorization")
        claims = {"role": "anon"} if signed else self._keyring.claims_of(key, token)
        base = f"{scope['scheme']}://{headers.get('host', '')}/storage/v1/upload/resumable{'/sign' if signed else ''}"
        return Asked(
            Caller(claims, scope["method"], path, headers),
            (headers.get("x-http-method-override") or str(scope["method"])).upper(),
            base,
            scope.get("path_params", {}).get("id"),
            headers["x-signature"] if signed else None,
            receive,
        )

    def _describe(self) -> Told:
        """``OPTIONS``: what this server can do."""
        size = str(self._uploads.file_size_limit)
        return Told(
            204, {"tus-version": tus.VERSION, "tus-extension": tus.EXTENSIONS, "tus-max-size": size, "allow": METHODS}
        )

    async def _create(self, asked: Asked) -> Told:
        """``POST``: a new upload, with its first bytes if they come along."""
        wanted = tus.read_wanted(asked.headers)
        target = self._target(asked, wanted.bucket, wanted.name)
        traits = _traits(wanted)
        await self._uploads.limit(asked.caller, target, traits)
        if not target.trusted:
            await self._uploads.permit(asked.caller, target, traits)
        metadata = asked.headers.get("upload-metadata", "")
        draft = await self._drafts.begin(wanted, target.owner_id, target.upsert, metadata)
        place = f"{asked.base}/{tus.format_id(wanted.bucket, wanted.name, draft.version)}"
        headers = {"location": place, "upload-expires": tus.format_instant(draft.expires_at)}
        if asked.headers.get("content-type") == tus.CHUNK_TYPE:
            async with self._turns.of(draft.version) as stop:
                headers |= await self._take(asked, draft, stop)
        elif wanted.length == 0:
            headers |= await self._complete(asked, draft)
        return Told(201, headers)

    async def _look(self, asked: Asked) -> Told:
        """``HEAD``: how far an upload is."""
        version = await self._check(asked)
        async with self._turns.of(version):
            draft = await self._find(version)
            headers = {"cache-control": "no-store", "upload-offset": str(self._drafts.offset(draft))}
            # Whole, but its row could not be written at the time: the client would take it for done.
            headers |= await self._complete(asked, draft)
        headers["upload-expires"] = tus.format_instant(draft.expires_at)
        if draft.wanted.length is None:
            headers["upload-defer-length"] = "1"
        else:
            headers["upload-length"] = str(draft.wanted.length)
        if draft.metadata:
            headers["upload-metadata"] = draft.metadata
        return Told(200, headers)

    async def _append(self, asked: Asked) -> Told:
        """``PATCH``: the next bytes."""
        headers = asked.headers
        if "upload-offset" not in headers:
            raise tus.fault(403, "Upload-Offset header required\n")
        if headers.get("content-type") != tus.CHUNK_TYPE:
            raise tus.fault(403, "Content-Type header required\n")
        offset = tus.whole(headers["upload-offset"], "upload-offset")
        version = await self._check(asked)
        async with self._turns.of(version) as stop:
            draft = await self._find(version)
            if offset != self._drafts.offset(draft):
                raise tus.fault(409, "Upload-Offset conflict\n")
            draft = await self._measured(asked, draft)
            told = await self._take(asked, draft, stop)
        return Told(204, {"upload-expires": tus.format_instant(draft.expires_at), **told})

    async def _remove(self, asked: Asked) -> Told:
        """``DELETE``: end an upload that is not whole."""
        version = await self._check(asked)
        async with self._turns.of(version):
            draft = await self._find(version)
            if draft.done:
                raise tus.fault(400, "Cannot terminate an already completed upload")
            await self._drafts.remove(draft)
        return Told(204, {})

    async def _check(self, asked: Asked) -> str:
        """Return the version in the address, once the caller may go on with the upload; raises StorageError."""
        bucket, name, version = tus.parse_id(asked.id or "")
        draft = await self._find(version)
        if (bucket, name) != (draft.wanted.bucket, draft.wanted.name):
            raise tus.unknown_upload()
        target = self._target(asked, bucket, name)
        if target.owner_id != draft.owner_id:
            raise denied()
        # A finished one is there by now, so that writing it anew would be refused: it is only looked at.
        if not target.trusted and not draft.done:
            await self._uploads.permit(asked.caller, self._as_begun(target, draft), _traits(draft.wanted))
        return version

    async def _find(self, version: str) -> Draft:
        draft = await self._drafts.find(version)
        if draft is None:
            raise tus.unknown_upload()
        return draft

    async def _measured(self, asked: Asked, draft: Draft) -> Draft:
        """Return the upload with the length that comes with this request, if it had none."""
        given = asked.headers.get("upload-length")
        if given is None:
            return draft
        length = tus.whole(given, "upload-length")
        if draft.wanted.length not in (None, length) or length < self._drafts.offset(draft):
            raise tus.fault(400, "Invalid upload-length\n")
        target = self._target(asked, draft.wanted.bucket, draft.wanted.name)
        await self._uploads.limit(asked.caller, target, Traits(draft.wanted.mime, announced=length))
        return draft if draft.wanted.length == length else await self._drafts.measure(draft, length)

    async def _take(self, asked: Asked, draft: Draft, stop: asyncio.Event) -> dict[str, str]:
        """Take the request's bytes in, and end the upload with the last of them."""
        target = self._target(asked, draft.wanted.bucket, draft.wanted.name)
        limit = await self._uploads.limit(asked.caller, target, Traits(draft.wanted.mime))
        most = limit if draft.wanted.length is None else min(limit, draft.wanted.length)
        if not draft.done:
            body = RawBody(stoppable(asked.receive, stop), asked.headers)
            try:
                await self._drafts.append(draft, body.chunks(), most)
            except ClientGoneError:
                if not stop.is_set():
                    raise
                raise tus.fault(400, "Request aborted due to lock acquired") from None
        offset = self._drafts.offset(draft)
        return {"upload-offset": str(offset), **await self._complete(asked, draft)}

    async def _complete(self, asked: Asked, draft: Draft) -> dict[str, str]:
        """Write the row of an upload that is whole."""
        size = self._drafts.offset(draft)
        if draft.done or size != draft.wanted.length:
            return {}
        target = self._as_begun(self._target(asked, draft.wanted.bucket, draft.wanted.name), draft)
        etag = await self._drafts.etag(draft)
        await self._disk.adopt(self._drafts.path(draft), draft.version)
        await self._uploads.publish(asked.caller, target, _traits(draft.wanted), Stored(draft.version, etag, size))
        await self._drafts.finish(draft)
        return {"tus-complete": "1"}

    def _target(self, asked: Asked, bucket: str, name: str) -> Target:
        """Return where the caller writes; a signature has given the permission. Raises StorageError."""
        if asked.signature is None:
            upsert = asked.headers.get("x-upsert", "").lower() == "true"
            return Target(bucket, name, asked.caller.subject, upsert)
        claims = self._signing.check_token(asked.signature, bucket, name, "upload")
        return Target(bucket, name, claims.get("owner"), bool(claims.get("upsert")), True)

    def _as_begun(self, target: Target, draft: Draft) -> Target:
        return Target(target.bucket, target.name, target.owner_id, draft.upsert, target.trusted)


def _traits(wanted: tus.Wanted) -> Traits:
    return Traits(wanted.mime, wanted.cache_control, wanted.user_metadata, wanted.length)

"""Addresses that carry their own permission: a token that names the object and expires."""

import time
from typing import Any

from infra.local.gateway.keys import InvalidToken, Keyring, check_expiry
from infra.local.gateway.storage.errors import StorageError, invalid, of_token
from infra.local.gateway.storage.limits import check_key
from infra.local.gateway.storage.receive import Traits
from infra.local.gateway.storage.requests import Reply, StorageRequest, need_texts, whole
from infra.local.gateway.storage.rows import Rows, find_object
from infra.local.gateway.storage.uploads import Target, Uploads

UPLOAD_SECONDS = 7200  # life of an upload's address
SIGN_MAX = 500  # objects in one request
SIGN_SECONDS_MAX = 10**9
NOT_SIGNED = "Either the object does not exist or you do not have access to it"


class Signing:
    """The endpoints below ``/object/sign`` and ``/object/upload/sign``."""

    def __init__(self, rows: Rows, uploads: Uploads, keyring: Keyring) -> None:
        self._rows, self._uploads, self._keyring = rows, uploads, keyring

    async def sign_one(self, request: StorageRequest) -> Reply:
        """``POST /object/sign/BUCKET/NAME``: an address to download one object with."""
        body = await request.document()
        seconds = _seconds(body)
        bucket, name = request.path["bucket"], check_key(request.path["name"])
        if body.get("transform"):
            raise StorageError(501, "NotSupported", "Image transformation is not supported by this local gateway", 501)
        work = self._rows.seen_by(request.caller)
        await find_object(work, bucket, name)
        return Reply({"signedURL": self._address(bucket, name, seconds)})

    async def sign_many(self, request: StorageRequest) -> Reply:
        """``POST /object/sign/BUCKET``: an address for each of the named objects that the caller sees."""
        body = await request.document()
        seconds, names, bucket = _seconds(body), need_texts(body, "paths", SIGN_MAX), request.path["bucket"]
        work = self._rows.seen_by(request.caller)
        seen = set(
            await work.rows(
                "select to_json(name) from storage.objects where bucket_id = $1"
                " and name in (select json_array_elements_text($2))",
                bucket,
                names,
            )
        )
        return Reply(
            [
                {
                    "error": None if name in seen else NOT_SIGNED,
                    "path": name,
                    "signedURL": self._address(bucket, name, seconds) if name in seen else None,
                }
                for name in names
            ]
        )

    async def sign_upload(self, request: StorageRequest) -> Reply:
        """``POST /object/upload/sign/BUCKET/NAME``: an address to upload one object to."""
        bucket, name = request.path["bucket"], check_key(request.path["name"])
        upsert = request.headers.get("x-upsert", "").lower() == "true"
        target = Target(bucket, name, request.caller.subject, upsert)
        await self._uploads.permit(request.caller, target, Traits())
        token = self._token(
            {"url": f"{bucket}/{name}", "owner": target.owner_id, "upsert": upsert, "for": "upload"}, UPLOAD_SECONDS
        )
        return Reply({"url": f"/object/upload/sign/{bucket}/{name}?token={token}", "token": token})

    async def upload_signed(self, request: StorageRequest) -> Reply:
        """``PUT /object/upload/sign/BUCKET/NAME?token=…``: an upload with the permission of the token."""
        bucket, name = request.path["bucket"], check_key(request.path["name"])
        claims = self.check(request, "upload")
        await self._uploads.take(request, Target(bucket, name, claims.get("owner"), bool(claims.get("upsert")), True))
        return Reply({"Key": f"{bucket}/{name}"})

    def check(self, request: StorageRequest, purpose: str) -> dict[str, Any]:
        """Return the claims of the token in the query; raises StorageError unless it is for this very object."""
        token = request.query.get("token")
        if not token:
            raise invalid("querystring must have required property 'token'", "Error")
        return self.check_token(token, request.path["bucket"], request.path["name"], purpose)

    def check_token(self, token: str, bucket: str, name: str, purpose: str) -> dict[str, Any]:
        """Return the claims of a token; raises StorageError unless it is for this very object."""
        try:
            claims = self._keyring.claims_of_signed(token)
            check_expiry(claims.get("exp"), time.time())
        except InvalidToken as error:
            raise StorageError(400, "InvalidJWT", of_token(error).message) from None
        if claims.get("url") != f"{bucket}/{name}" or claims.get("for") != purpose:
            raise invalid("The url do not match the signature", "InvalidSignature")
        return claims

    def _address(self, bucket: str, name: str, seconds: int) -> str:
        token = self._token({"url": f"{bucket}/{name}", "for": "download"}, seconds)
        return f"/object/sign/{bucket}/{name}?token={token}"  # not quoted: clients do that, and twice would be wrong

    def _token(self, claims: dict[str, Any], seconds: int) -> str:
        now = int(time.time())
        return self._keyring.sign({**claims, "iat": now, "exp": now + seconds})


def _seconds(body: dict[str, Any]) -> int:
    if body.get("expiresIn") is None:
        raise invalid("body must have required property 'expiresIn'", "Error")
    return whole(body["expiresIn"], 0, 1, SIGN_SECONDS_MAX, "expiresIn")

"""Buckets: made, listed, changed, emptied and removed as the caller's role may."""

from typing import Any

from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.errors import StorageError, invalid, no_bucket
from infra.local.gateway.storage.limits import check_bucket_name, parse_mime_types, parse_size
from infra.local.gateway.storage.requests import Reply, StorageRequest, need_text, whole
from infra.local.gateway.storage.rows import BUCKET, Rows, find_bucket, owner_uuid

PAGE_MAX = 10_000
EMPTY_BATCH = 1000  # objects removed in one transaction
SORTS = ("id", "name", "created_at", "updated_at")


class Buckets:
    """The endpoints below ``/bucket``."""

    def __init__(self, rows: Rows, disk: Disk) -> None:
        self._rows, self._disk = rows, disk

    async def list_all(self, request: StorageRequest) -> Reply:
        """``GET /bucket``: the buckets that the caller sees."""
        query = request.query
        sort = query.get("sortColumn") or "name"
        order = (query.get("sortOrder") or "asc").lower()
        if sort not in SORTS or order not in ("asc", "desc"):
            raise invalid(f"sortColumn must be one of {', '.join(SORTS)} and sortOrder asc or desc", "Error")
        limit = whole(query.get("limit"), PAGE_MAX, 1, PAGE_MAX, "limit")
        offset = whole(query.get("offset"), 0, 0, 10**9, "offset")
        work = self._rows.seen_by(request.caller)
        found = await work.rows(
            f"select {BUCKET} from storage.buckets where strpos(lower(name), lower($1)) > 0 or $1 = ''"  # noqa: S608
            f" order by {sort} {order}, id limit $2::bigint offset $3::bigint",
            query.get("search", ""),
            limit,
            offset,
        )
        return Reply(found)

    async def get(self, request: StorageRequest) -> Reply:
        """``GET /bucket/ID``: one bucket."""
        work = self._rows.seen_by(request.caller)
        return Reply(await find_bucket(work, request.path["bucket"]))

    async def create(self, request: StorageRequest) -> Reply:
        """``POST /bucket``: a new bucket."""
        body = await request.document()
        name = check_bucket_name(need_text(body, "name"))
        bucket = check_bucket_name(body.get("id") or name)
        if body.get("type", "STANDARD") != "STANDARD":
            raise invalid("Only buckets of type STANDARD can be made here", "NotSupported")
        owner = request.caller.subject
        async with self._rows.as_caller(request.caller) as work:
            await work.rows(
                "insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)"
                " values ($1, $2, $3, $4, $5, $6, (select array_agg(value) from json_array_elements_text($7)))",
                bucket,
                name,
                owner_uuid(owner),
                owner,
                _flag(body),
                parse_size(body.get("file_size_limit")),
                parse_mime_types(body.get("allowed_mime_types")),
            )
        return Reply({"name": name})

    async def update(self, request: StorageRequest) -> Reply:
        """``PUT /bucket/ID``: change what is given, leave the rest."""
        body = await request.document()
        changes: dict[str, Any] = {}
        if "public" in body:
            changes["public = {}"] = _flag(body)
        if "file_size_limit" in body:
            changes["file_size_limit = {}"] = parse_size(body["file_size_limit"])
        if "allowed_mime_types" in body:
            types = "allowed_mime_types = (select array_agg(value) from json_array_elements_text({}))"
            changes[types] = parse_mime_types(body["allowed_mime_types"])
        settings = "".join(", " + text.format(f"${place}") for place, text in enumerate(changes, start=2))
        async with self._rows.as_caller(request.caller) as work:
            changed = await work.rows(
                f"update storage.buckets set updated_at = now(){settings} where id = $1 returning to_json(id)",  # noqa: S608
                request.path["bucket"],
                *changes.values(),
            )
            if not changed:
                raise no_bucket()
        return Reply({"message": "Successfully updated"})

    async def empty(self, request: StorageRequest) -> Reply:
        """``POST /bucket/ID/empty``: remove every object that the caller may."""
        bucket = request.path["bucket"]
        await find_bucket(self._rows.seen_by(request.caller), bucket)
        while True:
            async with self._rows.as_caller(request.caller) as work:
                versions = await work.rows(
                    "delete from storage.objects where id in (select id from storage.objects where bucket_id = $1"
                    " limit $2::bigint) returning to_json(version)",
                    bucket,
                    EMPTY_BATCH,
                )
            await self._disk.remove(*versions)
            if len(versions) < EMPTY_BATCH:
                return Reply({"message": "Successfully emptied"})

    async def delete(self, request: StorageRequest) -> Reply:
        """``DELETE /bucket/ID``: remove an empty bucket."""
        bucket = request.path["bucket"]
        everything = self._rows.seen_by_service(request.caller)
        filled = await everything.row("select to_json(true) from storage.objects where bucket_id = $1 limit 1", bucket)
        async with self._rows.as_caller(request.caller) as work:
            await find_bucket(work, bucket)
            if filled:
                raise StorageError(409, "ResourceNotEmpty", "The bucket you tried to delete is not empty")
            if not await work.rows("delete from storage.buckets where id = $1 returning to_json(id)", bucket):
                raise no_bucket()
        return Reply({"message": "Successfully deleted"})


def _flag(body: dict[str, Any]) -> bool:
    public = body.get("public", False)
    if public is not None and not isinstance(public, bool):
        raise invalid("body/public must be boolean", "Error")
    return bool(public)

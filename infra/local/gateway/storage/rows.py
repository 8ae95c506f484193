"""Rows of ``storage.buckets`` and ``storage.objects``, as seen and changed by a request's role."""

# ruff: noqa: S608 - only column names from below are put into the texts

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from infra.local.gateway.callers import Caller, enter
from infra.local.gateway.pools import Pool
from infra.local.gateway.storage.errors import no_bucket, no_object
from infra.local.gateway.transaction import Asking, Reading, Transaction, transaction, try_out
from infra.local.gateway.wire import Statement

Row = dict[str, Any]
MILLISECONDS = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
#: Storage's deletes pass the guard against deletes by hand.
ALLOW_DELETE = Statement("select set_config('storage.allow_delete_query', 'true', true)")


def _times(*names: str) -> str:
    return ", ".join(f"'{name}', to_char({name} at time zone 'utc', {MILLISECONDS})" for name in names)


OBJECT = (
    "json_build_object('id', id, 'name', name, 'bucket_id', bucket_id, 'owner', coalesce(owner::text, ''),"
    " 'owner_id', owner_id, 'version', version, 'metadata', metadata, 'user_metadata', user_metadata, "
    + _times("created_at", "updated_at", "last_accessed_at")
    + ")"
)
BUCKET = (
    "json_build_object('id', id, 'name', name, 'owner', coalesce(owner::text, ''), 'public', public,"
    " 'file_size_limit', file_size_limit, 'allowed_mime_types', allowed_mime_types, 'type', type, "
    + _times("created_at", "updated_at")
    + ")"
)


@dataclass(frozen=True, slots=True)
class NewObject:
    """What an upload, a move or a copy writes."""

    bucket: str
    name: str
    owner_id: str | None
    version: str
    metadata: dict[str, Any]
    user_metadata: dict[str, Any] | None


class Rows:
    """Opens transactions as a request's caller, or as the service role on the request's behalf."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def seen_by(self, caller: Caller) -> Reading:
        """Return what reads as row level security lets the caller."""
        return Reading(self._pool, enter(caller))

    def seen_by_service(self, caller: Caller) -> Reading:
        """Return what reads everything, on the caller's behalf."""
        return Reading(self._pool, enter(_service(caller)))

    @asynccontextmanager
    async def as_caller(self, caller: Caller) -> AsyncIterator[Transaction]:
        """Open a transaction in which row level security sees the caller."""
        async with transaction(self._pool, enter(caller), ALLOW_DELETE) as work:
            yield work

    @asynccontextmanager
    async def as_service(self, caller: Caller) -> AsyncIterator[Transaction]:
        """Open a transaction of the service role, in which Storage itself reads and writes."""
        async with transaction(self._pool, enter(_service(caller)), ALLOW_DELETE) as work:
            yield work

    async def try_as_caller(self, caller: Caller, sql: str, *values: Any) -> int:
        """Run a statement as the caller and undo it, to learn whether they may; return how many rows it touched."""
        counted = f"with touched as ({sql} returning 1) select count(*) from touched"
        return int((await try_out(self._pool, (enter(caller), ALLOW_DELETE), counted, *values))[0])


def _service(caller: Caller) -> Caller:
    return Caller({"role": "service_role"}, caller.method, caller.path, caller.headers)


async def find_bucket(work: Asking, bucket: str) -> Row:
    """Return a bucket; raises StorageError."""
    found: Row | None = await work.row(f"select {BUCKET} from storage.buckets where id = $1", bucket)
    if found is None:
        raise no_bucket()
    return found


async def find_object(work: Asking, bucket: str, name: str) -> Row:
    """Return an object; raises StorageError."""
    found: Row | None = await work.row(
        f"select {OBJECT} from storage.objects where bucket_id = $1 and name = $2", bucket, name
    )
    if found is None:
        raise no_object()
    return found


async def lock_name(work: Transaction, bucket: str, name: str) -> Row | None:
    """Hold an object's name until the transaction ends, and return its row if there is one."""
    await work.rows("select to_json(pg_advisory_xact_lock(hashtextextended($1, 0))::text)", f"{bucket}/{name}")
    found: Row | None = await work.row(
        f"select {OBJECT} from storage.objects where bucket_id = $1 and name = $2 for update", bucket, name
    )
    return found


def insert_sql(new: NewObject, upsert: bool) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that adds the row (or, with ``upsert``, gives it a new version), and its values."""
    sql = (
        "insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)"
        " values ($1, $2, $3, $4, $5, $6, $7)"
    )
    if upsert:
        sql += (
            " on conflict (bucket_id, name) do update set version = excluded.version, owner = excluded.owner,"
            " owner_id = excluded.owner_id, metadata = excluded.metadata, user_metadata = excluded.user_metadata"
        )
    return sql, (
        new.bucket,
        new.name,
        owner_uuid(new.owner_id),
        new.owner_id,
        new.version,
        new.metadata,
        new.user_metadata,
    )


async def write_object(work: Transaction, new: NewObject, upsert: bool) -> Row:
    """Add or replace the row and return it; raises DatabaseError (unique violation if it exists and may not)."""
    sql, values = insert_sql(new, upsert)
    row: Row = await work.row(f"{sql} returning {OBJECT}", *values)
    return row


def owner_uuid(owner_id: str | None) -> str | None:
    """Return the owner as a uuid, None if it is none."""
    try:
        return str(uuid.UUID(owner_id or ""))
    except ValueError:
        return None

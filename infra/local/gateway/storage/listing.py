"""Listing objects folder by folder, as ``storage.search`` does on hosted Supabase."""

import base64
from typing import Any

import orjson

from infra.local.gateway.storage.errors import invalid
from infra.local.gateway.storage.requests import Reply, StorageRequest, whole
from infra.local.gateway.storage.rows import MILLISECONDS, Rows

LIMIT_MAX = 10_000
SORTS = ("name", "updated_at", "created_at", "last_accessed_at")
TIMES = ", ".join(
    f"'{name}', to_char({name} at time zone 'utc', {MILLISECONDS})"
    for name in ("updated_at", "created_at", "last_accessed_at")
)
FOLDER = (
    "json_build_object('name', name, 'id', null, 'updated_at', null, 'created_at', null,"
    " 'last_accessed_at', null, 'metadata', null)"
)
FILE = f"json_build_object('name', name, 'id', id, {TIMES}, 'metadata', metadata)"
#: $1 bucket, $2 prefix with the search term, $3 level, $4 limit, $5 offset. Folders come before files.
SEARCH = f"""
with found as (
  select path_tokens[$3::int] as name, array_length(path_tokens, 1) > $3::int as is_folder, id, updated_at, created_at,
         last_accessed_at, metadata
    from storage.objects
   where bucket_id = $1 and starts_with(lower(name), lower($2)) and array_length(path_tokens, 1) >= $3::int
), folders as (
  select name, row_number() over (order by name {{order}}) as place from found where is_folder group by name
), files as (
  select *, row_number() over (order by {{sort}} {{order}}, name) as place from found where not is_folder
)
select shown from (
  select {FOLDER} as shown, 0 as kind, place from folders
  union all
  select {FILE}, 1, place from files
) listed order by kind, place limit $4::bigint offset $5::bigint"""  # noqa: S608 - built from the names above

PAGE_MAX = 1000
SORTED_BY = {
    "name": "name",
    "updated_at": "to_char(updated_at at time zone 'utc', 'YYYYMMDDHH24MISSUS')",
    "created_at": "to_char(created_at at time zone 'utc', 'YYYYMMDDHH24MISSUS')",
}
#: $1 bucket, $2 prefix, $3 whether to gather folders, $4 limit, $5 and $6 sort key and name of the last entry shown.
PAGE = f"""
with found as (
  select case when $3::boolean and strpos(substr(name, length($2) + 1), '/') > 0
              then left(name, length($2) + strpos(substr(name, length($2) + 1), '/')) end as folder, *
    from storage.objects where bucket_id = $1 and starts_with(name, $2)
), listed as (
  select distinct folder as name, {{folder_key}} as sort_key,
         json_build_object('name', folder, 'key', rtrim(folder, '/'))::text as shown
    from found where folder is not null
  union all
  select name, {{key}}, json_build_object('id', id, 'name', name, 'key', name, {TIMES}, 'metadata', metadata)::text
    from found where folder is null
)
select json_build_array(sort_key, name, shown::json) from listed
 where $5::text is null or (sort_key collate "C", name collate "C") {{beyond}} ($5 collate "C", $6 collate "C")
 order by sort_key collate "C" {{order}}, name collate "C" {{order}} limit $4::bigint"""  # noqa: S608


class Listing:
    """The endpoints ``/object/list`` and ``/object/list-v2``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def search(self, request: StorageRequest) -> Reply:
        """``POST /object/list/BUCKET``: folders and files right below a prefix."""
        body = await request.document()
        prefix, term = body.get("prefix"), body.get("search") or ""
        if not isinstance(prefix, str) or not isinstance(term, str):
            raise invalid("body must have required property 'prefix'", "Error")
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        sort, order = _sorting(body.get("sortBy"))
        limit = whole(body.get("limit"), 100, 1, LIMIT_MAX, "limit")
        offset = whole(body.get("offset"), 0, 0, 10**9, "offset")
        work = self._rows.seen_by(request.caller)
        return Reply(
            await work.rows(
                SEARCH.format(sort=sort, order=order),
                request.path["bucket"],
                folder + term,
                folder.count("/") + 1,
                limit,
                offset,
            )
        )

    async def page(self, request: StorageRequest) -> Reply:
        """``POST /object/list-v2/BUCKET``: objects below a prefix, page by page; with a delimiter folders apart."""
        body = await request.document()
        prefix, folders = body.get("prefix") or "", body.get("with_delimiter") or False
        if not isinstance(prefix, str) or not isinstance(folders, bool):
            raise invalid("body/prefix must be string and body/with_delimiter boolean", "Error")
        limit = min(whole(body.get("limit"), PAGE_MAX, 1, 10**9, "limit"), PAGE_MAX)
        key, name = _cursor(body.get("cursor"))
        found = await self._rows.seen_by(request.caller).rows(
            _page_sql(body.get("sortBy")), request.path["bucket"], prefix, folders, limit + 1, key, name
        )
        shown = found[:limit]
        answer: dict[str, Any] = {
            "hasNext": len(found) > limit,
            "folders": [entry for _, _, entry in shown if "id" not in entry],
            "objects": [entry for _, _, entry in shown if "id" in entry],
        }
        if answer["hasNext"]:
            answer["nextCursor"] = base64.urlsafe_b64encode(orjson.dumps(shown[-1][:2])).decode()
        return Reply(answer)


def _page_sql(wanted: object) -> str:
    """Return the statement for a ``sortBy``; raises StorageError for a column or an order that there is not."""
    given = wanted if isinstance(wanted, dict) else {}
    column, order = given.get("column") or "name", given.get("order") or "asc"
    if column not in SORTED_BY or order not in ("asc", "desc"):
        raise invalid(f"body/sortBy: column is one of {', '.join(SORTED_BY)}, order asc or desc", "Error")
    folder_key = "folder" if column == "name" else "''"
    beyond = ">" if order == "asc" else "<"
    return PAGE.format(key=SORTED_BY[column], folder_key=folder_key, beyond=beyond, order=order)


def _cursor(token: object) -> tuple[str | None, str | None]:
    """Return sort key and name of the last entry of the page before; raises StorageError."""
    if token is None or token == "":
        return None, None
    try:
        key, name = orjson.loads(base64.urlsafe_b64decode(str(token)))
    except (ValueError, TypeError):
        key = name = None
    if not (isinstance(key, str) and isinstance(name, str)):
        raise invalid("body/cursor is not one that a page was answered with", "InvalidParameter")
    return key, name


def _sorting(wanted: object) -> tuple[str, str]:
    """Return column and direction, both from fixed lists; what is not in them counts as the default."""
    if not isinstance(wanted, dict):
        return "name", "asc"
    column, order = wanted.get("column"), wanted.get("order")
    return (column if column in SORTS else "name"), ("desc" if order == "desc" else "asc")

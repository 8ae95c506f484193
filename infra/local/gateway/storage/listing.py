"""Listing objects folder by folder, as ``storage.search`` does on hosted Supabase."""

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


class Listing:
    """The endpoint ``/object/list``."""

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


def _sorting(wanted: object) -> tuple[str, str]:
    """Return column and direction, both from fixed lists; what is not in them counts as the default."""
    if not isinstance(wanted, dict):
        return "name", "asc"
    column, order = wanted.get("column"), wanted.get("order")
    return (column if column in SORTS else "name"), ("desc" if order == "desc" else "asc")

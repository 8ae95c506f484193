"""What a run has left: every row that matters, without what differs from run to run (made-up ids, instants, durations).

An answer's row gets its id from the database, so it goes by the id of its question.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

Rows = Mapping[str, list[dict[str, Any]]]

TABLES = {
    "documents": """
        select to_jsonb(d) - array['created_at', 'updated_at', 'ready_at', 'trace_id'] as row
        from public.documents d order by id""",
    "chunks": "select to_jsonb(c) as row from public.chunks c order by id",
    "conversations": """
        select to_jsonb(c) - array['created_at', 'updated_at'] as row from public.conversations c order by id""",
    "messages": """
        select to_jsonb(m) - array['created_at', 'updated_at', 'trace_id', 'position', 'fence', 'timings']
            - case when m.role = 'assistant' then 'id' else '' end
            || jsonb_build_object('fenced', m.fence is not null, 'timed', (select array_agg(k order by k)
                                                                           from jsonb_object_keys(m.timings) k))
            as row
        from public.messages m order by coalesce(reply_to, id), role""",
    "citations": """
        select to_jsonb(c) - 'message_id' || jsonb_build_object('question', m.reply_to) as row
        from public.citations c join public.messages m on m.id = c.message_id order by m.reply_to, c.marker""",
    "job_history": """
        select jsonb_build_object(
            'queue', h.queue, 'tenant', h.tenant_id, 'subject', coalesce(m.reply_to, h.subject_id),
            'group', h.group_key, 'outcome', h.outcome, 'attempt', h.attempt, 'crash_count', h.crash_count,
            'error_code', h.error_code, 'error_message', h.error_message,
            'payload', h.payload - array['message_id', 'deletion_id', 'seen'], 'result', h.result) as row
        from rivulet.job_history h left join public.messages m on m.id = h.subject_id
        order by h.queue, coalesce(m.reply_to, h.subject_id), (h.payload - array['deletion_id', 'seen'])::text,
            h.outcome""",
    "jobs": "select to_jsonb(j) as row from rivulet.jobs j",
    "lanes": """
        select to_jsonb(l) - array['vtime', 'active', 'served_at'] as row
        from rivulet.lanes l order by queue, tenant_id""",
}


def left_in_database(dsn: str) -> Rows:
    """The rows of each table, in an order that does not depend on the run."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return {
            name: [each["row"] for each in connection.execute(statement.encode())] for name, statement in TABLES.items()
        }


class Vectors:
    """What Chroma holds of some libraries."""

    def __init__(self, url: str, libraries: list[str]) -> None:
        self._base = f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections"
        self._where = {"library_id": {"$in": libraries}}

    def rows(self) -> list[dict[str, Any]]:
        """Ids and metadata, by collection."""
        found = []
        for collection in self._collections():
            reply = self._post(collection["id"], "get", {"where": self._where, "include": ["metadatas"]})
            pairs = zip(reply["ids"], reply["metadatas"], strict=True)
            found += [{"collection": collection["name"], "id": key, **metadata} for key, metadata in pairs]
        return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))

    def remove(self) -> None:
        """Leave nothing to the next run."""
        for collection in self._collections():
            self._post(collection["id"], "delete", {"where": self._where})

    def _collections(self) -> list[dict[str, Any]]:
        collections: list[dict[str, Any]] = httpx.get(self._base, timeout=30).raise_for_status().json()
        return collections

    def _post(self, collection: str, action: str, content: dict[str, Any]) -> Any:
        return httpx.post(f"{self._base}/{collection}/{action}", json=content, timeout=60).raise_for_status().json()


def differences(one: Rows, other: Rows) -> list[str]:
    """Where two runs differ, one line for each row that only one of them left."""
    found = []
    for name in one:
        rows = [{json.dumps(row, sort_keys=True) for row in side[name]} for side in (one, other)]
        found += [f"{name}: only listeners left {row}" for row in sorted(rows[0] - rows[1])]
        found += [f"{name}: only functions left {row}" for row in sorted(rows[1] - rows[0])]
        if len(one[name]) != len(other[name]):
            found.append(f"{name}: {len(one[name])} rows by listeners, {len(other[name])} by functions")
    return found

"""The part of pg_net that the product uses: `net.http_post` keeps requests in a table, a worker sends each once.

pg_net is an extension in C of hosted and self-hosted Supabase, which the local stack does not have. Signature, content
type check and encoding of the body are those of https://github.com/supabase/pg_net/tree/master/sql.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg

SCHEMA = """
create schema net;
create table net.http_request_queue (
    id bigint generated always as identity, url text, headers jsonb, body bytea, timeout_milliseconds integer);
create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}',
    headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds integer default 5000
) returns bigint
language plpgsql security definer set search_path = net as $$
declare
    v_id bigint;
begin
    if (select h.value from jsonb_each_text(headers) h where lower(h.key) = 'content-type') <> 'application/json' then
        raise exception 'Content-Type header must be "application/json"';
    end if;
    insert into net.http_request_queue (url, headers, body, timeout_milliseconds) values (
        http_post.url, http_post.headers, convert_to(http_post.body::text, 'UTF8'), http_post.timeout_milliseconds)
    returning id into v_id;
    return v_id;
end $$;
"""
IDLE_SECONDS = 0.02


def install(admin_dsn: str) -> None:
    """Make schema `net`."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(SCHEMA)
        admin.execute("grant usage on schema net to postgres; grant execute on all functions in schema net to postgres")
        admin.execute("grant select on net.http_request_queue to postgres")


@contextmanager
def worker(admin_dsn: str) -> Iterator[None]:
    """Send what is asked for, until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=_send_until, args=(admin_dsn, ended), name="pg_net")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _send_until(admin_dsn: str, ended: threading.Event) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin, httpx.Client() as client:
        while not ended.wait(IDLE_SECONDS):
            rows = admin.execute(
                "delete from net.http_request_queue returning url, headers, body, timeout_milliseconds"
            ).fetchall()
            for url, headers, body, milliseconds in rows:
                try:
                    client.post(url, headers=headers, content=body, timeout=milliseconds / 1000)
                except httpx.HTTPError:
                    continue  # it is not sent again

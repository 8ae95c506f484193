"""A backlog of jobs that do nothing, made in bulk."""

import psycopg

QUEUE = "purge"
# Every tenant but the first owns as much as any other. The lanes are opened by hand: the triggers that do it for each
# row would take most of the time.
FILL = """
with made as (
    insert into rivulet.jobs (queue, tenant_id, subject_id, state, expires_at, trace_id)
    select 'purge', lpad(to_hex(owner), 32, '0')::uuid, gen_random_uuid(), 'ready',
           clock_timestamp() + interval '1 day', 'trace'
    from generate_series(1, %(jobs)s) n,
         lateral (select case when n %% 100 < %(first)s then 1 else 1 + n / 100 %% %(tenants)s end as owner) o
    returning queue, tenant_id
)
insert into rivulet.lanes (queue, tenant_id, max_running)
select distinct m.queue, m.tenant_id, q.tenant_limit from made m join rivulet.queues q on q.name = m.queue
on conflict do nothing
"""


def fill(connection: psycopg.Connection, jobs: int, tenants: int = 200, first_percent: int = 90) -> None:
    """Insert ready jobs, `first_percent` of them for one tenant. The connection must be a superuser's."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")  # no triggers
        connection.execute(FILL, {"first": first_percent, "tenants": tenants, "jobs": jobs})

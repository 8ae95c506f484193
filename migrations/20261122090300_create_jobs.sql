-- The work queue. Reasons for its shape: infra/decisions/0001-postgres-is-the-queue.md.
-- Every instant below is the database's clock; only durations cross the API.
create table rivulet.queues (
    name text primary key,
    tenant_limit integer not null check (tenant_limit > 0),   -- jobs of one tenant that may run at once, unless its lane says otherwise
    max_attempts integer not null check (max_attempts > 0),
    attempt_deadline interval not null,                       -- one attempt may take this long, however well it beats
    give_up_after interval not null,                          -- from enqueue to the end, all attempts and waiting together
    armed boolean not null default true                       -- a listener sleeps: the next ready job rings the doorbell
) with (fillfactor = 50);
insert into rivulet.queues (name, tenant_limit, max_attempts, attempt_deadline, give_up_after) values
    ('parse', 4, 8, '10 minutes', '24 hours'),
    ('embed', 4, 12, '5 minutes', '24 hours'),
    ('respond', 4, 5, '5 minutes', '1 hour'),
    ('purge', 4, 20, '5 minutes', '7 days');

create type rivulet.job_state as enum (
    'waiting',  -- behind an earlier job of its group; promoted when that one ends
    'delayed',  -- to be tried again at run_at
    'ready',    -- can be claimed
    'running'   -- claimed: fence, worker and lease are set
);

create sequence rivulet.fences;

create table rivulet.jobs (
    id bigint generated always as identity primary key,
    queue text not null references rivulet.queues (name),
    tenant_id uuid not null,
    subject_id uuid not null,              -- the document or answer that the job is about
    group_key text,                        -- jobs of one group run one at a time, in order
    priority smallint not null default 0,  -- higher first, within a tenant
    state rivulet.job_state not null,
    run_at timestamptz not null default clock_timestamp(),
    attempt integer not null default 0,
    crash_count integer not null default 0,
    fence bigint,                          -- number of this claim; greater than that of every earlier claim of any job
    claim_req uuid,                        -- the claim request, so that a lost reply can be asked for again
    worker_id text,
    lease_until timestamptz,
    deadline_at timestamptz,               -- end of this attempt
    expires_at timestamptz not null,       -- end of the job
    cancel_requested boolean not null default false,
    dedupe_key text,
    payload jsonb not null default '{}',   -- ids, never content
    last_error text,
    trace_id text not null,
    created_at timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    constraint running_is_claimed check (
        (state = 'running') = (fence is not null and worker_id is not null and lease_until is not null))
) with (
    fillfactor = 70,                       -- room for HOT updates of the lease
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0
);
create index jobs_ready on rivulet.jobs (queue, tenant_id, priority desc, id) where state = 'ready';
create index jobs_delayed on rivulet.jobs (queue, run_at) where state = 'delayed';
create index jobs_claimed on rivulet.jobs (claim_req) where state = 'running';
create index jobs_by_group on rivulet.jobs (group_key, id) where group_key is not null;
create unique index jobs_one_active_per_group on rivulet.jobs (group_key) where group_key is not null and state <> 'waiting';
create unique index jobs_dedupe on rivulet.jobs (queue, dedupe_key) where dedupe_key is not null;
create index jobs_by_subject on rivulet.jobs (subject_id);
create index jobs_expiry on rivulet.jobs (expires_at);
-- Deliberately no index on lease_until: a heartbeat would then rewrite every index. The few running rows are found by this:
create index jobs_running on rivulet.jobs (queue, tenant_id) where state = 'running';

-- One lane per queue and tenant. Its row lock makes the tenant's limit exact.
create table rivulet.lanes (
    queue text not null references rivulet.queues (name),
    tenant_id uuid not null,
    max_running integer not null check (max_running > 0),
    running integer not null default 0,
    weight real not null default 1 check (weight > 0),
    vtime double precision not null default 0,  -- virtual time: jobs served / weight; the lane with the least is served next
    served_at timestamptz not null default '-infinity',  -- of lanes with the same virtual time, the one that waited longest
    active boolean not null default true,       -- may have ready jobs
    paused boolean not null default false,
    primary key (queue, tenant_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0);
create index lanes_next on rivulet.lanes (queue, vtime, served_at) where active and not paused and running < max_running;

-- A lane holds its limit, so that its lock is all it takes; what had the queue's goes along with it. In the order in which
-- others lock several.
create function rivulet.follow_tenant_limit() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform from rivulet.lanes where queue = new.name order by tenant_id for no key update;
    update rivulet.lanes set max_running = new.tenant_limit where queue = new.name and max_running = old.tenant_limit;
    return null;
end $$;
create trigger queues_follow_tenant_limit after update of tenant_limit on rivulet.queues
    for each row when (new.tenant_limit <> old.tenant_limit) execute function rivulet.follow_tenant_limit();

create type rivulet.job_outcome as enum ('done', 'dead', 'cancelled');

-- Append-only, in day partitions that are dropped whole. The default partition keeps a long-stopped system from failing.
create table rivulet.job_history (
    id bigint not null,
    finished_at timestamptz not null default clock_timestamp(),
    queue text not null,
    tenant_id uuid not null,
    subject_id uuid not null,
    group_key text,
    outcome rivulet.job_outcome not null,
    attempt integer not null,
    crash_count integer not null,
    fence bigint,
    worker_id text,
    error_code text,
    error_message text,
    payload jsonb not null,
    result jsonb,
    trace_id text not null,
    created_at timestamptz not null,
    claimed_at timestamptz,
    primary key (id, finished_at)
) partition by range (finished_at);
create table rivulet.job_history_default partition of rivulet.job_history default;
create index job_history_dead on rivulet.job_history (queue, finished_at) where outcome = 'dead';
create index job_history_by_subject on rivulet.job_history (subject_id);

-- Days of UTC, however whoever sweeps has set up the session. They are made days before they are needed: whoever reads the
-- history in a transaction that is still open goes first, and the next sweep tries again. Nobody waits long behind this.
create function rivulet.ensure_history_partitions() returns void
language plpgsql security definer
set search_path = '' set timezone = 'UTC' set datestyle = 'ISO' set lock_timeout = '100ms' as $$
declare
    v_day date;
    v_name text;
begin
    for v_day in select generate_series(current_date, current_date + 3, interval '1 day')::date loop
        v_name := 'job_history_' || to_char(v_day, 'YYYY_MM_DD');
        if to_regclass('rivulet.' || v_name) is null
           and not exists (select from rivulet.job_history_default
                           where finished_at >= v_day and finished_at < v_day + 1) then
            execute format('create table rivulet.%I partition of rivulet.job_history for values from (%L) to (%L)',
                           v_name, v_day, v_day + 1);
        end if;
    end loop;
exception when lock_not_available then
    null;
end $$;
select rivulet.ensure_history_partitions();

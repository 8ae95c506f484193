-- The job engine: enqueue, claim, heartbeat, finish, fail, release, cancel, sweep, depth.
--
-- Locks are always taken in this order, so that no two of these functions can deadlock:
--   subject row (document or message)  →  group  →  lane  →  job.
-- claim and sweep never wait for any of them: they skip what is locked.

create function rivulet.lock_group(p_group text) returns void
language sql volatile set search_path = '' as
$$ select pg_advisory_xact_lock(hashtextextended(p_group, 0)) where p_group is not null $$;

-- Called by triggers, in the transaction of the event itself: the job row is the outbox.
create function rivulet.enqueue(
    p_queue text, p_tenant uuid, p_subject uuid, p_payload jsonb, p_trace text,
    p_group text default null, p_dedupe text default null, p_priority smallint default 0
) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
    v_id bigint;
begin
    -- Held to commit: ids of one group are handed out in the order in which their transactions commit.
    perform rivulet.lock_group(p_group);
    insert into rivulet.jobs (queue, tenant_id, subject_id, payload, trace_id, group_key, dedupe_key, priority, state, expires_at)
    select q.name, p_tenant, p_subject, p_payload, p_trace, p_group, p_dedupe, p_priority,
           case when p_group is not null and exists (select from rivulet.jobs where group_key = p_group)
                then 'waiting' else 'ready' end::rivulet.job_state,
           clock_timestamp() + q.give_up_after
    from rivulet.queues q where q.name = p_queue
    on conflict (queue, dedupe_key) where dedupe_key is not null do nothing
    returning id into v_id;
    return v_id;
end $$;

-- Runs at commit (deferred), when the job is about to become visible: opens its lane, and rings if a listener sleeps.
-- A trigger at statement time would hold the lane's lock for the rest of a long transaction, and would ring too early.
create function rivulet.announce_ready() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from rivulet.lanes where queue = new.queue and tenant_id = new.tenant_id and active) then
        insert into rivulet.lanes as l (queue, tenant_id, max_running, vtime)
        select q.name, new.tenant_id, q.tenant_limit,
               -- Not zero: a tenant that slept does not come back with a claim on all the time it missed.
               coalesce((select min(vtime) from rivulet.lanes where queue = q.name and active), 0)
        from rivulet.queues q where q.name = new.queue
        on conflict (queue, tenant_id) do update set active = true, vtime = greatest(l.vtime, excluded.vtime);
    end if;
    perform rivulet.ring(new.queue);
    return null;
end $$;
create constraint trigger jobs_announce_ready after insert or update of state on rivulet.jobs
    deferrable initially deferred for each row when (new.state = 'ready') execute function rivulet.announce_ready();

-- The doorbell: carries no data, may ring twice or never. Only a sleeping listener arms it, so a busy queue sends nothing.
create function rivulet.ring(p_queue text, p_event text default 'wake') returns void
language plpgsql security definer set search_path = '' as $$
begin
    if p_event = 'wake' and not exists (select from rivulet.queues where name = p_queue and armed) then
        return;
    end if;
    perform realtime.send('{}'::jsonb, p_event, 'wake:' || p_queue, true);
    -- Skipped if another writer holds the row: then two bells ring, which harms nobody.
    update rivulet.queues set armed = false
    where name = (select name from rivulet.queues where name = p_queue and armed for update skip locked);
exception when others then
    raise warning 'doorbell of % did not ring: %', p_queue, sqlerrm;  -- never fails the writer; the timer covers it
end $$;

create function rivulet.as_claim(j rivulet.jobs) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'id', j.id, 'queue', j.queue, 'fence', j.fence, 'attempt', j.attempt, 'crash_count', j.crash_count,
        'tenant_id', j.tenant_id, 'subject_id', j.subject_id, 'payload', j.payload, 'trace_id', j.trace_id,
        'waited_ms', (extract(epoch from j.claimed_at - j.created_at) * 1000)::bigint,
        'deadline_seconds', extract(epoch from j.deadline_at - clock_timestamp()))
$$;

create function rivulet.take_ready(
    p_queue text, p_tenant uuid, p_limit integer, p_worker text, p_claim_req uuid, p_lease interval
) returns setof rivulet.jobs
language sql volatile set search_path = '' as $$
    update rivulet.jobs j
    set state = 'running', attempt = j.attempt + 1, fence = nextval('rivulet.fences'), claim_req = p_claim_req,
        worker_id = p_worker, claimed_at = clock_timestamp(), lease_until = clock_timestamp() + p_lease,
        deadline_at = clock_timestamp() + q.attempt_deadline
    from rivulet.queues q
    where q.name = p_queue and j.id in (
        select id from rivulet.jobs
        where queue = p_queue and tenant_id = p_tenant and state = 'ready'
        order by priority desc, id limit p_limit for update skip locked)
    returning j.*
$$;

-- Tenants that have ready jobs although their lane sleeps, or was never made (an announcement that failed, say).
-- One index probe per tenant, by skipping from one tenant to the next.
create function rivulet.wake_lanes(p_queue text) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    v_woken integer;
begin
    with recursive tenants (tenant_id) as (
        (select tenant_id from rivulet.jobs where queue = p_queue and state = 'ready' order by tenant_id limit 1)
        union all
        select (select j.tenant_id from rivulet.jobs j
                where j.queue = p_queue and j.state = 'ready' and j.tenant_id > t.tenant_id order by j.tenant_id limit 1)
        from tenants t where t.tenant_id is not null
    ), asleep as (
        select l.queue, l.tenant_id from tenants t join rivulet.lanes l on l.queue = p_queue and l.tenant_id = t.tenant_id
        where not l.active for update of l skip locked
    ), missing as (
        insert into rivulet.lanes (queue, tenant_id, max_running)
        select q.name, t.tenant_id, q.tenant_limit
        from tenants t join rivulet.queues q on q.name = p_queue
        where t.tenant_id is not null
          and not exists (select from rivulet.lanes l where l.queue = p_queue and l.tenant_id = t.tenant_id)
        on conflict do nothing
    )
    update rivulet.lanes l set active = true from asleep a where l.queue = a.queue and l.tenant_id = a.tenant_id;
    get diagnostics v_woken = row_count;
    return v_woken;
end $$;

-- Serves the lanes that waited longest. Returns the number of jobs taken; null if there was no lane to serve. Lanes found
-- empty go to sleep, so after a 0 it is worth asking again.
create function rivulet.claim_from_lanes(
    p_queue text, p_worker text, p_limit integer, p_claim_req uuid, p_lease interval
) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    v_lanes rivulet.lanes[];
    v_lane rivulet.lanes;
    v_share integer;
    v_taken integer;
    v_total integer := 0;
begin
    select array_agg(l order by l.vtime, l.served_at) into v_lanes from (
        select * from rivulet.lanes
        where queue = p_queue and active and not paused and running < max_running
        order by vtime, served_at limit p_limit for update skip locked) l;
    if v_lanes is null then return null; end if;
    for i in 1 .. array_length(v_lanes, 1) loop
        exit when v_total >= p_limit;
        v_lane := v_lanes[i];
        v_share := least(v_lane.max_running - v_lane.running,
                         ceil((p_limit - v_total)::numeric / (array_length(v_lanes, 1) - i + 1)));
        select count(*) into v_taken
        from rivulet.take_ready(p_queue, v_lane.tenant_id, v_share, p_worker, p_claim_req, p_lease);
        update rivulet.lanes
        set running = running + v_taken, vtime = vtime + v_taken / weight, served_at = clock_timestamp(),
            active = v_taken = v_share
        where queue = p_queue and tenant_id = v_lane.tenant_id;
        v_total := v_total + v_taken;
    end loop;
    return v_total;
end $$;

create function rivulet.claim_some(
    p_queue text, p_worker text, p_limit integer, p_claim_req uuid, p_lease interval
) returns boolean
language plpgsql volatile set search_path = '' as $$
declare
    v_taken integer := 0;
begin
    while v_taken = 0 loop
        v_taken := rivulet.claim_from_lanes(p_queue, p_worker, p_limit, p_claim_req, p_lease);
    end loop;
    return v_taken is not null;
end $$;

-- Claims up to p_limit jobs. The same p_claim_req again returns the same jobs (the reply had been lost).
-- Returns {jobs: […], more: bool}; more: come again at once, something may be left. Otherwise the doorbell is armed.
create function public.claim_jobs_v1(
    p_queue text, p_worker text, p_limit integer, p_claim_req uuid, p_lease_seconds integer default 30
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_lease interval := make_interval(secs => least(greatest(p_lease_seconds, 1), 600));
    v_limit integer := least(greatest(p_limit, 1), 1000);
    v_jobs jsonb;
    v_more boolean;
begin
    if not exists (select from rivulet.queues where name = p_queue) then
        raise exception 'There is no queue named %.', p_queue
            using hint = 'Queues: ' || (select string_agg(name, ', ' order by name) from rivulet.queues);
    end if;
    if not exists (select from rivulet.jobs where claim_req = p_claim_req and state = 'running') then
        update rivulet.jobs set state = 'ready' where id in (
            select id from rivulet.jobs where queue = p_queue and state = 'delayed' and run_at <= clock_timestamp()
            order by run_at limit 100 for update skip locked);
        if not rivulet.claim_some(p_queue, p_worker, v_limit, p_claim_req, v_lease) and rivulet.wake_lanes(p_queue) > 0 then
            perform rivulet.claim_some(p_queue, p_worker, v_limit, p_claim_req, v_lease);
        end if;
    end if;
    select coalesce(jsonb_agg(rivulet.as_claim(j) order by j.id), '[]') into v_jobs
    from rivulet.jobs j where j.claim_req = p_claim_req and j.state = 'running';
    v_more := exists (select from rivulet.lanes
                      where queue = p_queue and active and not paused and running < max_running);
    if not v_more then
        update rivulet.queues set armed = true where name = (
            select name from rivulet.queues where name = p_queue and not armed for update skip locked);
    end if;
    return jsonb_build_object('jobs', v_jobs, 'more', v_more);
end $$;

-- p_jobs: [{id, fence}]. Returns [{id, status}]: ok, lost (stop at once, somebody else may run it), cancel (stop and say so).
create function public.heartbeat_jobs_v1(p_jobs jsonb, p_lease_seconds integer default 30) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_result jsonb;
begin
    with asked as (
        select (e ->> 'id')::bigint as id, (e ->> 'fence')::bigint as fence from jsonb_array_elements(p_jobs) e
    ), beaten as (
        update rivulet.jobs j
        set lease_until = clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        from asked a
        where j.id = a.id and j.fence = a.fence and j.state = 'running' and j.deadline_at > clock_timestamp()
        returning j.id, j.fence, j.cancel_requested
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'status',
               case when b.id is null then 'lost' when b.cancel_requested then 'cancel' else 'ok' end)), '[]')
    into v_result from asked a left join beaten b using (id, fence);
    return v_result;
end $$;

-- Locks the subject of a job, whichever kind it is. With p_wait false: false if somebody else holds it.
create function rivulet.lock_subject(p_subject uuid, p_wait boolean default true) returns boolean
language plpgsql volatile set search_path = '' as $$
begin
    if p_wait then
        perform from public.documents where id = p_subject for no key update;
        perform from public.messages where id = p_subject for no key update;
        return true;
    end if;
    perform from public.documents where id = p_subject for no key update nowait;
    perform from public.messages where id = p_subject for no key update nowait;
    return true;
exception when lock_not_available then
    return false;
end $$;

-- The claimed job, locked in order, or null if the fence is not the current one: then the caller must change nothing.
create function rivulet.take(p_job bigint, p_fence bigint) returns rivulet.jobs
language plpgsql volatile set search_path = '' as $$
declare
    j rivulet.jobs;
begin
    select * into j from rivulet.jobs where id = p_job and fence = p_fence and state = 'running';
    if not found then return null; end if;
    perform rivulet.lock_subject(j.subject_id);
    perform rivulet.lock_group(j.group_key);
    perform from rivulet.lanes where queue = j.queue and tenant_id = j.tenant_id for no key update;
    select * into j from rivulet.jobs where id = p_job and fence = p_fence and state = 'running' for update;
    if not found then return null; end if;
    return j;
end $$;

-- A light look for steps in the middle of a job: holds off a sweep, takes no other lock.
create function rivulet.holds(p_job bigint, p_fence bigint) returns rivulet.jobs
language sql volatile set search_path = '' as
$$ select * from rivulet.jobs where id = p_job and fence = p_fence and state = 'running' for share $$;

create function rivulet.stale(p_job bigint, p_fence bigint) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object('status', case when exists (
        select from rivulet.job_history where id = p_job and fence = p_fence and outcome = 'done') then 'already' else 'stale' end)
$$;

create function rivulet.leave_lane(j rivulet.jobs) returns void
language sql volatile set search_path = '' as $$
    update rivulet.lanes set running = greatest(running - 1, 0)
    where queue = j.queue and tenant_id = j.tenant_id and j.state = 'running'
$$;

-- Ends a job that the caller has locked: history, lane, next of the group. The caller's effect is in the same transaction.
create function rivulet.finish(
    j rivulet.jobs, p_outcome rivulet.job_outcome, p_result jsonb default null,
    p_code text default null, p_message text default null
) returns void
language plpgsql volatile set search_path = '' as $$
begin
    delete from rivulet.jobs where id = j.id;
    insert into rivulet.job_history (
        id, queue, tenant_id, subject_id, group_key, outcome, attempt, crash_count, fence, worker_id,
        error_code, error_message, payload, result, trace_id, created_at, claimed_at)
    values (
        j.id, j.queue, j.tenant_id, j.subject_id, j.group_key, p_outcome, j.attempt, j.crash_count, j.fence, j.worker_id,
        p_code, p_message, j.payload, p_result, j.trace_id, j.created_at, j.claimed_at);
    perform rivulet.leave_lane(j);
    if j.group_key is not null and j.state <> 'waiting' then
        update rivulet.jobs set state = 'ready' where id = (
            select id from rivulet.jobs where group_key = j.group_key and state = 'waiting' order by id limit 1);
    end if;
end $$;

-- A job has failed for good: the document or answer says so, in words for a person, and whoever waits behind it goes on.
create function rivulet.bury(j rivulet.jobs, p_code text, p_message text) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if j.queue in ('parse', 'embed') then
        update public.documents
        set status = 'failed', error_code = p_code, error_message = p_message, updated_at = now()
        where id = j.subject_id and version = (j.payload ->> 'version')::integer and status <> 'failed';
    elsif j.queue = 'respond' then
        update public.messages
        set status = 'failed', error_code = p_code, error_message = p_message, updated_at = now()
        where id = j.subject_id and status in ('pending', 'streaming');
    end if;
    perform rivulet.finish(j, 'dead', null, p_code, p_message);
end $$;

create function rivulet.put_back(j rivulet.jobs, p_delay_seconds double precision, p_error text) returns void
language plpgsql volatile set search_path = '' as $$
begin
    update rivulet.jobs
    set state = (case when p_delay_seconds > 0 then 'delayed' else 'ready' end)::rivulet.job_state,
        run_at = clock_timestamp() + make_interval(secs => p_delay_seconds),
        attempt = j.attempt, crash_count = j.crash_count, last_error = left(p_error, 2000),
        fence = null, claim_req = null, worker_id = null, lease_until = null, deadline_at = null
    where id = j.id;
    perform rivulet.leave_lane(j);
end $$;

-- p_class: permanent (never again), transient (again, later), rate_limited (again, and no attempt is spent), cancelled.
-- Full jitter: a uniformly random share of min(300, 2^attempt) seconds, but never before p_retry_after_seconds.
create function public.fail_job_v1(
    p_job bigint, p_fence bigint, p_class text, p_code text, p_message text, p_retry_after_seconds double precision default 0
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    v_delay double precision;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if p_class = 'cancelled' or j.cancel_requested then
        perform rivulet.finish(j, 'cancelled', null, p_code, p_message);
        return '{"status": "cancelled"}';
    end if;
    if p_class = 'permanent' or (p_class <> 'rate_limited' and j.attempt >= (
           select max_attempts from rivulet.queues where name = j.queue)) then
        perform rivulet.bury(j, p_code, p_message);
        return '{"status": "dead"}';
    end if;
    v_delay := greatest(least(coalesce(p_retry_after_seconds, 0), 3600), random() * least(300, 2 ^ least(j.attempt, 20)));
    if p_class = 'rate_limited' then j.attempt := j.attempt - 1; end if;
    perform rivulet.put_back(j, v_delay, p_code || ': ' || p_message);
    return jsonb_build_object('status', 'retry', 'delay_seconds', v_delay);
end $$;

-- Gives back jobs that were claimed but not finished, at shutdown. No attempt is spent. p_jobs: [{id, fence}].
create function public.release_jobs_v1(p_jobs jsonb) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_one jsonb;
    j rivulet.jobs;
    v_released integer := 0;
begin
    for v_one in select e from jsonb_array_elements(p_jobs) e order by (e ->> 'id')::bigint loop
        j := rivulet.take((v_one ->> 'id')::bigint, (v_one ->> 'fence')::bigint);
        continue when j.id is null;
        j.attempt := j.attempt - 1;
        perform rivulet.put_back(j, 0, null);
        v_released := v_released + 1;
    end loop;
    return v_released;
end $$;

-- Ends what has not started, asks what runs to stop. Returns the number of jobs ended or asked.
create function rivulet.cancel_subject(p_subject uuid) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    j rivulet.jobs;
    v_count integer := 0;
begin
    for j in select * from rivulet.jobs where subject_id = p_subject order by id loop
        perform rivulet.lock_group(j.group_key);
        perform from rivulet.lanes where queue = j.queue and tenant_id = j.tenant_id for no key update;
        select * into j from rivulet.jobs where id = j.id for update;
        continue when not found;
        if j.state = 'running' then
            update rivulet.jobs set cancel_requested = true where id = j.id;
            perform rivulet.ring(j.queue, 'cancel');  -- a listener beats when it rings, and so learns of it
        else
            perform rivulet.finish(j, 'cancelled');
        end if;
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

create function public.cancel_job_v1(p_job bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_subject uuid := (select subject_id from rivulet.jobs where id = p_job);
begin
    if v_subject is null then return '{"status": "unknown"}'; end if;
    perform rivulet.lock_subject(v_subject);
    return jsonb_build_object('status', 'cancelled', 'jobs', rivulet.cancel_subject(v_subject));
end $$;

-- A lease ran out (the worker crashed) or an attempt passed its deadline (it hangs): counted, and three such ends are the end.
create function rivulet.sweep_running(j rivulet.jobs) returns void
language plpgsql volatile set search_path = '' as $$
begin
    j.crash_count := j.crash_count + 1;
    if j.cancel_requested then
        perform rivulet.finish(j, 'cancelled');
    elsif j.crash_count >= 3 then
        update rivulet.jobs set crash_count = j.crash_count where id = j.id;
        perform rivulet.bury(j, 'crashed', 'Processing stopped without a result three times, so it was given up. '
            'The file or question may need more memory or time than is allowed.');
    else
        perform rivulet.put_back(j, 0, 'the worker vanished or hung');
    end if;
end $$;

create function rivulet.sweep_one(p_job bigint) returns boolean
language plpgsql volatile set search_path = '' as $$
declare
    j rivulet.jobs;
begin
    select * into j from rivulet.jobs where id = p_job;
    if not found or not rivulet.lock_subject(j.subject_id, p_wait => false) then return false; end if;
    if j.group_key is not null and not pg_try_advisory_xact_lock(hashtextextended(j.group_key, 0)) then return false; end if;
    perform from rivulet.lanes where queue = j.queue and tenant_id = j.tenant_id for no key update skip locked;
    if not found then return false; end if;
    select * into j from rivulet.jobs where id = p_job for update skip locked;
    if not found then return false; end if;
    if j.expires_at < clock_timestamp() then
        perform rivulet.bury(j, 'expired', 'Nobody could finish this in time. The service may be down or overloaded; please try again.');
    elsif j.state = 'running' and (j.lease_until < clock_timestamp() or j.deadline_at < clock_timestamp()) then
        perform rivulet.sweep_running(j);
    else
        return false;
    end if;
    return true;
end $$;

-- A lane whose count is off (it never should be) would cost its tenant turns; the sweep puts it right.
create function rivulet.recount_lanes() returns integer
language plpgsql volatile set search_path = '' as $$
declare
    v_mended integer;
begin
    with counted as (
        select l.queue, l.tenant_id, l.running as noted,
               (select count(*) from rivulet.jobs j
                where j.queue = l.queue and j.tenant_id = l.tenant_id and j.state = 'running') as running
        from rivulet.lanes l where l.running > 0 for update of l skip locked
    )
    update rivulet.lanes l set running = c.running from counted c
    where l.queue = c.queue and l.tenant_id = c.tenant_id and c.running <> c.noted;
    get diagnostics v_mended = row_count;
    return v_mended;
end $$;

-- Keeps the promises that need a clock. Any listener may call it, as often as it likes; one at a time does the work.
create function public.sweep_jobs_v1() returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_swept integer := 0;
    v_id bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('rivulet.sweep', 0)) then return '{"status": "busy"}'; end if;
    for v_id in (select id from rivulet.jobs
                 where state = 'running' and least(lease_until, deadline_at) < clock_timestamp() limit 500)
                union all
                (select id from rivulet.jobs where expires_at < clock_timestamp() limit 500) loop
        if rivulet.sweep_one(v_id) then v_swept := v_swept + 1; end if;
    end loop;
    update rivulet.jobs j set state = 'ready' where j.id in (  -- a group whose head vanished without promoting the next
        select min(w.id) from rivulet.jobs w where w.state = 'waiting'
        and not exists (select from rivulet.jobs a where a.group_key = w.group_key and a.state <> 'waiting') group by w.group_key);
    perform rivulet.recount_lanes();
    perform rivulet.wake_lanes(name) from rivulet.queues;
    perform rivulet.ensure_history_partitions();
    return jsonb_build_object('status', 'done', 'swept', v_swept);
end $$;

-- For autoscalers and people: what could run now if there were workers, what runs, and how long the oldest has waited.
create function public.queue_depth_v1(p_queue text default null) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce(jsonb_object_agg(q.name, jsonb_build_object(
        'ready', (select count(*) from rivulet.jobs j where j.queue = q.name and j.state = 'ready'),
        'delayed', (select count(*) from rivulet.jobs j where j.queue = q.name and j.state = 'delayed'),
        'waiting', (select count(*) from rivulet.jobs j where j.queue = q.name and j.state = 'waiting'),
        'running', (select count(*) from rivulet.jobs j where j.queue = q.name and j.state = 'running'),
        'oldest_ready_seconds', coalesce((select extract(epoch from clock_timestamp() - min(j.created_at))
                                          from rivulet.jobs j where j.queue = q.name and j.state = 'ready'), 0))), '{}')
    from rivulet.queues q where p_queue is null or q.name = p_queue
$$;

-- How jobs are handed out: fair among tenants, exact in their limits, and again if the reply was lost.

-- A job with which two workers vanished may have killed them. Its third and last chance is taken alone, so that the next
-- crash is nobody else's.
create function rivulet.on_last_chance(j rivulet.jobs) returns boolean
language sql immutable as  -- like the next one without a search_path, so that it is inlined; its callers have set theirs
$$ select j.crash_count >= 2 $$;

create function rivulet.as_claim(j rivulet.jobs) returns jsonb
language sql volatile as $$
    select jsonb_build_object(
        'id', j.id, 'queue', j.queue, 'fence', j.fence, 'attempt', j.attempt, 'alone', rivulet.on_last_chance(j),
        'tenant_id', j.tenant_id, 'subject_id', j.subject_id, 'payload', j.payload, 'trace_id', j.trace_id,
        'waited_ms', (extract(epoch from j.claimed_at - j.created_at) * 1000)::bigint,
        'deadline_seconds', extract(epoch from j.deadline_at - clock_timestamp()))
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
    v_next bigint[];
    v_alone integer;  -- the place among them of the first that has to be alone
    v_taken integer;
    v_jobs bigint[] := '{}';
begin
    select array_agg(l order by l.vtime, l.served_at) into v_lanes from (
        select * from rivulet.lanes
        where queue = p_queue and active and not paused and running < max_running
        order by vtime, served_at limit p_limit for update skip locked) l;
    if v_lanes is null then return null; end if;
    for i in 1 .. array_length(v_lanes, 1) loop
        exit when cardinality(v_jobs) >= p_limit;
        v_lane := v_lanes[i];
        v_share := least(v_lane.max_running - v_lane.running,
                         ceil((p_limit - cardinality(v_jobs))::numeric / (array_length(v_lanes, 1) - i + 1)));
        select coalesce(array_agg(id order by place), '{}'), min(place) filter (where alone) into v_next, v_alone
        from (select j.id, row_number() over (order by j.priority desc, j.id) as place, rivulet.on_last_chance(j) as alone
              from (select * from rivulet.jobs
                    where queue = p_queue and tenant_id = v_lane.tenant_id and state = 'ready'
                    order by priority desc, id limit v_share for update skip locked) j) n;
        v_taken := case when v_alone = 1 and v_jobs = '{}' then 1 else coalesce(v_alone - 1, cardinality(v_next)) end;
        v_jobs := v_jobs || v_next[:v_taken];
        update rivulet.lanes
        set running = running + v_taken, vtime = vtime + v_taken / weight, served_at = clock_timestamp(),
            active = v_taken = v_share or v_taken < cardinality(v_next)
        where queue = p_queue and tenant_id = v_lane.tenant_id;
        exit when v_alone = 1 and v_taken = 1;
    end loop;
    update rivulet.jobs j
    set state = 'running', attempt = j.attempt + 1, fence = nextval('rivulet.fences'), claim_req = p_claim_req,
        worker_id = p_worker, claimed_at = clock_timestamp(), lease_until = clock_timestamp() + p_lease,
        deadline_at = clock_timestamp() + q.attempt_deadline
    from rivulet.queues q
    where q.name = p_queue and j.id = any (v_jobs);
    return cardinality(v_jobs);
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

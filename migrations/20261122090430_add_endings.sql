-- How jobs end, are put off and are given back.

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

-- Not if there is another version of it by now. Other jobs of this one find nothing left to do.
create function rivulet.fail_document(j rivulet.jobs, p_code text, p_message text) returns void
language sql volatile set search_path = '' as $$
    update public.documents
    set status = 'failed', error_code = p_code, error_message = p_message, updated_at = now()
    where id = j.subject_id and version = (j.payload ->> 'version')::integer and status <> 'failed'
$$;

-- A job has failed for good: the document or answer says so, in words for a person, and whoever waits behind it goes on.
create function rivulet.bury(j rivulet.jobs, p_code text, p_message text) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if j.queue in ('parse', 'embed') then
        perform rivulet.fail_document(j, p_code, p_message);
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

-- Ends jobs whose end has no effect but itself, many in one go. p_jobs: [{id, fence, result}]. Returns [{id, fence, status}]:
-- done; already (a repetition); stale (another worker may have it).
create function public.complete_jobs_v1(p_jobs jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_ids bigint[] := array(select (e ->> 'id')::bigint from jsonb_array_elements(p_jobs) e);
    v_groups text[] := array(select distinct group_key from rivulet.jobs
                             where id = any (v_ids) and state = 'running' and group_key is not null order by 1);
    v_result jsonb;
begin
    perform rivulet.lock_group(g) from unnest(v_groups) g;
    perform from rivulet.lanes where (queue, tenant_id) in (select queue, tenant_id from rivulet.jobs where id = any (v_ids))
    order by queue, tenant_id for no key update;
    perform from rivulet.jobs where id = any (v_ids) order by id for update;
    with asked as materialized (
        select a.id, a.fence, a.result from jsonb_to_recordset(p_jobs) as a (id bigint, fence bigint, result jsonb)
    ), ended as (
        delete from rivulet.jobs j using asked a
        where j.id = any (v_ids) and j.id = a.id and j.fence = a.fence and j.state = 'running'
        returning j.*, a.result
    ), recorded as (
        insert into rivulet.job_history (
            id, queue, tenant_id, subject_id, group_key, outcome, attempt, crash_count, fence, worker_id,
            payload, result, trace_id, created_at, claimed_at)
        select id, queue, tenant_id, subject_id, group_key, 'done', attempt, crash_count, fence, worker_id,
               payload, result, trace_id, created_at, claimed_at from ended
    ), left_lanes as (
        update rivulet.lanes l set running = greatest(l.running - e.count, 0)
        from (select queue, tenant_id, count(*)::integer as count from ended group by 1, 2) e
        where l.queue = e.queue and l.tenant_id = e.tenant_id
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'fence', a.fence) || case
               when e.id is null then rivulet.stale(a.id, a.fence) else '{"status": "done"}' end), '[]')
    into v_result from asked a left join ended e using (id, fence);
    update rivulet.jobs set state = 'ready' where id in (
        select (select w.id from rivulet.jobs w where w.group_key = g and w.state = 'waiting' order by w.id limit 1)
        from unnest(v_groups) g
        where not exists (select from rivulet.jobs a where a.group_key = g and a.state <> 'waiting'));
    return v_result;
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

-- Ends what has not started, asks what runs to stop. The caller has locked their subject, and sees to what its row says.
-- Returns the number of jobs ended or asked.
create function rivulet.cancel_jobs(p_jobs bigint[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    j rivulet.jobs;
    v_count integer := 0;
begin
    for j in select * from rivulet.jobs where id = any (p_jobs) order by id loop
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

-- The job, and what is of no use without it: the other jobs that make the same version of its document.
create function rivulet.jobs_with(j rivulet.jobs) returns bigint[]
language sql stable set search_path = '' as $$
    select array(select id from rivulet.jobs
                 where id = j.id or j.queue in ('parse', 'embed') and queue in ('parse', 'embed')
                   and subject_id = j.subject_id and payload -> 'version' = j.payload -> 'version')
$$;

-- For operators. The document or answer says so at once, so that it can be tried again whatever becomes of what still runs.
create function public.cancel_job_v1(p_job bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs;
    v_cancelled integer;
begin
    perform rivulet.lock_subject(subject_id) from rivulet.jobs where id = p_job;
    select * into j from rivulet.jobs where id = p_job;
    if not found then return '{"status": "unknown"}'; end if;
    v_cancelled := rivulet.cancel_jobs(rivulet.jobs_with(j));
    if j.queue in ('parse', 'embed') then
        perform rivulet.fail_document(j, 'cancelled', 'An operator stopped this. It can be tried again.');
    elsif j.queue = 'respond' then
        update public.messages set status = 'cancelled', updated_at = now()
        where id = j.subject_id and status in ('pending', 'streaming');
    end if;
    return jsonb_build_object('status', 'cancelled', 'jobs', v_cancelled);
end $$;

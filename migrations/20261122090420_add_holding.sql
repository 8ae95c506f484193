-- What only the holder of a claim may do: keep it, and act for it under its fence.

-- p_jobs: [{id, fence}]. Returns [{id, status}]: ok, lost (stop at once, somebody else may run it), cancel (stop and say so).
create function public.heartbeat_jobs_v1(p_jobs jsonb, p_lease_seconds integer default 30) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_result jsonb;
begin
    with asked as (
        select (e ->> 'id')::bigint as id, (e ->> 'fence')::bigint as fence from jsonb_array_elements(p_jobs) e
    ), held as (
        select j.id from rivulet.jobs j join asked a using (id, fence)
        where j.state = 'running' and j.deadline_at > clock_timestamp() order by j.id for no key update of j
    ), beaten as (
        update rivulet.jobs j
        set lease_until = clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        from held h where j.id = h.id
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

-- The same for a step that writes to the subject: its row comes first, as for whoever stops or deletes it.
create function rivulet.holds_subject(p_job bigint, p_fence bigint) returns rivulet.jobs
language plpgsql volatile set search_path = '' as $$
begin
    perform rivulet.lock_subject(subject_id) from rivulet.jobs where id = p_job;
    return rivulet.holds(p_job, p_fence);
end $$;

create function rivulet.stale(p_job bigint, p_fence bigint) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object('status', case when exists (
        select from rivulet.job_history where id = p_job and fence = p_fence and outcome = 'done') then 'already' else 'stale' end)
$$;

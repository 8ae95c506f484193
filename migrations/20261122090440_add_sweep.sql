-- What needs a clock: ends of leases, deadlines, and mending what should never break.

-- A lease ran out (the worker crashed) or an attempt passed its deadline (it hangs): counted, and three such ends are the end.
create function rivulet.sweep_running(j rivulet.jobs) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_was_last boolean := rivulet.on_last_chance(j);
begin
    j.crash_count := j.crash_count + 1;
    if j.cancel_requested then
        perform rivulet.finish(j, 'cancelled');
    elsif v_was_last then
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

-- Rewrites the hot tables when next to nothing in them is alive. Vacuum leaves every row that the oldest open transaction
-- might still see, and every claim steps over all of them: one transaction that somebody forgot would stop the queue.
-- Whoever has used these tables in a transaction that is still open (a backup, say) goes first; nobody waits long for that.
-- Reasons and measurements: infra/decisions/0023-dead-rows-are-shed.md.
create function rivulet.shed_dead_rows() returns boolean
language plpgsql volatile set search_path = '' set lock_timeout = '100ms' as $$
declare
    v_jobs rivulet.jobs[];
    v_lanes rivulet.lanes[];
begin
    if not exists (select from pg_catalog.pg_stat_user_tables
                   where schemaname = 'rivulet' and relname in ('jobs', 'lanes')
                     and n_dead_tup > 10000 and n_dead_tup > 10 * n_live_tup) then
        return false;
    end if;
    lock table rivulet.jobs, rivulet.lanes in access exclusive mode;
    v_jobs := array(select j from rivulet.jobs j);
    v_lanes := array(select l from rivulet.lanes l);
    truncate rivulet.jobs, rivulet.lanes;
    insert into rivulet.jobs overriding system value select j.* from unnest(v_jobs) j;
    insert into rivulet.lanes select l.* from unnest(v_lanes) l;
    return true;
exception when lock_not_available then
    return false;
end $$;

-- Keeps the promises that need a clock. Any listener may call it, as often as it likes; one at a time does the work.
create function public.sweep_jobs_v1() returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_swept integer := 0;
    v_id bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('rivulet.sweep', 0)) then return '{"status": "busy"}'; end if;
    perform rivulet.shed_dead_rows();
    for v_id in (select id from rivulet.jobs
                 where state = 'running' and least(lease_until, deadline_at) < clock_timestamp() limit 500)
                union all
                (select id from rivulet.jobs where expires_at < clock_timestamp() limit 500) loop
        if rivulet.sweep_one(v_id) then v_swept := v_swept + 1; end if;
    end loop;
    update rivulet.jobs j set state = 'ready' where j.id in (  -- a group whose head vanished without promoting the next
        select min(w.id) from rivulet.jobs w where w.group_key is not null and w.state = 'waiting'
        and not exists (select from rivulet.jobs a where a.group_key = w.group_key and a.state <> 'waiting') group by w.group_key);
    perform rivulet.recount_lanes();
    perform rivulet.wake_lanes(name) from rivulet.queues;
    perform rivulet.sweep_watches();
    perform rivulet.fold_usages();
    perform rivulet.forget_asked();
    perform rivulet.ensure_history_partitions();
    return jsonb_build_object('status', 'done', 'swept', v_swept);
end $$;

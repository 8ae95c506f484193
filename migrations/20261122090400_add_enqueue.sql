-- How jobs come in, and how whoever does them hears of it.
--
-- Every function of the engine takes locks in this order, so that no two of them can deadlock:
--   subject row (document or message)  →  group  →  lane  →  job; several of a kind in the order of their keys.
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
        begin
            insert into rivulet.lanes as l (queue, tenant_id, max_running, vtime)
            select q.name, new.tenant_id, q.tenant_limit,
                   -- Not zero: a tenant that slept does not come back with a claim on all the time it missed.
                   coalesce((select min(vtime) from rivulet.lanes where queue = q.name and active), 0)
            from rivulet.queues q where q.name = new.queue
            on conflict (queue, tenant_id) do update set active = true, vtime = greatest(l.vtime, excluded.vtime);
        exception when serialization_failure or deadlock_detected or lock_not_available then
            -- Nobody's commit fails by it: a transaction with a fixed snapshot may not touch a lane that has changed since,
            -- and two may want the same lanes in another order. The sweep wakes the lane then.
            null;
        end;
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

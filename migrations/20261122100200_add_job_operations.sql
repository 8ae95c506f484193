-- What operators see and do: workers, an overview, lists of live and dead jobs, redrive with a record, retention.

-- Who works, as the workers last said themselves. Unlogged: after a crash of the database they say it again.
create unlogged table rivulet.workers (
    worker_id text primary key,
    queues text[] not null,
    concurrency integer not null,
    running integer not null,
    hears boolean not null,                    -- its doorbell works; otherwise it looks by timer
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- With no place for a job left (p_concurrency 0) a worker leaves: nobody counts on it any more.
create function public.report_worker_v1(
    p_worker text, p_queues text[], p_concurrency integer, p_running integer, p_hears boolean
) returns void
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    if p_concurrency = 0 then
        delete from rivulet.workers where worker_id = p_worker;
        return;
    end if;
    insert into rivulet.workers (worker_id, queues, concurrency, running, hears)
    values (p_worker, p_queues, p_concurrency, p_running, p_hears)
    on conflict (worker_id) do update
        set running = excluded.running, hears = excluded.hears, seen_at = clock_timestamp();
    delete from rivulet.workers where seen_at < clock_timestamp() - interval '10 minutes';
end $$;

-- What operators did, for good.
create table rivulet.audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    action text not null,
    detail jsonb not null
);

create function rivulet.audit(p_action text, p_detail jsonb) returns void
language sql volatile set search_path = '' as
$$ insert into rivulet.audit_log (action, detail) values (p_action, p_detail) $$;

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

-- The last death of each subject in a queue that nothing has made good since: its document or answer is still failed, its job
-- has neither a new life nor come to a good end.
create function rivulet.open_deaths(p_queue text default null) returns setof rivulet.job_history
language sql stable set search_path = '' as $$
    select l.* from (
        select distinct on (queue, subject_id) * from rivulet.job_history
        where outcome = 'dead' and (p_queue is null or queue = p_queue)
        order by queue, subject_id, finished_at desc) l
    where case
        when l.queue in ('parse', 'embed') then exists (
            select from public.documents where id = l.subject_id and status = 'failed' and error_code = l.error_code)
        when l.queue = 'respond' then exists (
            select from public.messages where id = l.subject_id and status = 'failed' and superseded_at is null)
        else not exists (select from rivulet.jobs where queue = l.queue and subject_id = l.subject_id)
             and not exists (select from rivulet.moves where id = (l.payload ->> 'move_id')::bigint and finished_at is not null)
             and not exists (select from rivulet.job_history later where later.queue = l.queue and later.outcome = 'done'
                             and later.subject_id = l.subject_id and later.finished_at > l.finished_at)
    end
$$;

-- One look at everything: per queue its depth, the age of its oldest ready job, what ended in the last minute and how many
-- are dead; the fullest lanes; the workers seen in the last minute.
create function public.engine_status_v1() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select jsonb_build_object(
        'queues', (
            select coalesce(jsonb_object_agg(q.name, depth.value || jsonb_build_object(
                'done_last_minute', (select count(*) from rivulet.job_history h where h.queue = q.name and h.outcome = 'done'
                                     and h.finished_at > clock_timestamp() - interval '1 minute'),
                'dead', (select count(*) from rivulet.open_deaths(q.name)))), '{}')
            from rivulet.queues q join jsonb_each(public.queue_depth_v1()) depth on depth.key = q.name),
        'lanes', (
            select coalesce(jsonb_agg(to_jsonb(l)), '[]') from (
                select queue, tenant_id, running, max_running, paused from rivulet.lanes
                where running > 0 or paused order by running desc, queue, tenant_id limit 10) l),
        'workers', (
            select coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object(
                       'seen_seconds_ago', extract(epoch from clock_timestamp() - w.seen_at)) order by w.worker_id), '[]')
            from rivulet.workers w where w.seen_at > clock_timestamp() - interval '1 minute'))
$$;

-- Live jobs, oldest first.
create function public.list_jobs_v1(p_queue text default null, p_state text default null, p_limit integer default 50)
returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', j.id, 'queue', j.queue, 'state', j.state, 'tenant_id', j.tenant_id, 'subject_id', j.subject_id,
        'attempt', j.attempt, 'crash_count', j.crash_count, 'worker_id', j.worker_id, 'last_error', j.last_error,
        'age_seconds', extract(epoch from clock_timestamp() - j.created_at), 'trace_id', j.trace_id) order by j.id), '[]')
    from (select * from rivulet.jobs where (p_queue is null or queue = p_queue)
          and (p_state is null or state = p_state::rivulet.job_state) order by id limit least(p_limit, 1000)) j
$$;

-- Everything about one job, live or ended; null if there never was one.
create function public.show_job_v1(p_job bigint) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce((select to_jsonb(j) from rivulet.jobs j where j.id = p_job),
                    (select to_jsonb(h) from rivulet.job_history h where h.id = p_job))
$$;

-- What a job is about, as people know it; null if that is gone.
create function rivulet.about(p_subject uuid) returns text
language sql stable set search_path = '' as $$
    select coalesce(
        (select 'document ' || title from public.documents where id = p_subject),
        (select 'answer in conversation ' || conversation_id from public.messages where id = p_subject),
        (select 'library ' || name from public.libraries where id = p_subject))
$$;

-- Open deaths, latest first.
create function public.list_dead_v1(p_queue text default null, p_limit integer default 50) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', h.id, 'queue', h.queue, 'tenant_id', h.tenant_id, 'subject_id', h.subject_id, 'attempt', h.attempt,
        'crash_count', h.crash_count, 'error_code', h.error_code, 'error_message', h.error_message,
        'finished_at', h.finished_at, 'trace_id', h.trace_id, 'about', rivulet.about(h.subject_id)) order by h.finished_at desc), '[]')
    from (select * from rivulet.open_deaths(p_queue) order by finished_at desc limit least(p_limit, 1000)) h
$$;

-- What is wrong with a file, an address or a question is the affair of whoever it is from, who was told.
create function rivulet.is_theirs(p_code text) returns boolean
language sql immutable set search_path = '' as $$
    select p_code = any (array[
        'encrypted', 'wrong_password', 'unreadable', 'unsupported_type', 'empty', 'no_text', 'needs_ocr', 'too_complex', 'too_large',
        'unknown_type', 'unsupported_encryption', 'too_long', 'bad_name', 'bad_address', 'bad_answer', 'bad_certificate',
        'address_not_allowed', 'unknown_host', 'not_found', 'too_many_redirects', 'fetch_refused', 'fetch_failed', 'over_quota', 'question_too_long', 'content_filter'])
$$;

-- By queue, the open deaths that are an operator's affair.
create function rivulet.deaths_to_mend() returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(queue, count), '{}') from (
        select queue, count(*) from rivulet.open_deaths() where not rivulet.is_theirs(error_code) group by queue) counted
$$;

-- Gives those that are dead a new life: the document or answer starts anew. Recorded.
create function public.redrive_jobs_v1(p_queue text, p_subject uuid default null, p_limit integer default 100)
returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    h rivulet.job_history;
    v_subjects uuid[] := '{}';
begin
    for h in select * from rivulet.open_deaths(p_queue) where p_subject is null or subject_id = p_subject loop
        exit when array_length(v_subjects, 1) >= least(p_limit, 1000);
        if rivulet.redrive(h) then v_subjects := v_subjects || h.subject_id; end if;
    end loop;
    perform rivulet.audit('redrive', jsonb_build_object('queue', p_queue, 'subjects', to_jsonb(v_subjects)));
    return coalesce(array_length(v_subjects, 1), 0);
end $$;

-- Of an open death. False if there is nothing to do again: the subject is gone meanwhile, or under way.
create function rivulet.redrive(h rivulet.job_history) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
    if exists (select from rivulet.jobs where queue = h.queue and subject_id = h.subject_id) then return false; end if;
    case
        when h.queue in ('parse', 'embed') then return rivulet.restart_document(h.subject_id);
        when h.queue = 'respond' then return rivulet.restart_answer(h.subject_id);
        else
            perform rivulet.enqueue(h.queue, h.tenant_id, h.subject_id, h.payload, h.trace_id, h.group_key);
            return true;
    end case;
end $$;

-- Drops whole days of history, and what the default partition holds of them. A day that somebody reads in a transaction that
-- is still open is left for the next time: every job that ends would wait for it. Run it daily; hosted Supabase has pg_cron:
--   select cron.schedule('rivulet-history', '17 3 * * *', 'select public.drop_history_v1(30)');
--   select cron.schedule('rivulet-vacuum', '30 seconds', 'vacuum rivulet.jobs, rivulet.lanes, rivulet.queues');
--   select cron.schedule('rivulet-sweep', '30 seconds', 'select public.sweep_jobs_v1()');
create function public.drop_history_v1(p_keep_days integer) returns integer
language plpgsql security definer set search_path = '' set timezone = 'UTC' set lock_timeout = '100ms' as $$
declare
    v_oldest date := current_date - greatest(p_keep_days, 1);
    v_name text;
    v_dropped integer := 0;
begin
    for v_name in select relname from pg_class where relnamespace = 'rivulet'::regnamespace
                  and relname ~ '^job_history_\d{4}_\d{2}_\d{2}$'
                  and to_date(right(relname, 10), 'YYYY_MM_DD') < v_oldest loop
        begin
            execute format('drop table rivulet.%I', v_name);
            v_dropped := v_dropped + 1;
        exception when lock_not_available then
            null;
        end;
    end loop;
    delete from rivulet.job_history_default where finished_at < v_oldest;
    perform rivulet.audit('drop_history', jsonb_build_object('before', v_oldest, 'partitions', v_dropped));
    return v_dropped;
end $$;

do $$
declare
    f regprocedure;
begin
    foreach f in array array[
        'public.queue_depth_v1(text)', 'public.engine_status_v1()',
        'public.report_worker_v1(text, text[], integer, integer, boolean)',
        'public.list_jobs_v1(text, text, integer)', 'public.show_job_v1(bigint)', 'public.list_dead_v1(text, integer)',
        'public.redrive_jobs_v1(text, uuid, integer)', 'public.drop_history_v1(integer)']::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    revoke execute on function rivulet.audit(text, jsonb), rivulet.redrive(rivulet.job_history), rivulet.about(uuid),
        rivulet.is_theirs(text), rivulet.open_deaths(text), rivulet.deaths_to_mend() from public;
end $$;

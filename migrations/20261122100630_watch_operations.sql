-- What operators see in the browser: the engine's figures, the last hour, what is dead or stuck, one trace; and mending it.
-- An operator is a person with a row here, nothing else; each function asks for it first.

create table rivulet.operators (
    user_id uuid primary key references auth.users (id) on delete cascade,
    since timestamptz not null default now()
);

create function public.is_operator() returns boolean
language sql stable security definer set search_path = '' as
$$ select exists (select from rivulet.operators where user_id = auth.uid()) $$;

create function rivulet.require_operator() returns void
language plpgsql stable security definer set search_path = '' as $$
begin
    if not public.is_operator() then
        raise exception 'This is for operators.' using errcode = 'insufficient_privilege',
            hint = 'Whoever has the secret key makes one: select set_operator_v1(''person@example.com'').';
    end if;
end $$;

-- For whoever has the secret key. False: there is nobody with this e-mail.
create function public.set_operator_v1(p_email text, p_operator boolean default true) returns boolean
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_user uuid := (select id from auth.users where lower(email) = lower(btrim(p_email)));
begin
    if v_user is null then return false; end if;
    if p_operator then
        insert into rivulet.operators (user_id) values (v_user) on conflict do nothing;
    else
        delete from rivulet.operators where user_id = v_user;
    end if;
    perform rivulet.audit('set_operator', jsonb_build_object('user_id', v_user, 'operator', p_operator));
    return true;
end $$;

-- Rows are appended in the order of their end, so a summary of each block finds the last hour.
create index job_history_by_time on rivulet.job_history using brin (finished_at) with (pages_per_range = 16);

-- Documents that are not ready: those that failed, and those that nothing has been heard of for a minute. Worst first.
create function rivulet.stuck_documents(p_limit integer) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', d.id, 'title', d.title, 'status', d.status, 'error_code', d.error_code, 'error_message', d.error_message,
        'trace_id', d.trace_id, 'age_seconds', extract(epoch from clock_timestamp() - d.updated_at)) order by d.updated_at desc), '[]')
    from (select * from public.documents
          where status = 'failed' or (status <> 'ready' and updated_at < clock_timestamp() - interval '1 minute')
          order by updated_at desc limit p_limit) d
$$;
create index documents_unready on public.documents (updated_at) where status <> 'ready';

create function public.ops_overview() returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    perform rivulet.require_operator();
    return public.engine_status_v1() || jsonb_build_object(
        'at', clock_timestamp(), 'live', public.list_jobs_v1(null, null, 50), 'dead', public.list_dead_v1(null, 50),
        'documents', rivulet.stuck_documents(50));
end $$;

-- The last hour by minutes: {jobs: [{minute, queue, done, dead}], answers: [{minute, answers, median, slow}]}; the time from a
-- question's event to the first token of its answer in milliseconds.
create function public.ops_series() returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    perform rivulet.require_operator();
    return jsonb_build_object(
        'jobs', (select coalesce(jsonb_agg(to_jsonb(s) order by s.minute, s.queue), '[]') from (
            select date_trunc('minute', finished_at) as minute, queue,
                   count(*) filter (where outcome = 'done') as done, count(*) filter (where outcome = 'dead') as dead
            from rivulet.job_history where finished_at > clock_timestamp() - interval '1 hour' group by 1, 2) s),
        'answers', (select coalesce(jsonb_agg(to_jsonb(s) order by s.minute), '[]') from (
            select date_trunc('minute', updated_at) as minute, count(*) as answers,
                   round(percentile_cont(0.5) within group (order by took))::integer as median,
                   round(percentile_cont(0.95) within group (order by took))::integer as slow
            from (select m.updated_at, (m.timings ->> 'queued')::float8 + (m.timings ->> 'first_token')::float8 as took
                  from rivulet.job_history h join public.messages m on m.id = h.subject_id
                  where h.queue = 'respond' and h.outcome = 'done' and h.finished_at > clock_timestamp() - interval '1 hour'
                    and m.timings is not null) a
            group by 1) s));
end $$;

create function public.ops_redrive(p_queue text, p_subject uuid default null) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    perform rivulet.require_operator();
    perform rivulet.audit('redrive_in_browser', jsonb_build_object('user_id', auth.uid(), 'queue', p_queue, 'subject', p_subject));
    return public.redrive_jobs_v1(p_queue, p_subject);
end $$;

create function public.ops_cancel(p_job bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    perform rivulet.require_operator();
    perform rivulet.audit('cancel_in_browser', jsonb_build_object('user_id', auth.uid(), 'job', p_job));
    return public.cancel_job_v1(p_job);
end $$;

-- The subjects of a trace; also found by the id of a document, of a question or of an answer.
create function rivulet.subjects_of_trace(p_id text) returns uuid[]
language sql stable set search_path = '' as $$
    with wanted as (
        select lower(btrim(p_id)) as trace, case when p_id ~* '^\s*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\s*$' then btrim(p_id)::uuid end as id
    )
    select array(
        select d.id from public.documents d, wanted w where d.id = w.id or d.trace_id = w.trace
        union
        select m.id from public.messages m, wanted w where m.id = w.id or m.reply_to = w.id or m.trace_id = w.trace
        union
        select q.reply_to from public.messages q, wanted w where q.id = w.id and q.reply_to is not null
        union
        select h.subject_id from rivulet.job_history h, wanted w where h.subject_id = w.id
        union
        select j.subject_id from rivulet.jobs j, wanted w where j.subject_id = w.id)
$$;

create index documents_by_trace on public.documents (trace_id);
create index messages_by_trace on public.messages (trace_id);

-- From an upload or a question to its end: {documents, messages, jobs, deletions}, each in order of time. No content of either.
create function public.ops_trace(p_id text) returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_subjects uuid[];
begin
    perform rivulet.require_operator();
    v_subjects := rivulet.subjects_of_trace(p_id);
    return jsonb_build_object(
        'documents', (select coalesce(jsonb_agg(jsonb_build_object(
            'id', d.id, 'title', d.title, 'status', d.status, 'source', d.source, 'version', d.version, 'pages', d.pages,
            'chunks', d.chunks_total, 'error_message', d.error_message, 'trace_id', d.trace_id, 'created_at', d.created_at,
            'ready_at', d.ready_at) order by d.created_at), '[]') from public.documents d where d.id = any (v_subjects)),
        'messages', (select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'role', m.role, 'status', m.status, 'model', m.model, 'timings', m.timings, 'usage', m.usage,
            'error_message', m.error_message, 'trace_id', m.trace_id, 'created_at', m.created_at, 'updated_at', m.updated_at)
            order by m.position), '[]') from public.messages m where m.id = any (v_subjects)),
        'jobs', (select coalesce(jsonb_agg(to_jsonb(j) order by j.created_at, j.id), '[]') from (
            select id, queue, state::text as state, attempt, crash_count, worker_id, last_error as error, created_at, claimed_at,
                   null::timestamptz as finished_at from rivulet.jobs where subject_id = any (v_subjects)
            union all
            select id, queue, outcome::text, attempt, crash_count, worker_id, error_message, created_at, claimed_at, finished_at
            from rivulet.job_history where subject_id = any (v_subjects) limit 200) j),
        'deletions', (select coalesce(jsonb_agg(jsonb_build_object(
            'document_id', x.document_id, 'cause', x.cause, 'requested_at', x.requested_at, 'completed_at', x.completed_at)
            order by x.requested_at), '[]') from public.deletions x where x.document_id = any (v_subjects)));
end $$;

revoke execute on function rivulet.require_operator(), rivulet.stuck_documents(integer), rivulet.subjects_of_trace(text) from public;
revoke execute on function public.set_operator_v1(text, boolean) from public, anon, authenticated;
grant execute on function public.set_operator_v1(text, boolean) to service_role;
revoke execute on function public.is_operator(), public.ops_overview(), public.ops_series(), public.ops_redrive(text, uuid),
    public.ops_cancel(bigint), public.ops_trace(text) from public, anon;
grant execute on function public.is_operator(), public.ops_overview(), public.ops_series(), public.ops_redrive(text, uuid),
    public.ops_cancel(bigint), public.ops_trace(text) to authenticated;

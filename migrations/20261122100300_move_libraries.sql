-- A library's vectors move: into a collection of their own once they are many, or to another embedding model. One way for
-- both: they are built anew beside the old ones, from the passages; whatever is embedded meanwhile is written to both
-- places; the new place is checked; the placement is swapped; the old place is purged.
-- Reasons: infra/decisions/0051-one-way-to-move.md.

insert into rivulet.queues (name, tenant_limit, max_attempts, attempt_deadline, give_up_after)
values ('move', 4, 12, '30 minutes', '30 days');

-- ── Beginning and end ────────────────────────────────────────────────────────────────────────────────────────────────

create function rivulet.enqueue_move(m rivulet.moves, p_step text, p_until uuid default null) returns bigint
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('move', coalesce(rivulet.tenant_of_library(m.library_id), m.library_id), m.library_id,
        jsonb_strip_nulls(jsonb_build_object('library_id', m.library_id, 'move_id', m.id, 'step', p_step, 'until', p_until)),
        m.trace_id, null, format('%s:%s', m.id, coalesce(p_until::text, p_step)))
$$;

-- The ids of passages are spread evenly (they are hashes), so equal ranges of ids are about equal numbers of passages.
create function rivulet.cut_ranges(p_move bigint, p_total integer) returns void
language sql volatile set search_path = '' as $$
    with cuts as (
        select n, (case when p_total < 4000 then 1 else 8 end) as ranges from generate_series(0, 8) n
    ), ends as (
        select n, (lpad(to_hex(65536 * n / ranges - 1), 4, '0') || repeat('f', 28))::uuid as until
        from cuts where n between 1 and ranges
    )
    insert into rivulet.move_ranges (move_id, until, after)
    select p_move, until, coalesce(lag(until) over (order by n), '00000000-0000-0000-0000-000000000000') from ends
$$;

-- Begins a move; null if the library is already there or has no vectors. The caller holds no other lock.
create function rivulet.begin_move(p_library uuid, p_collection text, p_model text) returns bigint
language plpgsql volatile set search_path = '' as $$
declare
    p rivulet.placements;
    m rivulet.moves;
begin
    select * into p from rivulet.placements where library_id = p_library for update;
    if p.model is null or (p.collection, p.model) = (p_collection, p_model)
       or rivulet.tenant_of_library(p_library) is null then return null; end if;
    select * into m from rivulet.moves where library_id = p_library and finished_at is null;
    if found and (m.collection, m.model) = (p_collection, p_model) then return m.id; end if;
    if found then
        raise exception 'Library % is already being moved, to % in %.', p_library, m.model, m.collection
            using hint = 'Let it finish, or abandon it: rivulet reindex --abandon.';
    end if;
    if exists (select from rivulet.jobs where queue = 'purge' and subject_id = p_library) then
        raise exception 'What library % left behind by its last move is still being purged.', p_library
            using hint = 'Try again in a minute.';
    end if;
    insert into rivulet.moves (library_id, from_collection, from_model, collection, model, total)
    select p_library, p.collection, p.model, p_collection, p_model, coalesce(sum(chunks_total), 0)
    from public.documents where library_id = p_library returning * into m;
    perform rivulet.cut_ranges(m.id, m.total);
    perform rivulet.enqueue_moves(m);
    return m.id;
end $$;

-- Jobs for everything that is left to do and has none. What is there already is not embedded again by another round.
create function rivulet.enqueue_moves(m rivulet.moves) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if m.stopped or m.state not in ('building', 'checking') then return; end if;
    if m.incomplete and not exists (select from rivulet.move_ranges where move_id = m.id) then
        perform rivulet.cut_ranges(m.id, m.total);
        update rivulet.moves set state = 'building', incomplete = false, built = 0 where id = m.id;
    end if;
    if exists (select from rivulet.move_ranges where move_id = m.id) then
        perform rivulet.enqueue_move(m, 'build', until) from rivulet.move_ranges where move_id = m.id;
    else
        update rivulet.moves set state = 'checking' where id = m.id;
        perform rivulet.enqueue_move(m, 'check');
    end if;
end $$;

-- Purges a place that a library has left. Not at once: searches that began before may still be looking there.
create function rivulet.purge_place(m rivulet.moves, p_collection text, p_model text) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_job bigint := rivulet.enqueue(
        'purge', coalesce(rivulet.tenant_of_library(m.library_id), m.library_id), m.library_id,
        jsonb_build_object('library_id', m.library_id, 'places',
                           jsonb_build_array(jsonb_build_object('collection', p_collection, 'model', p_model))), m.trace_id);
begin
    update rivulet.jobs set state = 'delayed', run_at = clock_timestamp() + interval '30 seconds' where id = v_job;
end $$;

-- Ends a move, and purges the place that is not needed any more.
create function rivulet.end_move(m rivulet.moves, p_swap boolean, p_checked jsonb default null) returns void
language plpgsql volatile set search_path = '' as $$
begin
    update rivulet.placements
    set collection = case when p_swap then m.collection else collection end,
        model = case when p_swap then m.model else model end
    where library_id = m.library_id;
    update rivulet.moves
    set state = case when p_swap then 'done' else 'abandoned' end, checked = coalesce(p_checked, checked), error = null,
        updated_at = clock_timestamp(), finished_at = clock_timestamp()
    where id = m.id;
    perform rivulet.purge_place(m, case when p_swap then m.from_collection else m.collection end,
                                case when p_swap then m.from_model else m.model end);
end $$;

-- ── Promotion ────────────────────────────────────────────────────────────────────────────────────────────────────────

create function rivulet.promotion_size() returns integer
language sql immutable set search_path = '' as 'select 2000';

-- The begin takes a lock that the caller of this may hold a share of, so it is a job's.
create function rivulet.propose_promotion() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if exists (select from rivulet.placements where library_id = new.library_id
               and collection <> rivulet.own_collection(library_id))
       and not exists (select from rivulet.moves where library_id = new.library_id and finished_at is null)
       and (select sum(chunks_total) from public.documents where library_id = new.library_id) > rivulet.promotion_size() then
        perform rivulet.enqueue('move', rivulet.tenant_of_library(new.library_id), new.library_id,
                                jsonb_build_object('library_id', new.library_id, 'step', 'promote'), new.trace_id, null,
                                new.library_id || ':promote');
    end if;
    return null;
end $$;
create trigger documents_propose_promotion after update of active_version on public.documents
    for each row when (new.active_version is distinct from old.active_version)
    execute function rivulet.propose_promotion();

-- ── What the move handler calls ──────────────────────────────────────────────────────────────────────────────────────

create function rivulet.as_passage(c public.chunks) returns jsonb
language sql stable set search_path = '' as $$
    select to_jsonb(c) - 'search' || jsonb_build_object(
        'title', (select title from public.documents where id = c.document_id))
$$;

-- Forty passages of what is searched, each as likely as the others.
create function rivulet.sample_passages(p_library uuid) returns jsonb
language sql volatile set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('chunk_id', id, 'text', text)), '[]') from (
        select distinct on (c.id) c.id, c.text
        from (select gen_random_uuid() as pivot from generate_series(1, 40)) s
        cross join lateral (
            select c.id, c.text from public.chunks c
            join public.documents d on d.id = c.document_id and d.active_version = c.version
            where c.library_id = p_library and c.id > s.pivot order by c.id limit 1) c) sampled
$$;

create function rivulet.move_work(j rivulet.jobs, m rivulet.moves) returns jsonb
language sql volatile set search_path = '' as $$
    select jsonb_build_object('status', 'ok', 'step', j.payload -> 'step', 'library_id', m.library_id,
        'old', jsonb_build_object('collection', m.from_collection, 'model', m.from_model),
        'new', jsonb_build_object('collection', m.collection, 'model', m.model))
    || case j.payload ->> 'step' when 'check' then jsonb_build_object('samples', rivulet.sample_passages(m.library_id))
       else jsonb_build_object('chunks', (
            select coalesce(jsonb_agg(rivulet.as_passage(c) order by c.id), '[]') from (
                select c.* from rivulet.move_ranges r join public.chunks c on c.id > r.after and c.id <= r.until
                where r.move_id = m.id and r.until = (j.payload ->> 'until')::uuid and c.library_id = m.library_id
                order by c.id limit 256) c)) end
$$;

-- Ends a job that has nothing left to do.
create function rivulet.end_idle(p_job bigint, p_fence bigint) returns jsonb
language plpgsql volatile set search_path = '' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'cancelled', null, 'superseded', 'The move was stopped or has ended.');
    return '{"status": "superseded"}';
end $$;

create function rivulet.start_promotion(p_job bigint, p_fence bigint) returns jsonb
language plpgsql volatile set search_path = '' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'done', jsonb_build_object('move_id', rivulet.begin_move(
        j.subject_id, rivulet.own_collection(j.subject_id), (select model from rivulet.placements where library_id = j.subject_id))));
    return jsonb_build_object('status', 'ok', 'step', 'promote', 'library_id', j.subject_id);
end $$;

-- The work of a job: {step: build | check | mend | promote, library_id, old, new, …}. promote: it is done already.
create function public.start_move_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    m rivulet.moves;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if rivulet.tenant_of_library(j.subject_id) is null then return rivulet.end_idle(p_job, p_fence); end if;
    if j.payload ->> 'step' = 'promote' then return rivulet.start_promotion(p_job, p_fence); end if;
    if j.payload ->> 'step' = 'mend' then return rivulet.mending_work(j); end if;
    select * into m from rivulet.moves where id = (j.payload ->> 'move_id')::bigint;
    if m.finished_at is not null or m.stopped or m.id is null then return rivulet.end_idle(p_job, p_fence); end if;
    return rivulet.move_work(j, m);
end $$;

-- p_last: the last passage written; null if none was left. p_embedded: how many were not just copied.
create function public.complete_build_v1(p_job bigint, p_fence bigint, p_last uuid, p_written integer, p_embedded integer)
returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    m rivulet.moves;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    update rivulet.moves
    set built = built + p_written, embedded = embedded + p_embedded, error = null, updated_at = clock_timestamp()
    where id = (j.payload ->> 'move_id')::bigint returning * into m;
    perform rivulet.finish(j, 'done', jsonb_build_object('written', p_written, 'embedded', p_embedded));
    if p_last is not null then
        update rivulet.move_ranges set after = p_last where move_id = m.id and until = (j.payload ->> 'until')::uuid;
    else
        delete from rivulet.move_ranges where move_id = m.id and until = (j.payload ->> 'until')::uuid;
    end if;
    perform rivulet.enqueue_moves(m);
    return '{"status": "done"}';
end $$;

-- p_refusal: why the new place is not taken; null swaps.
create function public.complete_check_v1(p_job bigint, p_fence bigint, p_checked jsonb, p_refusal text default null) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    m rivulet.moves;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform from rivulet.placements where library_id = j.subject_id for update;
    select * into m from rivulet.moves where id = (j.payload ->> 'move_id')::bigint and finished_at is null for update;
    if m.id is null then return rivulet.end_idle(p_job, p_fence); end if;
    if m.incomplete then
        perform rivulet.finish(j, 'done', p_checked);
        perform rivulet.enqueue_moves(m);
        return '{"status": "done"}';
    end if;
    if p_refusal is null then
        perform rivulet.end_move(m, true, p_checked);
    else
        update rivulet.moves set state = 'held', error = p_refusal, checked = p_checked, updated_at = clock_timestamp()
        where id = m.id;
    end if;
    perform rivulet.finish(j, 'done', p_checked);
    return '{"status": "done"}';
end $$;

-- A job that failed for good leaves its reason with the move, which can be resumed.
create function rivulet.note_failed_move() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update rivulet.moves set error = new.error_message, updated_at = clock_timestamp()
    where id = (new.payload ->> 'move_id')::bigint;
    return null;
end $$;
create trigger job_history_note_failed_move after insert on rivulet.job_history
    for each row when (new.queue = 'move' and new.outcome = 'dead') execute function rivulet.note_failed_move();

-- ── What operators call ──────────────────────────────────────────────────────────────────────────────────────────────

-- Begins to move libraries to another model, in the order of their ids behind p_after: {started, refused: [{library_id,
-- reason}], last}; last is null when no more are left.
create function public.reindex_v1(
    p_model text, p_library uuid default null, p_after uuid default null, p_limit integer default 100
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '30s' as $$
declare
    p rivulet.placements;
    v_started integer := 0;
    v_refused jsonb := '[]';
    v_seen integer := 0;
begin
    if char_length(btrim(coalesce(p_model, ''))) not between 1 and 200 then
        raise exception 'A model has a name of 1 to 200 characters.';
    end if;
    for p in select * from rivulet.placements
             where model <> p_model and (p_library is null or library_id = p_library)
               and (p_after is null or library_id > p_after)
               and library_id not in (select m.library_id from rivulet.moves m where m.finished_at is null and m.model = p_model)
             order by library_id limit least(p_limit, 1000) loop
        v_seen := v_seen + 1;
        begin
            if rivulet.begin_move(p.library_id, p.collection, p_model) is not null then v_started := v_started + 1; end if;
        exception when raise_exception then
            v_refused := v_refused || jsonb_build_object('library_id', p.library_id, 'reason', sqlerrm);
        end;
    end loop;
    perform rivulet.audit('reindex', jsonb_build_object('model', p_model, 'library', p_library, 'started', v_started));
    return jsonb_build_object('started', v_started, 'refused', v_refused,
                              'last', case when v_seen = least(p_limit, 1000) then p.library_id end);
end $$;

-- Moves one library to a collection of its own, or back to its shard.
create function public.move_library_v1(p_library uuid, p_own boolean) returns jsonb
language sql volatile security definer set search_path = '' set statement_timeout = '5s' as $$
    select jsonb_build_object('move_id', rivulet.begin_move(
        p_library, case when p_own then rivulet.own_collection(p_library) else rivulet.shard_of(p_library) end,
        (select model from rivulet.placements where library_id = p_library)))
$$;

-- {running: [unfinished moves, oldest first], finished: [the latest]}
create function public.list_moves_v1(p_limit integer default 50, p_library uuid default null) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select jsonb_build_object(
        'unfinished', (select count(*) from rivulet.moves where finished_at is null and (p_library is null or library_id = p_library)),
        'running', (select coalesce(jsonb_agg(to_jsonb(m) order by m.id), '[]') from (
            select * from rivulet.moves where finished_at is null and (p_library is null or library_id = p_library)
            order by id limit least(p_limit, 1000)) m),
        'finished', (select coalesce(jsonb_agg(to_jsonb(m) order by m.id desc), '[]') from (
            select * from rivulet.moves where finished_at is not null and (p_library is null or library_id = p_library)
            order by id desc limit least(p_limit, 1000)) m))
$$;

create function public.stop_moves_v1(p_library uuid default null) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_stopped integer;
begin
    update rivulet.moves set stopped = true, updated_at = clock_timestamp()
    where finished_at is null and not stopped and (p_library is null or library_id = p_library);
    get diagnostics v_stopped = row_count;
    perform rivulet.audit('stop moves', jsonb_build_object('library', p_library, 'moves', v_stopped));
    return v_stopped;
end $$;

-- Goes on with what was stopped or failed. A move that is held is taken as it is, unless passages were left out since.
create function public.resume_moves_v1(p_library uuid default null) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    m rivulet.moves;
    v_resumed integer := 0;
begin
    for m in select * from rivulet.moves where finished_at is null and (p_library is null or library_id = p_library)
             order by id loop
        if m.state = 'held' and not m.incomplete then
            perform from rivulet.placements where library_id = m.library_id for update;
            perform rivulet.end_move(m, true);
        else
            update rivulet.moves
            set state = case state when 'held' then 'building' else state end, stopped = false, error = null,
                updated_at = clock_timestamp()
            where id = m.id returning * into m;
            perform rivulet.enqueue_moves(m);
        end if;
        v_resumed := v_resumed + 1;
    end loop;
    perform rivulet.audit('resume moves', jsonb_build_object('library', p_library, 'moves', v_resumed));
    return v_resumed;
end $$;

create function public.abandon_moves_v1(p_library uuid default null) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    m rivulet.moves;
    v_abandoned integer := 0;
begin
    perform from rivulet.placements where library_id in (
        select library_id from rivulet.moves where finished_at is null and (p_library is null or library_id = p_library))
    order by library_id for update;
    for m in select * from rivulet.moves where finished_at is null and (p_library is null or library_id = p_library) loop
        perform rivulet.end_move(m, false);
        v_abandoned := v_abandoned + 1;
    end loop;
    perform rivulet.audit('abandon moves', jsonb_build_object('library', p_library, 'moves', v_abandoned));
    return v_abandoned;
end $$;

-- What `rivulet audit` asks: which vectors should not be, which passages lack theirs, and their mending.

-- Vectors, as the index describes them: [{chunk_id, document_id, library_id, version}] in one place. Returns those at fault:
-- [{chunk_id, fault}]: ghost (no such passage), misplaced (its library's vectors are elsewhere), mislabelled (the passage is
-- another's). pending: a purge or move is about to see to it.
create function public.audit_vectors_v1(p_collection text, p_model text, p_vectors jsonb) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '20s' as $$
    with labels as (
        select * from jsonb_to_recordset(p_vectors) v (chunk_id uuid, document_id uuid, library_id uuid, version integer)
    ), here as (
        select library_id from rivulet.placements where collection = p_collection and model = p_model
        union select library_id from rivulet.moves where collection = p_collection and model = p_model and finished_at is null
    ), judged as (
        select v.chunk_id, v.document_id, v.library_id, case
            when c.id is null then 'ghost'
            when c.library_id not in (select library_id from here) then 'misplaced'
            when (c.document_id, c.library_id, c.version) is distinct from (v.document_id, v.library_id, v.version) then 'mislabelled'
        end as fault
        from labels v left join public.chunks c on c.id = v.chunk_id
    )
    select coalesce(jsonb_agg(jsonb_build_object('chunk_id', chunk_id, 'fault', case
        when fault <> 'mislabelled' and exists (
            select from rivulet.jobs j where j.queue in ('purge', 'embed', 'move') and j.subject_id in (f.document_id, f.library_id))
        then 'pending' else fault end)), '[]')
    from judged f where fault is not null
$$;

-- A page of passages that are searched, each with the place of its vector: {chunks: [{chunk_id, library_id, collection,
-- model}], last}; last is null when no more are left. p_chunks: only these, all on one page.
create function public.audit_passages_v1(
    p_library uuid default null, p_after uuid default null, p_limit integer default 1000, p_chunks uuid[] default null
) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '20s' as $$
    with page as (
        select c.id, c.document_id, c.library_id, c.version from public.chunks c
        where (p_after is null or c.id > p_after) and (p_library is null or c.library_id = p_library)
          and (p_chunks is null or c.id = any (p_chunks))
        order by c.id limit least(p_limit, 2000)
    )
    select jsonb_build_object(
        'chunks', (select coalesce(jsonb_agg(jsonb_build_object('chunk_id', c.id, 'library_id', c.library_id,
                                                                'collection', p.collection, 'model', p.model)), '[]')
                   from page c join public.documents d on d.id = c.document_id and d.active_version = c.version
                   join rivulet.placements p on p.library_id = c.library_id and p.model is not null),
        'last', case when (select count(*) from page) = least(p_limit, 2000) then
                (select id from page order by id desc limit 1) end)
$$;

-- {places: [{collection, model}], mark}: collections where libraries are, or are going to be, or may have left something that a
-- purge will remove; and what the names of all collections of this project begin with.
create function public.audit_places_v1() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '20s' as $$
    select jsonb_build_object('mark', (select mark from rivulet.project), 'places',
        coalesce(jsonb_agg(distinct jsonb_build_object('collection', collection, 'model', model)), '[]')) from (
        select collection, model from rivulet.placements where model is not null
        union all select collection, model from rivulet.moves where finished_at is null
        union all select n.collection, n.model from rivulet.jobs j
            cross join lateral jsonb_to_recordset(j.payload -> 'places') n (collection text, model text)
            where j.queue = 'purge' and j.payload ? 'places') places
$$;

-- Jobs that write the vectors of these passages anew; returns their ids.
create function public.mend_passages_v1(p_chunks uuid[]) returns jsonb
language sql volatile security definer set search_path = '' set statement_timeout = '20s' as $$
    select coalesce(jsonb_agg(rivulet.enqueue('move', rivulet.tenant_of_library(library_id), library_id,
        jsonb_build_object('library_id', library_id, 'step', 'mend', 'chunks', chunks), rivulet.new_trace_id())), '[]')
    from (select library_id, jsonb_agg(id) as chunks from (
              select id, library_id, row_number() over (partition by library_id order by id) / 256 as batch
              from public.chunks where id = any (p_chunks)) c group by library_id, batch) batches
$$;

create function public.jobs_left_v1(p_jobs bigint[]) returns integer
language sql stable security definer set search_path = '' set statement_timeout = '5s' as
$$ select count(*)::integer from rivulet.jobs where id = any (p_jobs) $$;

create function rivulet.mending_work(j rivulet.jobs) returns jsonb
language sql volatile set search_path = '' as $$
    select jsonb_build_object('status', 'ok', 'step', 'mend', 'library_id', j.subject_id,
        'places', (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from rivulet.places_written(j.subject_id) p),
        'chunks', (select coalesce(jsonb_agg(rivulet.as_passage(c)), '[]') from public.chunks c
                   where c.library_id = j.subject_id
                     and c.id in (select e::uuid from jsonb_array_elements_text(j.payload -> 'chunks') e)))
$$;

create function public.complete_mend_v1(p_job bigint, p_fence bigint, p_written integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'done', jsonb_build_object('written', p_written));
    return '{"status": "done"}';
end $$;

-- ── Who may do what ──────────────────────────────────────────────────────────────────────────────────────────────────

grant select on public.deletions to authenticated;
create policy "owners read what was deleted" on public.deletions for select to authenticated
    using (owner_id = (select auth.uid()) or library_id in (select rivulet.libraries_of((select auth.uid()), 'owner')));

do $$
declare
    f regprocedure;
begin
    foreach f in array array[
        'public.start_move_v1(bigint, bigint)', 'public.complete_build_v1(bigint, bigint, uuid, integer, integer)',
        'public.complete_check_v1(bigint, bigint, jsonb, text)', 'public.reindex_v1(text, uuid, uuid, integer)',
        'public.move_library_v1(uuid, boolean)', 'public.list_moves_v1(integer, uuid)', 'public.stop_moves_v1(uuid)',
        'public.resume_moves_v1(uuid)', 'public.abandon_moves_v1(uuid)', 'public.audit_vectors_v1(text, text, jsonb)',
        'public.audit_passages_v1(uuid, uuid, integer, uuid[])', 'public.audit_places_v1()',
        'public.mend_passages_v1(uuid[])', 'public.jobs_left_v1(bigint[])',
        'public.complete_mend_v1(bigint, bigint, integer)']::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    for f in select oid::regprocedure from pg_proc where pronamespace = 'rivulet'::regnamespace loop
        execute format('revoke execute on function %s from public', f);
    end loop;
end $$;

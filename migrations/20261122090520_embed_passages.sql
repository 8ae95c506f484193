-- What the embed handler calls: passages become vectors, and the last of them makes their version the searched one.

create function public.start_embed_v1(p_job bigint, p_fence bigint, p_model text) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    return jsonb_build_object(
        'status', 'ok', 'title', d.title, 'places', rivulet.places_to_write(d.library_id, p_model),
        'generation', (select generation from rivulet.placements where library_id = d.library_id),
        'chunks', (select coalesce(jsonb_agg(to_jsonb(c) - 'search' order by c.ordinal), '[]') from public.chunks c
                   where c.document_id = d.id and c.version = d.version
                     and c.ordinal between (j.payload ->> 'first')::integer and (j.payload ->> 'last')::integer));
end $$;

-- The last batch activates: from this commit on searches see the new version, whole, and no longer the old one.
create function rivulet.activate_version(d public.documents) returns void
language plpgsql volatile set search_path = '' as $$
begin
    update public.documents set status = 'ready', active_version = d.version, ready_at = now() where id = d.id;
    if d.active_version is null then return; end if;
    delete from public.chunks where document_id = d.id and version < d.version;
    perform rivulet.enqueue('purge', rivulet.tenant_of_library(d.library_id), d.id,
        jsonb_build_object('document_id', d.id, 'before_version', d.version, 'collection',
                           (select collection from rivulet.placements where library_id = d.library_id)), d.trace_id);
end $$;

-- moved: the library has begun or ended a move since the batch was started, so its vectors are not where they are needed.
create function public.complete_embed_v1(p_job bigint, p_fence bigint, p_generation bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    v_chunks integer;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    if not rivulet.stays(d.library_id, p_generation) then return '{"status": "moved"}'; end if;
    select count(*) into v_chunks from public.chunks
    where document_id = d.id and version = d.version
      and ordinal between (j.payload ->> 'first')::integer and (j.payload ->> 'last')::integer;
    update public.documents set chunks_done = least(chunks_done + v_chunks, chunks_total) where id = d.id returning * into d;
    if d.chunks_done = d.chunks_total and d.status = 'embedding' then perform rivulet.activate_version(d); end if;
    perform rivulet.finish(j, 'done', jsonb_build_object('chunks', v_chunks));
    return jsonb_build_object('status', 'done', 'chunks_done', d.chunks_done, 'chunks_total', d.chunks_total);
end $$;

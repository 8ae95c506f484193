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
        'chunks', (select coalesce(jsonb_agg(to_jsonb(c) - 'search' order by c.ordinal), '[]') from public.chunks c
                   where c.document_id = d.id and c.version = d.version
                     and c.ordinal between (j.payload ->> 'first')::integer and (j.payload ->> 'last')::integer));
end $$;

-- Once everything has been read and all passages are in the index: searches see the new version from this commit on, whole,
-- and no longer the old one. The caller holds the document's row.
create function rivulet.activate_if_whole(d public.documents) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if d.status <> 'embedding' or d.chunks_done < d.chunks_total then return; end if;
    update public.documents set status = 'ready', active_version = d.version, ready_at = now() where id = d.id;
    delete from rivulet.progress where document_id = d.id;
    if d.version = 1 then return; end if;
    delete from public.chunks where document_id = d.id and version < d.version;
    perform rivulet.enqueue_purge(d, d.version);
end $$;

-- Counts a batch; the row hears of it now and then.
create function rivulet.count_done(d public.documents, p_chunks integer) returns rivulet.progress
language plpgsql volatile set search_path = '' as $$
declare
    p rivulet.progress;
begin
    update rivulet.progress set chunks_done = chunks_done + p_chunks where document_id = d.id returning * into p;
    if d.status = 'embedding' and p.chunks_done = p.chunks_total then
        update public.documents set chunks_done = p.chunks_done, chunks_total = p.chunks_total where id = d.id returning * into d;
        perform rivulet.activate_if_whole(d);
    else
        perform rivulet.tell_progress(p);
    end if;
    return p;
end $$;

-- p_embedded: how many of the passages needed a new vector; the others have copies of an earlier version's. p_left_out: the
-- place, of those told at the start, that could not be written to; never the one that answers.
create function public.complete_embed_v1(
    p_job bigint, p_fence bigint, p_embedded integer default null, p_left_out jsonb default null
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    p rivulet.progress;
    v_chunks integer;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    if p_left_out is not null then perform rivulet.leave_out(d.library_id, p_left_out); end if;
    v_chunks := 1 + (j.payload ->> 'last')::integer - (j.payload ->> 'first')::integer;
    p := rivulet.count_done(d, v_chunks);
    perform rivulet.finish(j, 'done', jsonb_build_object('chunks', v_chunks, 'embedded', p_embedded));
    return jsonb_build_object('status', 'done', 'chunks_done', p.chunks_done, 'chunks_total', p.chunks_total);
end $$;

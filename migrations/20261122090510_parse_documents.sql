-- What the parse handler calls: a document becomes passages, which are embedded while the rest is still being read.

-- A job whose document is gone or has a newer version has nothing left to do. Ends it, and says so.
create function rivulet.supersede(p_job bigint, p_fence bigint) returns jsonb
language plpgsql volatile set search_path = '' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'cancelled', null, 'superseded', 'The document was deleted or replaced meanwhile.');
    return '{"status": "superseded"}';
end $$;

create function rivulet.document_of(j rivulet.jobs) returns public.documents
language sql stable set search_path = '' as
$$ select * from public.documents where id = j.subject_id and version = (j.payload ->> 'version')::integer $$;

create function public.start_parse_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    update public.documents set status = 'parsing' where id = d.id and status <> 'parsing';
    delete from public.chunks where document_id = d.id and version = d.version;  -- of an attempt that was cut short
    return jsonb_build_object('status', 'ok', 'document', to_jsonb(d) - 'content' || jsonb_build_object('content', d.content));
end $$;

-- p_chunks: [{id, ordinal, text, tokens, page, char_start, char_end, heading_path, content_hash, language}].
-- In batches, so that a large document never has to be in one request. Repeating a batch changes nothing.
create function public.append_chunks_v1(p_job bigint, p_fence bigint, p_chunks jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, page,
                               char_start, char_end, heading_path, content_hash, language)
    select c.id, d.id, d.library_id, d.version, c.ordinal, c.text, c.tokens, c.page,
           c.char_start, c.char_end, c.heading_path, c.content_hash, c.language
    from jsonb_to_recordset(p_chunks) as c (id uuid, ordinal integer, text text, tokens integer, page integer, char_start integer,
                                            char_end integer, heading_path text[], content_hash text, language regconfig)
    on conflict do nothing;
    return '{"status": "ok"}';
end $$;

-- Result and completion commit together: the passages are counted, and their embed jobs fan out in batches.
create function public.complete_parse_v1(
    p_job bigint, p_fence bigint, p_pages integer, p_mime text, p_batch integer default 64
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    v_total integer;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    select count(*) into v_total from public.chunks where document_id = d.id and version = d.version;
    update public.documents
    set status = 'embedding', pages = p_pages, mime = p_mime, chunks_total = v_total, chunks_done = 0 where id = d.id;
    perform rivulet.enqueue('embed', j.tenant_id, d.id,
                jsonb_build_object('document_id', d.id, 'version', d.version, 'first', first, 'last', first + p_batch - 1),
                d.trace_id, null, format('%s:%s:%s', d.id, d.version, first), j.priority)
    from generate_series(0, v_total - 1, greatest(p_batch, 1)) first;
    perform rivulet.finish(j, 'done', jsonb_build_object('pages', p_pages, 'chunks', v_total));
    return jsonb_build_object('status', 'done', 'chunks', v_total);
end $$;

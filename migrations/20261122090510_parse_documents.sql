-- What the parse handler calls: a document becomes passages, which are embedded while the rest is still being read.

-- How far a document has come. Apart from its row, which is told of it at most every 250 ms: every change of a row goes to
-- everyone who watches, and each batch of passages would be one.
create table rivulet.progress (
    document_id uuid primary key references public.documents (id) on delete cascade,
    version integer not null,
    pages_read integer not null default 0,
    chunks_total integer not null default 0,     -- so far
    chunks_done integer not null default 0,
    told_at timestamptz not null default '-infinity'
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);

-- Waits for nobody: whoever holds the document's row tells the next time, and the end is always told.
create function rivulet.tell_progress(p rivulet.progress) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if p.told_at > clock_timestamp() - interval '250 ms' then return; end if;
    update public.documents
    set pages_read = greatest(pages_read, p.pages_read), chunks_total = p.chunks_total, chunks_done = p.chunks_done
    where id = (select id from public.documents where id = p.document_id and version = p.version
                for no key update skip locked);
    if found then update rivulet.progress set told_at = clock_timestamp() where document_id = p.document_id; end if;
end $$;

-- A job whose document is gone, has failed or has a newer version has nothing left to do. Ends it, and says so.
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
language sql stable set search_path = '' as $$
    select * from public.documents
    where id = j.subject_id and version = (j.payload ->> 'version')::integer and status <> 'failed'
$$;

-- Passages of an attempt that was cut short may have vectors by now, or get them any moment. So what is read again is a
-- new version: whatever the old attempt left is told from it, serves it where nothing changed, and goes when it is whole.
create function rivulet.begin_version(j rivulet.jobs, d public.documents) returns public.documents
language plpgsql volatile set search_path = '' as $$
begin
    update public.documents
    set status = 'parsing',
        version = version + exists (select from public.chunks where document_id = d.id and version = d.version)::integer
    where id = d.id returning * into d;
    update rivulet.jobs set payload = payload || jsonb_build_object('version', d.version)
    where id = j.id and (payload ->> 'version')::integer <> d.version;
    insert into rivulet.progress (document_id, version) values (d.id, d.version)
    on conflict (document_id) do update set version = excluded.version, pages_read = 0, chunks_total = 0, chunks_done = 0;
    return d;
end $$;

-- hand_over: what a reading needs besides the row. anchors: how the passages of the version begin that is searched now.
create function public.start_parse_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    d := rivulet.begin_version(j, d);
    return jsonb_build_object('status', 'ok', 'document', to_jsonb(d) || rivulet.hand_over(d) || jsonb_build_object('anchors', (
        select coalesce(jsonb_agg(anchor), '[]') from public.chunks
        where document_id = d.id and version = d.active_version)));
end $$;

-- Their embed jobs, some passages each. The dedupe key is a second lock on the door: passages are written once. What comes
-- after a document's first thousand passages lets the tenant's other documents pass: a note need not wait for a book.
create function rivulet.fan_out(j rivulet.jobs, d public.documents, p_first integer, p_last integer, p_batch integer) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('embed', j.tenant_id, d.id,
               jsonb_build_object('document_id', d.id, 'library_id', d.library_id, 'version', d.version,
                                  'first', first, 'last', least(first + greatest(p_batch, 1) - 1, p_last)),
               d.trace_id, null, format('%s:%s:%s', d.id, d.version, first),
               (j.priority - (first >= 1000)::integer)::smallint)
    from generate_series(p_first, p_last, greatest(p_batch, 1)) first
$$;

-- p_chunks: [{id, ordinal, text, tokens, page, char_start, char_end, heading_path, content_hash, anchor, language}], in
-- order, following those before. In batches, so that a large document never has to be in one request; a batch is embedded
-- from here on. Repeating one changes nothing.
create function public.append_chunks_v1(
    p_job bigint, p_fence bigint, p_chunks jsonb, p_pages_read integer, p_batch integer default 128
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    v_first integer;
    v_last integer;
    v_new integer;
    v_progress rivulet.progress;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    with written as (
        insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, page, char_start, char_end,
                                   heading_path, content_hash, anchor, language, copy_of)
        select c.id, d.id, d.library_id, d.version, c.ordinal, c.text, c.tokens, c.page, c.char_start, c.char_end,
               c.heading_path, c.content_hash, c.anchor, c.language,
               (select o.id from public.chunks o
                where d.version > 1 and o.document_id = d.id and o.content_hash = c.content_hash and o.version < d.version
                order by o.version = d.active_version desc, o.version desc limit 1)
        from jsonb_to_recordset(p_chunks) as c (
            id uuid, ordinal integer, text text, tokens integer, page integer, char_start integer, char_end integer,
            heading_path text[], content_hash text, anchor bigint, language regconfig)
        on conflict do nothing returning ordinal
    ) select min(ordinal), max(ordinal), count(*) into v_first, v_last, v_new from written;
    perform rivulet.fan_out(j, d, v_first, v_last, p_batch);
    update rivulet.progress set pages_read = greatest(pages_read, p_pages_read), chunks_total = chunks_total + v_new
    where document_id = d.id returning * into v_progress;
    perform rivulet.tell_progress(v_progress);
    return '{"status": "ok"}';
end $$;

-- The document has been read. If its passages are in the index already, it is searchable from this commit on.
create function public.complete_parse_v1(p_job bigint, p_fence bigint, p_pages integer, p_mime text, p_partial text) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    p rivulet.progress;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    select * into p from rivulet.progress where document_id = d.id for no key update;
    update public.documents
    set status = 'embedding', pages = p_pages, pages_read = coalesce(p_pages, p.pages_read), mime = p_mime,
        partial = p_partial, chunks_total = p.chunks_total, chunks_done = p.chunks_done
    where id = d.id returning * into d;
    perform rivulet.activate_if_whole(d);
    perform rivulet.finish(j, 'done', jsonb_build_object('pages', p_pages, 'chunks', p.chunks_total));
    return jsonb_build_object('status', 'done', 'chunks', p.chunks_total);
end $$;

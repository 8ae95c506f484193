-- From an upload or an inserted row to searchable passages: the triggers, and what the parse, embed and purge handlers call.

insert into storage.buckets (id, name, public) values ('documents', 'documents', false) on conflict (id) do nothing;

create function rivulet.tenant_of_library(p_library uuid) returns uuid
language sql stable set search_path = '' as
$$ select owner_id from public.libraries where id = p_library $$;

create function rivulet.enqueue_parse(d public.documents) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('parse', rivulet.tenant_of_library(d.library_id), d.id,
                           jsonb_build_object('document_id', d.id, 'version', d.version), d.trace_id)
$$;

-- ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────────

create function rivulet.fill_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    new.updated_at := now();
    if new.source = 'inline' and (tg_op = 'INSERT' or new.content is distinct from old.content) then
        new.content_hash := md5(new.content);
        new.bytes := octet_length(new.content);
        new.mime := coalesce(new.mime, 'text/markdown');
    end if;
    -- Same bytes: no work. Other bytes: a new version, which is swapped in once it is whole; the old one answers till then.
    if tg_op = 'UPDATE' and new.content_hash is distinct from old.content_hash then
        new.version := old.version + 1;
        new.status := 'queued';
        new.error_code := null;
        new.error_message := null;
        new.pages := null;
        new.chunks_total := null;
        new.chunks_done := 0;
        new.trace_id := rivulet.new_trace_id();
    end if;
    return new;
end $$;
create trigger documents_fill before insert or update on public.documents
    for each row execute function rivulet.fill_document();

create function rivulet.parse_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.enqueue_parse(new);
    return null;
end $$;
create trigger documents_parse_new after insert on public.documents
    for each row execute function rivulet.parse_document();
create trigger documents_parse_changed after update on public.documents
    for each row when (new.version > old.version) execute function rivulet.parse_document();

-- Invisible at once (the rows are gone); gone from Chroma soon after. Its unfinished jobs find nothing and end by themselves.
create function rivulet.purge_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.enqueue('purge', coalesce(rivulet.tenant_of_library(old.library_id), old.library_id), old.id,
        jsonb_build_object('document_id', old.id, 'bucket', old.bucket, 'object_name', old.object_name, 'collection',
                           (select collection from rivulet.placements where library_id = old.library_id)), old.trace_id);
    return null;
end $$;
create trigger documents_purge after delete on public.documents
    for each row execute function rivulet.purge_document();

-- An object is announced by its row once it is whole: metadata with a size is there. Some storage versions write the row
-- before that and update it after, so both count, and the eTag tells whether anything is new.
create function rivulet.receive_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from public.libraries where id::text = split_part(new.name, '/', 1)) then
        raise exception 'Objects in the bucket "documents" are named <library id>/<file name>; there is no library "%".',
            split_part(new.name, '/', 1) using errcode = 'check_violation';
    end if;
    insert into public.documents (library_id, owner_id, source, bucket, object_name, title, mime, bytes, content_hash)
    values (split_part(new.name, '/', 1)::uuid,
            (select id from auth.users where id::text = coalesce(new.owner_id, new.owner::text)),
            'storage', new.bucket_id, new.name, left(regexp_replace(new.name, '^.*/', ''), 500),
            new.metadata ->> 'mimetype', (new.metadata ->> 'size')::bigint, new.metadata ->> 'eTag')
    on conflict (bucket, object_name) do update
        set mime = excluded.mime, bytes = excluded.bytes, content_hash = excluded.content_hash
        where documents.content_hash is distinct from excluded.content_hash;
    return null;
end $$;
create trigger rivulet_receive_object after insert or update of metadata, version on storage.objects
    for each row when (new.bucket_id = 'documents' and new.metadata ->> 'size' is not null)
    execute function rivulet.receive_object();

-- Moved or renamed: the same document under another name, no work. Into another library: its passages move along.
create function rivulet.rename_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update public.documents
    set object_name = new.name, title = left(regexp_replace(new.name, '^.*/', ''), 500)
    where bucket = old.bucket_id and object_name = old.name
      and split_part(new.name, '/', 1) = split_part(old.name, '/', 1) and new.bucket_id = old.bucket_id;
    if not found then
        delete from public.documents where bucket = old.bucket_id and object_name = old.name;
    end if;
    return null;
end $$;
create trigger rivulet_rename_object after update of name, bucket_id on storage.objects
    for each row when (old.bucket_id = 'documents' and (old.name <> new.name or old.bucket_id <> new.bucket_id))
    execute function rivulet.rename_object();

create function rivulet.forget_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    delete from public.documents where bucket = old.bucket_id and object_name = old.name;
    return null;
end $$;
create trigger rivulet_forget_object after delete on storage.objects
    for each row when (old.bucket_id = 'documents') execute function rivulet.forget_object();

-- ── Retry ────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- True if there was something to restart. Passages of the failed attempt are dropped; an older active version stays.
create function rivulet.restart_document(p_document uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    d public.documents;
begin
    update public.documents
    set status = 'queued', error_code = null, error_message = null, chunks_total = null, chunks_done = 0
    where id = p_document and status = 'failed' returning * into d;
    if not found then return false; end if;
    delete from public.chunks where document_id = d.id and version is distinct from d.active_version;
    perform rivulet.enqueue_parse(d);
    return true;
end $$;

-- The Retry button: for whoever may edit the library.
create function public.retry_document(p_document uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from public.documents where id = p_document
                   and library_id in (select rivulet.libraries_of(auth.uid(), 'editor'))) then
        raise exception 'There is no such document, or you may not edit its library.' using errcode = 'insufficient_privilege';
    end if;
    return rivulet.restart_document(p_document);
end $$;

-- ── parse ────────────────────────────────────────────────────────────────────────────────────────────────────────────

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

-- ── embed ────────────────────────────────────────────────────────────────────────────────────────────────────────────

create function public.start_embed_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    return jsonb_build_object(
        'status', 'ok', 'title', d.title,
        'collection', (select collection from rivulet.placements where library_id = d.library_id),
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

create function public.complete_embed_v1(p_job bigint, p_fence bigint, p_model text) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
    v_chunks integer;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    select count(*) into v_chunks from public.chunks
    where document_id = d.id and version = d.version
      and ordinal between (j.payload ->> 'first')::integer and (j.payload ->> 'last')::integer;
    update public.documents set chunks_done = least(chunks_done + v_chunks, chunks_total) where id = d.id returning * into d;
    if d.chunks_done = d.chunks_total and d.status = 'embedding' then perform rivulet.activate_version(d); end if;
    perform rivulet.finish(j, 'done', jsonb_build_object('chunks', v_chunks, 'model', p_model));
    return jsonb_build_object('status', 'done', 'chunks_done', d.chunks_done, 'chunks_total', d.chunks_total);
end $$;

-- ── purge ────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- remove_object: the row was deleted but its file is still there and no other document has taken the name since.
create function public.start_purge_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    return jsonb_build_object('status', 'ok', 'remove_object',
        exists (select from storage.objects where bucket_id = j.payload ->> 'bucket' and name = j.payload ->> 'object_name')
        and not exists (select from public.documents
                        where bucket = j.payload ->> 'bucket' and object_name = j.payload ->> 'object_name'));
end $$;

-- p_receipt: what was removed and what a look afterwards found, kept in the job's history.
create function public.complete_purge_v1(p_job bigint, p_fence bigint, p_receipt jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'done', p_receipt);
    return '{"status": "done"}';
end $$;

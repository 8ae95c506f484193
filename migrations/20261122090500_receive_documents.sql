-- Uploads and rows become documents, and documents become work. Same bytes are none.

insert into storage.buckets (id, name, public) values ('documents', 'documents', false);

create function rivulet.tenant_of_library(p_library uuid) returns uuid
language sql stable set search_path = '' as
$$ select owner_id from public.libraries where id = p_library $$;

-- Rows come by the thousand: what people add themselves goes before them.
create function rivulet.enqueue_parse(d public.documents) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('parse', rivulet.tenant_of_library(d.library_id), d.id,
                           jsonb_build_object('document_id', d.id, 'version', d.version), d.trace_id,
                           p_priority => (case d.source when 'row' then -1 else 0 end)::smallint)
$$;

create function rivulet.fill_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    new.updated_at := now();
    if new.source = 'inline' and (tg_op = 'INSERT' or new.content is distinct from old.content) then
        new.content_hash := md5(new.content);
        new.bytes := octet_length(new.content);
        new.mime := coalesce(new.mime, 'text/markdown');
    end if;
    if tg_op = 'INSERT' then return new; end if;
    -- Same bytes: no work. Other bytes: a new version, which is swapped in once it is whole; the old one answers till then.
    if new.content_hash is distinct from old.content_hash then
        new.version := old.version + 1;
        new.trace_id := rivulet.new_trace_id();
        if new.source <> 'row' or new.content is not null then  -- a row with too much text stays failed
            new.status := 'queued';
            new.error_code := null;
            new.error_message := null;
        end if;
    end if;
    if new.version > old.version then
        new.pages := null;
        new.pages_read := 0;
        new.partial := null;
        new.chunks_total := null;
        new.chunks_done := 0;
    elsif new.status = 'failed' and old.status <> 'failed' then
        select p.pages_read, p.chunks_total, p.chunks_done into new.pages_read, new.chunks_total, new.chunks_done
        from rivulet.progress p where p.document_id = new.id and p.version = new.version;
        new.pages_read := coalesce(new.pages_read, old.pages_read);
        new.chunks_total := coalesce(new.chunks_total, old.chunks_total);
        new.chunks_done := coalesce(new.chunks_done, old.chunks_done);
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
    for each row when (new.status = 'queued') execute function rivulet.parse_document();
create trigger documents_parse_changed after update on public.documents
    for each row when (new.version > old.version and new.status = 'queued') execute function rivulet.parse_document();

-- Files are fetched by their names, and a path with "." or ".." in it, or nothing between two slashes, is resolved on the
-- way: it would lead out of the library that the name begins with, into another one.
create function rivulet.refuse_devious_name(p_name text) returns void
language plpgsql stable set search_path = '' as $$
begin
    if p_name ~ '(^|/)[.]{0,2}(/|$)' then
        raise exception 'No part of an object''s name may be empty, "." or "..": "%".', p_name
            using errcode = 'insufficient_privilege';  -- Storage answers 403, as to a refused row
    end if;
end $$;

-- Moved or renamed: the same document under another name, no work. Into another library: another document.
-- Its trigger comes before rivulet_receive_object by name, so that an object with a new name and new metadata (what Storage
-- writes when it moves one) is known by that name when its bytes are compared.
create function rivulet.move_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if new.bucket_id = 'documents' then perform rivulet.refuse_devious_name(new.name); end if;
    update public.documents
    set object_name = new.name, title = left(regexp_replace(new.name, '^.*/', ''), 500)
    where bucket = old.bucket_id and object_name = old.name
      and split_part(new.name, '/', 1) = split_part(old.name, '/', 1) and new.bucket_id = old.bucket_id;
    if not found then
        delete from public.documents where bucket = old.bucket_id and object_name = old.name;
    end if;
    return null;
end $$;
create trigger rivulet_move_object after update of name, bucket_id on storage.objects
    for each row when (old.bucket_id = 'documents' and (old.name <> new.name or old.bucket_id <> new.bucket_id))
    execute function rivulet.move_object();

-- An object is announced by its row once it is whole: metadata with a size is there. Some storage versions write the row
-- before that and update it after, so both count, and the eTag tells whether anything is new.
create function rivulet.receive_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from public.libraries where id::text = split_part(new.name, '/', 1)) then
        raise exception 'Objects in the bucket "documents" are named <library id>/<file name>; there is no library "%".',
            split_part(new.name, '/', 1) using errcode = 'insufficient_privilege';
    end if;
    perform rivulet.refuse_devious_name(new.name);
    insert into public.documents (library_id, owner_id, source, bucket, object_name, title, mime, bytes, content_hash)
    values (split_part(new.name, '/', 1)::uuid,
            (select id from auth.users where id::text = coalesce(new.owner_id, new.owner::text)),
            'storage', new.bucket_id, new.name, left(regexp_replace(new.name, '^.*/', ''), 500),
            left(new.metadata ->> 'mimetype', 255), (new.metadata ->> 'size')::bigint, new.metadata ->> 'eTag')
    on conflict (bucket, object_name) do update
        set mime = excluded.mime, bytes = excluded.bytes, content_hash = excluded.content_hash
        where documents.content_hash is distinct from excluded.content_hash;
    return null;
end $$;
create trigger rivulet_receive_object after insert or update of metadata, version on storage.objects
    for each row when (new.bucket_id = 'documents' and new.metadata ->> 'size' is not null)
    execute function rivulet.receive_object();

-- Many files go in one statement, and so do their documents: all rows are locked before the first library is, to count what
-- is left of it. One by one, a document would be waited for with its library held, which whoever writes to it may want.
create function rivulet.forget_objects() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    delete from public.documents d using gone g
    where g.bucket_id = 'documents' and d.bucket = g.bucket_id and d.object_name = g.name;
    return null;
end $$;
create trigger rivulet_forget_objects after delete on storage.objects referencing old table as gone
    for each statement execute function rivulet.forget_objects();

-- True if there was something to restart. It is a new version, to which the failed attempt leaves its vectors.
create function rivulet.restart_document(p_document uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    update public.documents
    set version = version + 1, status = 'queued', error_code = null, error_message = null, trace_id = rivulet.new_trace_id()
    where id = p_document and status = 'failed';
    return found;
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

-- Documents that are fetched from an address of the web: insert into documents (library_id, source, url).
-- Reasons: infra/decisions/0060-addresses-are-checked-where-they-are-connected.md.

alter table public.documents
    add column url text,
    add constraint document_url_is_an_address check (
        url ~ '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@[:space:]]+([/?#][^[:space:]]*)?$' and octet_length(url) <= 2048),
    add constraint document_url_has_its_source check ((source = 'url') = (url is not null)),
    drop constraint documents_source_check,
    add constraint documents_source_check check (source in ('storage', 'inline', 'row', 'url')),
    drop constraint document_has_its_source,
    add constraint document_has_its_source check (
        (source = 'storage' and bucket is not null and object_name is not null and content is null)
        or (source = 'inline' and content is not null)
        or (source = 'row' and source_ref is not null)  -- no content: there was too much of it
        or (source = 'url' and url is not null and content is null));
create unique index documents_by_url on public.documents (library_id, url);

-- What was fetched for a version. Kept for the one that is searched, and for the one that is being read.
create table rivulet.fetches (
    document_id uuid not null references public.documents (id) on delete cascade,
    version integer not null,
    hash text not null,                -- SHA-256 of the bytes
    etag text,
    last_modified text,
    fetched_at timestamptz not null default clock_timestamp(),
    pages integer,                     -- as the document had them, while a newer version is looked for
    partial text,
    primary key (document_id, version)
);

-- Its name comes before documents_fill, which sees that there is a new version.
create function rivulet.prepare_address() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        new.title := coalesce(new.title, left(regexp_replace(new.url, '^https?://(www\.)?', '', 'i'), 500));
        return new;
    end if;
    if new.url is distinct from old.url then
        new.version := old.version + 1;
        new.status := 'queued';
        new.error_code := null;
        new.error_message := null;
        new.trace_id := rivulet.new_trace_id();
        -- Another page may well have the same tag; its bytes tell.
        update rivulet.fetches set etag = null, last_modified = null where document_id = old.id;
    end if;
    if new.version > old.version and old.status = 'ready' then
        update rivulet.fetches set pages = old.pages, partial = old.partial
        where document_id = old.id and version = old.active_version;
    end if;
    return new;
end $$;
create trigger documents_address before insert or update on public.documents
    for each row when (new.source = 'url') execute function rivulet.prepare_address();

-- For whoever may edit the library: look whether the page has changed. True if it will be looked at.
create function public.refetch_document(p_document uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from public.documents where id = p_document
                   and library_id in (select rivulet.libraries_of(auth.uid(), 'editor'))) then
        raise exception 'There is no such document, or you may not edit its library.' using errcode = 'insufficient_privilege';
    end if;
    update public.documents
    set version = version + 1, status = 'queued', error_code = null, error_message = null, trace_id = rivulet.new_trace_id()
    where id = p_document and source = 'url' and status in ('ready', 'failed');
    return found;
end $$;

-- What a reading of a document is told besides its row: a password, once; what was fetched for the version searched now.
create function rivulet.hand_over(d public.documents) returns jsonb
language sql volatile set search_path = '' as $$
    select jsonb_build_object(
        'password', rivulet.take_password(d.id),
        'fetched', (select jsonb_build_object('hash', f.hash, 'etag', f.etag, 'last_modified', f.last_modified)
                    from rivulet.fetches f where f.document_id = d.id and f.version = d.active_version))
$$;

-- The page is what the searched version was made of: nothing to do. The version that was to come is never made.
create function rivulet.keep_version(j rivulet.jobs, d public.documents, p_etag text, p_last_modified text) returns void
language plpgsql volatile set search_path = '' as $$
declare
    f rivulet.fetches;
    v_total integer := (select count(*) from public.chunks where document_id = d.id and version = d.active_version);
begin
    update rivulet.fetches
    set etag = coalesce(p_etag, etag), last_modified = coalesce(p_last_modified, last_modified), fetched_at = clock_timestamp()
    where document_id = d.id and version = d.active_version returning * into f;
    update public.documents
    set status = 'ready', pages = f.pages, pages_read = coalesce(f.pages, 0), partial = f.partial,
        chunks_total = v_total, chunks_done = v_total
    where id = d.id;
    perform rivulet.finish(j, 'done', '{"unchanged": true}');
end $$;

-- p_hash null: the server said that nothing has changed. Answers ok: go on; unchanged: the job has ended; over_quota: fail.
create function public.record_fetch_v1(
    p_job bigint, p_fence bigint, p_hash text, p_bytes bigint, p_etag text, p_last_modified text
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    -- No lane: the library is locked next, as by whoever inserts a document.
    j rivulet.jobs := rivulet.holds_subject(p_job, p_fence);
    d public.documents := rivulet.document_of(j);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if d.id is null then return rivulet.supersede(p_job, p_fence); end if;
    if p_hash is null or exists (select from rivulet.fetches where document_id = d.id and version = d.active_version and hash = p_hash) then
        perform rivulet.keep_version(rivulet.take(p_job, p_fence), d, p_etag, p_last_modified);
        return '{"status": "unchanged"}';
    end if;
    begin
        update public.documents set bytes = p_bytes where id = d.id;
    exception when insufficient_privilege then
        return jsonb_build_object('status', 'over_quota', 'message', sqlerrm);
    end;
    insert into rivulet.fetches (document_id, version, hash, etag, last_modified) values (d.id, d.version, p_hash, p_etag, p_last_modified)
    on conflict (document_id, version) do update
        set hash = excluded.hash, etag = excluded.etag, last_modified = excluded.last_modified, fetched_at = excluded.fetched_at;
    delete from rivulet.fetches where document_id = d.id and version < coalesce(d.active_version, d.version);
    return '{"status": "ok"}';
end $$;

revoke execute on function rivulet.prepare_address(), rivulet.hand_over(public.documents),
    rivulet.keep_version(rivulet.jobs, public.documents, text, text) from public;
revoke execute on function public.record_fetch_v1(bigint, bigint, text, bigint, text, text) from public, anon, authenticated;
grant execute on function public.record_fetch_v1(bigint, bigint, text, bigint, text, text) to service_role;
revoke execute on function public.refetch_document(uuid) from public, anon;
grant execute on function public.refetch_document(uuid) to authenticated;

grant insert (source, url), update (url) on public.documents to authenticated;
create policy "editors add addresses" on public.documents for insert to authenticated
    with check (source = 'url' and owner_id = (select auth.uid()) and content is null
                and library_id in (select rivulet.libraries_of((select auth.uid()), 'editor')));

-- Watches: the rows of any table of the integrator's become documents and stay what the rows are.
-- Reasons: infra/decisions/0011-watched-rows-are-read-again.md.

create table public.watches (
    id uuid primary key default gen_random_uuid(),
    library_id uuid not null references public.libraries (id) on delete cascade,
    source_table regclass not null,
    table_name text not null,                       -- as it was when the triggers were made: tells a renamed table
    partitions oid[] not null default '{}',         -- its leaves when its rows were last looked through
    key text[] not null,                            -- columns of its primary key
    title text not null,                            -- '{name} ({id})': columns in braces
    content text[] not null,
    state text not null default 'backfilling' check (state in (
        'backfilling',  -- changes are followed; the rows that were there are being looked through
        'following',
        'broken',       -- error_message says why; nothing is followed, the documents stay as they were
        'deleting',     -- ends; its documents are being deleted
        'releasing'     -- ends; its documents are being made ordinary ones
    )),
    error_message text,
    rows_done bigint not null default 0,
    checkpoint jsonb not null default '{"pass": "rows"}',  -- {pass: rows | documents, after: the last source_ref}
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint watch_failure_is_explained check ((state = 'broken') = (error_message is not null))
);
create index watches_by_library on public.watches (library_id);

alter table public.documents
    add column watch_id uuid references public.watches (id) on delete cascade,
    add column source_ref text collate "C",         -- the row's primary key as JSON, values as text: {"id": "42"}
    drop constraint documents_source_check,
    add constraint documents_source_check check (source in ('storage', 'inline', 'row')),
    drop constraint document_has_its_source,
    add constraint document_has_its_source check (
        (source = 'storage' and bucket is not null and object_name is not null and content is null)
        or (source = 'inline' and content is not null)
        or (source = 'row' and source_ref is not null)),  -- no content: there was too much of it
    add constraint document_row_has_its_watch check ((source = 'row') = (watch_id is not null));
create unique index documents_by_row on public.documents (watch_id, source_ref) where watch_id is not null;

insert into rivulet.queues (name, tenant_limit, max_attempts, attempt_deadline, give_up_after)
values ('backfill', 2, 20, '5 minutes', '7 days');

-- ── Documents of rows ────────────────────────────────────────────────────────────────────────────────────────────────

create type rivulet.watched_row as (
    ref text,       -- null: there is no such row
    title text,
    bytes bigint,   -- of the watched columns
    content text    -- null if that is too much
);

-- The document of a row becomes what the row is. The caller sees to it that the row cannot change meanwhile.
create function rivulet.put_row(w public.watches, r rivulet.watched_row) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_limit constant bigint := 10 * 1024 * 1024;
    v_fits boolean := r.content is not null and octet_length(r.content) <= v_limit;
    v_title text := left(btrim(regexp_replace(r.title, '\s+', ' ', 'g')), 500);
begin
    if r.bytes <= v_limit and coalesce(r.content, '') !~ '\S' then
        delete from public.documents where watch_id = w.id and source_ref = r.ref;
        return;
    end if;
    if coalesce(v_title, '') = '' then
        v_title := left(format('Row %s of %s', (select string_agg(value, ', ') from jsonb_each_text(r.ref::jsonb)), w.table_name), 500);
    end if;
    insert into public.documents as d (
        library_id, owner_id, source, watch_id, source_ref, mime, title, content, bytes, content_hash,
        status, error_code, error_message)
    values (
        w.library_id, rivulet.tenant_of_library(w.library_id), 'row', w.id, r.ref, 'text/markdown', v_title,
        case when v_fits then r.content end, coalesce(octet_length(r.content), r.bytes),
        md5(v_title || E'\n' || case when v_fits then r.content else '' end),  -- of the title too: passages are embedded with it
        case when v_fits then 'queued' else 'failed' end, case when not v_fits then 'too_large' end,
        case when not v_fits then 'The watched columns of this row hold more than 10 MB of text.' end)
    on conflict (watch_id, source_ref) where watch_id is not null do update
    set title = excluded.title, content = excluded.content, bytes = excluded.bytes, content_hash = excluded.content_hash,
        status = excluded.status, error_code = excluded.error_code, error_message = excluded.error_message
    where d.content_hash is distinct from excluded.content_hash;
end $$;

-- Rows to be looked at again. Neither foreign keys nor uniqueness: nothing may hinder an insert, whatever else goes wrong,
-- and a transaction with a fixed snapshot may not refer to rows that have changed since. The sweep makes jobs of them.
create table rivulet.watch_misses (
    id bigint generated always as identity primary key,
    watch_id uuid not null,
    ref text  -- null: all rows of the watch
);

create function rivulet.follow_later(p_watch uuid, p_ref text) returns void
language sql volatile set search_path = '' as
$$ insert into rivulet.watch_misses (watch_id, ref) values (p_watch, p_ref) $$;

-- Called by the triggers of a watched table, in the transaction that wrote the row `p_ref`; r: what is there now.
create function rivulet.follow(p_watch uuid, p_ref text, r rivulet.watched_row) returns void
language plpgsql volatile set search_path = '' as $$
declare
    w public.watches;
begin
    select * into w from public.watches where id = p_watch;
    -- A transaction with a fixed snapshot does not see what the backfill has written since.
    if current_setting('transaction_isolation') <> 'read committed' and w.state is distinct from 'following' then
        perform rivulet.follow_later(p_watch, p_ref);
    end if;
    if w.id is null or w.state not in ('backfilling', 'following') then return; end if;
    if r.ref = p_ref then
        perform rivulet.put_row(w, r);
    else
        delete from public.documents where watch_id = p_watch and source_ref = p_ref;
    end if;
end $$;

create function rivulet.follow_truncate(p_watch uuid) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform rivulet.follow_later(p_watch, null);
    end if;
    delete from public.documents where watch_id = p_watch
        and exists (select from public.watches where id = p_watch and state in ('backfilling', 'following'));
end $$;

-- Something went wrong in a trigger of a watched table. The integrator's write goes on; its rows are looked at again.
create function rivulet.follow_failed(p_watch uuid, p_refs text[], p_error text) returns void
language plpgsql volatile set search_path = '' as $$
begin
    perform rivulet.follow_later(p_watch, ref) from (select distinct unnest(p_refs) as ref) r
    where ref is not null or array_remove(p_refs, null) = '{}';
    raise warning 'Rivulet could not follow a change at once and will look at the row again: %', p_error;
exception when others then
    raise warning 'Rivulet could not follow a change (call rivulet.resync): % – %', p_error, sqlerrm;
end $$;

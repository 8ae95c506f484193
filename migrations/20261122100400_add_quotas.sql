-- How much a library may hold. Reasons: infra/decisions/0063-quotas-are-counted-in-the-writing-transaction.md.

-- The one row that holds for every library without a row of its own. Null: as much as there is room for.
create table rivulet.default_quota (
    sole boolean primary key default true check (sole),
    documents bigint check (documents >= 0),
    bytes bigint check (bytes >= 0)
);
insert into rivulet.default_quota (documents, bytes) values (100000, 20 * 1024 ^ 3);

create table rivulet.quotas (
    library_id uuid primary key references public.libraries (id) on delete cascade,
    documents bigint check (documents >= 0),
    bytes bigint check (bytes >= 0)
);

-- What each library holds: this row, and the changes after it. Changes are appended, not written into the row: who inserts
-- ten thousand documents in one transaction would have PostgreSQL walk past ten thousand dead rows for each.
create table rivulet.usage (
    library_id uuid primary key references public.libraries (id) on delete cascade,
    documents bigint not null default 0,
    bytes bigint not null default 0,
    folded bigint not null default 0   -- the last change that is contained
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);
create table rivulet.usage_changes (
    library_id uuid not null,
    id bigint generated always as identity,  -- of one library in the order of their commits, once a quota had to be looked at
    documents integer not null,
    bytes bigint not null,
    primary key (library_id, id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);

create function rivulet.measure_library() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        insert into rivulet.usage (library_id) values (new.id);
    else
        delete from rivulet.usage_changes where library_id = old.id;
    end if;
    return null;
end $$;
create trigger libraries_measure after insert or delete on public.libraries
    for each row execute function rivulet.measure_library();

create function rivulet.used(p_library uuid) returns rivulet.usage
language sql stable set search_path = '' as $$
    select row(u.library_id, u.documents + coalesce(sum(c.documents), 0), u.bytes + coalesce(sum(c.bytes), 0)::bigint,
               coalesce(max(c.id), u.folded))::rivulet.usage
    from rivulet.usage u left join rivulet.usage_changes c on c.library_id = u.library_id and c.id > u.folded
    where u.library_id = p_library group by u.library_id
$$;

-- The lock that makes quotas exact: whoever adds to a library waits for whoever is adding. Held to the transaction's end.
create function rivulet.lock_usage(p_library uuid) returns void
language sql volatile set search_path = '' as
$$ select pg_advisory_xact_lock(hashtextextended('rivulet.usage:' || p_library, 0)) $$;

create function rivulet.quota_of(p_library uuid) returns rivulet.default_quota
language sql stable set search_path = '' as $$
    select coalesce((select row(true, q.documents, q.bytes)::rivulet.default_quota from rivulet.quotas q where q.library_id = p_library),
                    d) from rivulet.default_quota d
$$;

-- Why a library cannot grow by so much; null if it can.
create function rivulet.too_much(p_library uuid, p_documents bigint, p_bytes bigint) returns text
language plpgsql volatile set search_path = '' as $$
declare
    q rivulet.default_quota := rivulet.quota_of(p_library);
    u rivulet.usage;
begin
    if (p_documents <= 0 or q.documents is null) and (p_bytes <= 0 or q.bytes is null) then return null; end if;
    perform rivulet.lock_usage(p_library);
    u := rivulet.used(p_library);
    if p_documents > 0 and u.documents + p_documents > q.documents then
        return format('The library holds %s of at most %s documents.', u.documents, q.documents);
    elsif p_bytes > 0 and u.bytes + p_bytes > q.bytes then
        return format('The library holds %s of at most %s, and this is %s more.',
                      pg_size_pretty(u.bytes), pg_size_pretty(q.bytes), pg_size_pretty(p_bytes));
    end if;
    return null;
end $$;

create function rivulet.note_usage(p_library uuid, p_documents bigint, p_bytes bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_id bigint;
    u rivulet.usage;
begin
    if p_documents = 0 and p_bytes = 0 then return; end if;
    insert into rivulet.usage_changes (library_id, documents, bytes)
    select p_library, p_documents, p_bytes where exists (select from public.libraries where id = p_library) returning id into v_id;
    -- Now and then they are folded into the row. Not in a fixed snapshot, which does not see what others have folded.
    if v_id % 32 <> 0 or current_setting('transaction_isolation') <> 'read committed' then return; end if;
    perform rivulet.lock_usage(p_library);
    u := rivulet.used(p_library);
    update rivulet.usage set documents = u.documents, bytes = u.bytes, folded = u.folded where library_id = p_library;
    delete from rivulet.usage_changes where library_id = p_library and id <= u.folded;
end $$;

-- A row that its library had no room for takes none.
create function rivulet.counts(d public.documents) returns boolean
language sql immutable set search_path = '' as
$$ select not (d.source = 'row' and d.error_code is not distinct from 'over_quota') $$;

create function rivulet.grow(p_library uuid, p_documents bigint, p_bytes bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_reason text := rivulet.too_much(p_library, p_documents, p_bytes);
begin
    if v_reason is not null then
        -- The one code that both the Data API and Storage answer with 403 and these very words.
        raise exception '%', v_reason using errcode = 'insufficient_privilege', detail = 'over_quota',
            hint = 'Delete documents from the library, or ask whoever runs this service for a larger quota.';
    end if;
    perform rivulet.note_usage(p_library, p_documents, p_bytes);
end $$;

create function rivulet.count_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        -- Whether there is room for a row has been seen before it was inserted.
        if new.source = 'row' and rivulet.counts(new) then
            perform rivulet.note_usage(new.library_id, 1, coalesce(new.bytes, 0));
        elsif new.source <> 'row' then
            perform rivulet.grow(new.library_id, 1, coalesce(new.bytes, 0));
        end if;
    elsif old.library_id = new.library_id then
        perform rivulet.grow(new.library_id, rivulet.counts(new)::integer - rivulet.counts(old)::integer,
            case when rivulet.counts(new) then coalesce(new.bytes, 0) else 0 end
            - case when rivulet.counts(old) then coalesce(old.bytes, 0) else 0 end);
    else
        if rivulet.counts(old) then perform rivulet.grow(old.library_id, -1, -coalesce(old.bytes, 0)); end if;
        if rivulet.counts(new) then perform rivulet.grow(new.library_id, 1, coalesce(new.bytes, 0)); end if;
    end if;
    return null;
end $$;
create trigger documents_count after insert on public.documents
    for each row execute function rivulet.count_document();
create trigger documents_count_change after update on public.documents
    for each row when (old.bytes is distinct from new.bytes or old.library_id <> new.library_id
                       or (old.error_code is not distinct from 'over_quota') <> (new.error_code is not distinct from 'over_quota'))
    execute function rivulet.count_document();

-- Once for a statement: a library with all its documents goes in one.
create function rivulet.uncount_documents() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.note_usage(library_id, -count(*), -coalesce(sum(bytes), 0)::bigint)
    from gone g where rivulet.counts(g) group by library_id order by library_id;
    return null;
end $$;
create trigger documents_uncount after delete on public.documents referencing old table as gone
    for each statement execute function rivulet.uncount_documents();

-- Whoever writes to a watched table knows nothing of quotas: the row's document says what was wrong, and can be retried.
-- Its name comes after documents_fill, which would have it parsed.
create function rivulet.admit_row() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_reason text;
    v_was boolean := false;
    v_before bigint := 0;
begin
    if tg_op = 'UPDATE' then
        v_was := rivulet.counts(old);
        v_before := case when v_was then coalesce(old.bytes, 0) else 0 end;
    elsif exists (select from public.documents where watch_id = new.watch_id and source_ref = new.source_ref) then
        return new;  -- becomes an update
    end if;
    v_reason := rivulet.too_much(new.library_id, 1 - v_was::integer, coalesce(new.bytes, 0) - v_before);
    if v_reason is not null then
        new.status := 'failed';
        new.error_code := 'over_quota';
        new.error_message := v_reason;
    end if;
    return new;
end $$;
create trigger documents_quota_row before insert on public.documents
    for each row when (new.source = 'row' and new.status = 'queued') execute function rivulet.admit_row();
create trigger documents_quota_row_change before update on public.documents
    for each row when (new.source = 'row' and new.status = 'queued') execute function rivulet.admit_row();

-- For members: how much their libraries hold, and may. Null: as much as there is room for.
create function public.library_usage(p_library uuid default null)
returns table (library_id uuid, documents bigint, bytes bigint, documents_limit bigint, bytes_limit bigint)
language sql stable security definer set search_path = '' as $$
    select u.library_id, u.documents, u.bytes, q.documents, q.bytes
    from rivulet.usage r, rivulet.used(r.library_id) u, rivulet.quota_of(r.library_id) q
    where (p_library is null or r.library_id = p_library)
      and (r.library_id in (select rivulet.libraries_of(auth.uid())) or auth.role() = 'service_role')
$$;

-- For operators. p_library null: the default of all libraries; a limit that is null: none.
create function public.set_quota_v1(p_library uuid, p_documents bigint, p_bytes bigint) returns void
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    if p_library is null then
        update rivulet.default_quota set documents = p_documents, bytes = p_bytes;
    else
        insert into rivulet.quotas (library_id, documents, bytes) values (p_library, p_documents, p_bytes)
        on conflict (library_id) do update set documents = excluded.documents, bytes = excluded.bytes;
    end if;
end $$;

-- The library goes back to the default.
create function public.clear_quota_v1(p_library uuid) returns void
language sql volatile security definer set search_path = '' set statement_timeout = '5s' as
$$ delete from rivulet.quotas where library_id = p_library $$;

revoke execute on function rivulet.measure_library(), rivulet.used(uuid), rivulet.lock_usage(uuid), rivulet.quota_of(uuid),
    rivulet.too_much(uuid, bigint, bigint), rivulet.note_usage(uuid, bigint, bigint), rivulet.counts(public.documents), rivulet.grow(uuid, bigint, bigint), rivulet.count_document(),
    rivulet.uncount_documents(), rivulet.admit_row() from public;
revoke execute on function public.set_quota_v1(uuid, bigint, bigint), public.clear_quota_v1(uuid) from public, anon, authenticated;
grant execute on function public.set_quota_v1(uuid, bigint, bigint), public.clear_quota_v1(uuid) to service_role;
revoke execute on function public.library_usage(uuid) from public, anon;
grant execute on function public.library_usage(uuid) to authenticated, service_role;

-- How much a library may hold, and how many libraries a person may own. Reasons: infra/decisions/0063-quotas-are-counted-in-the-writing-transaction.md.

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

-- What each library holds: this row and the changes. Changes are appended, not written into the row: nobody waits for the
-- row, and who inserts ten thousand documents in one transaction does not have PostgreSQL walk past ten thousand dead ones.
create table rivulet.usage (
    library_id uuid primary key references public.libraries (id) on delete cascade,
    documents bigint not null default 0,
    bytes bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);
create table rivulet.usage_changes (
    library_id uuid not null,
    id bigint generated always as identity,
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
    select row(u.library_id, u.documents + coalesce(sum(c.documents), 0), u.bytes + coalesce(sum(c.bytes), 0)::bigint)::rivulet.usage
    from rivulet.usage u left join rivulet.usage_changes c using (library_id)
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

-- The id of the change; null if there is none, or the library is gone.
create function rivulet.note_usage(p_library uuid, p_documents bigint, p_bytes bigint) returns bigint
language sql volatile set search_path = '' as $$
    insert into rivulet.usage_changes (library_id, documents, bytes)
    select p_library, p_documents, p_bytes
    where (p_documents <> 0 or p_bytes <> 0) and exists (select from public.libraries where id = p_library)
    returning id
$$;

create function rivulet.fold_usage(p_library uuid) returns void
language sql volatile set search_path = '' as $$
    with gone as (delete from rivulet.usage_changes where library_id = p_library returning documents, bytes)
    update rivulet.usage
    set documents = documents + (select coalesce(sum(g.documents), 0) from gone g),
        bytes = bytes + (select coalesce(sum(g.bytes), 0) from gone g)
    where library_id = p_library
$$;

-- For the sweep: nobody else folds what writers of watched tables leave. Skips libraries that somebody adds to right now.
create function rivulet.fold_usages() returns void
language sql volatile set search_path = '' as $$
    select rivulet.fold_usage(library_id)
    from (select library_id from rivulet.usage_changes group by library_id having count(*) >= 32) many
    where pg_try_advisory_xact_lock(hashtextextended('rivulet.usage:' || library_id, 0))
$$;

-- A row that its library had no room for takes none.
create function rivulet.counts(d public.documents) returns boolean
language sql immutable set search_path = '' as
$$ select not (d.source = 'row' and d.error_code is not distinct from 'over_quota') $$;

-- What is left of the quota as the transaction first saw it, less what it took itself. Read once: who inserts ten thousand
-- documents in one transaction would otherwise add up his own changes each time. Null: as much as there is room for.
create function rivulet.room_in(p_library uuid) returns rivulet.default_quota
language plpgsql volatile set search_path = '' as $$
declare
    v_room jsonb := nullif(current_setting('rivulet.room_' || replace(p_library::text, '-', ''), true), '');
    q rivulet.default_quota;
    u rivulet.usage;
begin
    if v_room is null then
        q := rivulet.quota_of(p_library);
        u := rivulet.used(p_library);
        return row(true, q.documents - u.documents, q.bytes - u.bytes)::rivulet.default_quota;
    end if;
    return row(true, (v_room ->> 'documents')::bigint, (v_room ->> 'bytes')::bigint)::rivulet.default_quota;
end $$;

create function rivulet.take_room(p_library uuid, r rivulet.default_quota, p_documents bigint, p_bytes bigint) returns void
language sql volatile set search_path = '' as $$
    select set_config('rivulet.room_' || replace(p_library::text, '-', ''),
        jsonb_build_object('documents', r.documents - p_documents, 'bytes', r.bytes - p_bytes)::text, true)
$$;

-- Far from its quota nobody waits for anybody. Within a tenth of it, or 1,000 documents, or 1 GiB, the count is exact.
create function rivulet.is_close(p_library uuid, r rivulet.default_quota, p_documents bigint, p_bytes bigint) returns boolean
language sql stable set search_path = '' as $$
    select coalesce(r.documents - p_documents < greatest(q.documents / 10, 1000), false)
        or coalesce(r.bytes - p_bytes < greatest(q.bytes / 10, 1024 ^ 3), false)
    from rivulet.quota_of(p_library) q
$$;

create function rivulet.refuse_growth(p_reason text, p_remedy text default 'Delete documents from the library') returns void
language plpgsql stable set search_path = '' as $$
begin
    -- The one code that both the Data API and Storage answer with 403 and these very words.
    raise exception '%', p_reason using errcode = 'insufficient_privilege', detail = 'over_quota',
        hint = p_remedy || ', or ask whoever runs this service for a larger quota.';
end $$;

create function rivulet.grow(p_library uuid, p_documents bigint, p_bytes bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    r rivulet.default_quota := rivulet.room_in(p_library);
    v_close boolean := rivulet.is_close(p_library, r, p_documents, p_bytes);
    v_reason text;
    v_change bigint;
begin
    if v_close then
        v_reason := rivulet.too_much(p_library, p_documents, p_bytes);
        if v_reason is not null then perform rivulet.refuse_growth(v_reason); end if;
    else
        perform rivulet.take_room(p_library, r, p_documents, p_bytes);
    end if;
    v_change := rivulet.note_usage(p_library, p_documents, p_bytes);
    -- By whoever holds the lock; not in a fixed snapshot, which may not delete what others have folded meanwhile.
    if v_close and p_documents > 0 and v_change % 32 = 0 and current_setting('transaction_isolation') = 'read committed' then
        perform rivulet.fold_usage(p_library);
    end if;
end $$;

create function rivulet.count_document() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_new integer := rivulet.counts(new)::integer;
    v_old integer := 0;
    v_old_bytes bigint := 0;
begin
    if tg_op = 'UPDATE' then
        v_old := rivulet.counts(old)::integer;
        v_old_bytes := v_old * coalesce(old.bytes, 0);
        if old.library_id <> new.library_id then
            perform rivulet.note_usage(old.library_id, -v_old, -v_old_bytes);
            v_old := 0;
            v_old_bytes := 0;
        end if;
    end if;
    if new.source = 'row' then  -- whether there is room for it has been seen before
        perform rivulet.note_usage(new.library_id, v_new - v_old, v_new * coalesce(new.bytes, 0) - v_old_bytes);
    else
        perform rivulet.grow(new.library_id, v_new - v_old, v_new * coalesce(new.bytes, 0) - v_old_bytes);
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
-- Such writers wait for nobody, so what others write meanwhile is not seen: a quota may be passed by that much.
-- Its name comes after documents_fill, which would have it parsed.
create function rivulet.admit_row() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    r rivulet.default_quota := rivulet.room_in(new.library_id);
    v_documents integer := 1;
    v_bytes bigint := coalesce(new.bytes, 0);
begin
    if tg_op = 'UPDATE' then
        v_documents := 1 - rivulet.counts(old)::integer;
        v_bytes := v_bytes - case when rivulet.counts(old) then coalesce(old.bytes, 0) else 0 end;
    elsif exists (select from public.documents where watch_id = new.watch_id and source_ref = new.source_ref) then
        return new;  -- becomes an update
    end if;
    if v_documents > 0 and v_documents > r.documents or v_bytes > 0 and v_bytes > r.bytes then
        new.status := 'failed';
        new.error_code := 'over_quota';
        new.error_message := 'The quota of the library has no room for this row.';
    else
        perform rivulet.take_room(new.library_id, r, v_documents, v_bytes);
    end if;
    return new;
end $$;
create trigger documents_quota_row before insert on public.documents
    for each row when (new.source = 'row' and new.status = 'queued') execute function rivulet.admit_row();
create trigger documents_quota_row_change before update on public.documents
    for each row when (new.source = 'row' and new.status = 'queued') execute function rivulet.admit_row();

-- How many libraries a person may own, the personal one among them; of nobody: everybody without a row. Null: any number.
create table rivulet.owner_quotas (
    owner_id uuid unique nulls not distinct references auth.users (id) on delete cascade,
    libraries integer check (libraries >= 0)
);
insert into rivulet.owner_quotas (libraries) values (100);

-- The personal one is always made: nobody fails to sign up. Who makes several at once is counted one after the other.
create function rivulet.count_library() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_most integer;
begin
    perform pg_advisory_xact_lock(hashtextextended('rivulet.libraries:' || new.owner_id, 0));
    select libraries into v_most from rivulet.owner_quotas
    where owner_id = new.owner_id or owner_id is null order by owner_id limit 1;
    if (select count(*) from public.libraries where owner_id = new.owner_id) > v_most then
        perform rivulet.refuse_growth(format('One person may own at most %s libraries.', v_most),
                                      'Delete libraries that nobody needs');
    end if;
    return null;
end $$;
create trigger libraries_count after insert or update of owner_id on public.libraries
    for each row when (not new.personal) execute function rivulet.count_library();

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

-- The same for the number of libraries. p_owner null: the default of everybody; a limit that is null: none.
create function public.set_owner_quota_v1(p_owner uuid, p_libraries integer) returns void
language sql volatile security definer set search_path = '' set statement_timeout = '5s' as $$
    insert into rivulet.owner_quotas (owner_id, libraries) values (p_owner, p_libraries)
    on conflict (owner_id) do update set libraries = excluded.libraries
$$;

create function public.clear_owner_quota_v1(p_owner uuid) returns void
language sql volatile security definer set search_path = '' set statement_timeout = '5s' as
$$ delete from rivulet.owner_quotas where owner_id = p_owner $$;

revoke execute on function rivulet.measure_library(), rivulet.used(uuid), rivulet.lock_usage(uuid), rivulet.quota_of(uuid),
    rivulet.too_much(uuid, bigint, bigint), rivulet.note_usage(uuid, bigint, bigint), rivulet.fold_usage(uuid),
    rivulet.fold_usages(), rivulet.counts(public.documents), rivulet.grow(uuid, bigint, bigint), rivulet.count_document(),
    rivulet.uncount_documents(), rivulet.room_in(uuid), rivulet.take_room(uuid, rivulet.default_quota, bigint, bigint),
    rivulet.is_close(uuid, rivulet.default_quota, bigint, bigint), rivulet.refuse_growth(text, text), rivulet.admit_row(),
    rivulet.count_library() from public;
revoke execute on function public.set_quota_v1(uuid, bigint, bigint), public.clear_quota_v1(uuid),
    public.set_owner_quota_v1(uuid, integer), public.clear_owner_quota_v1(uuid) from public, anon, authenticated;
grant execute on function public.set_quota_v1(uuid, bigint, bigint), public.clear_quota_v1(uuid),
    public.set_owner_quota_v1(uuid, integer), public.clear_owner_quota_v1(uuid) to service_role;
revoke execute on function public.library_usage(uuid) from public, anon;
grant execute on function public.library_usage(uuid) to authenticated, service_role;

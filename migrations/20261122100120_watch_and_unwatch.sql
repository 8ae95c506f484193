-- What integrators call, and what may be watched.

create function rivulet.refuse_watch(p_table regclass, p_problem text, p_hint text) returns void
language plpgsql immutable set search_path = '' as $$
begin
    raise exception '% cannot be watched: %', p_table, p_problem using hint = p_hint, errcode = 'invalid_parameter_value';
end $$;

create function rivulet.check_watchable(p_table regclass, p_columns text[]) returns void
language plpgsql stable set search_path = '' as $$
declare
    c pg_catalog.pg_class;
    v_missing text;
begin
    select * into c from pg_class where oid = p_table;
    if c.relkind not in ('r', 'p') or c.relpersistence = 't' then
        perform rivulet.refuse_watch(p_table, 'it is not a permanent table.', 'Watch the tables that a view is made of.');
    elsif c.relnamespace = 'rivulet'::regnamespace or (c.relnamespace = 'public'::regnamespace
            and c.relname = any (rivulet.own_tables())) then
        perform rivulet.refuse_watch(p_table, 'it belongs to Rivulet.', 'Watch a table of your own.');
    elsif c.relnamespace::regnamespace::text in ('auth', 'storage', 'realtime', 'vault') then
        perform rivulet.refuse_watch(p_table, 'it belongs to Supabase.', 'Copy what is to be searched to a table of your own.');
    elsif not pg_has_role(c.relowner, 'usage') then
        perform rivulet.refuse_watch(p_table, format('it does not belong to %s.', current_user),
                                     format('alter table %s owner to %I', p_table, current_user));
    elsif not exists (select from rivulet.key_of(p_table)) then
        perform rivulet.refuse_watch(p_table, 'it has no primary key, so its rows cannot be told apart.',
                                     format('alter table %s add primary key (…)', p_table));
    elsif (select count(distinct schema) from rivulet.key_of(p_table)) > 1 then
        perform rivulet.refuse_watch(p_table, 'its primary key mixes types of several schemas.',
                                     'Use a primary key of built-in types.');
    elsif coalesce(cardinality(p_columns), 0) = 0 or array_position(p_columns, null) is not null then
        perform rivulet.refuse_watch(p_table, 'no content columns are named.', 'Name at least one.');
    end if;
    select string_agg(quote_ident(n), ', ') into v_missing from unnest(p_columns) n
    where not exists (select from pg_attribute where attrelid = p_table and attname = n and attnum > 0
                      and not attisdropped and attgenerated <> 'v');
    if v_missing is not null then
        perform rivulet.refuse_watch(p_table, format('it has no stored column %s.', v_missing),
                                     'Column names are written as in the table, without quotes.');
    end if;
end $$;

-- Makes the rows of a table documents of a library, and keeps them so: every change is followed in its own transaction.
--
-- p_table: any ordinary or partitioned table with a primary key. p_title: a column, or text with columns in braces, as in
-- '{name} ({id})'. p_content: the columns to search; several are written as "**column:** value". A row without content has
-- no document. Rows that are there already are read in batches by the listeners of the queue `backfill`.
--
-- Who sees the documents is decided by the membership of the library alone: row level security of the table does not
-- apply. Watch only what every member of the library may read.
--
-- Rivulet never fails a write to the table: text of more than 10 MB becomes a failed document, and a row that cannot be
-- followed at once is looked at again by a job. Rows that come or go without firing triggers (triggers disabled, restored
-- data, a partition truncated by itself) need rivulet.resync.
create function rivulet.watch(p_table regclass, p_library uuid, p_title text, p_content text[]) returns uuid
language plpgsql security definer set search_path = '' set lock_timeout = '5s' as $$
declare
    w public.watches;
    v_title text := p_title;
begin
    if exists (select from pg_attribute where attrelid = p_table and attname = p_title and attnum > 0) then
        v_title := '{' || p_title || '}';
    end if;
    perform rivulet.check_watchable(p_table, p_content);
    if cardinality(rivulet.title_columns(v_title)) not between 1 and 50 or char_length(v_title) > 500 then
        perform rivulet.refuse_watch(p_table, 'the title names no column.', 'Name a column, or write text such as ''{name} ({id})''.');
    end if;
    perform rivulet.check_watchable(p_table, rivulet.title_columns(v_title));
    if not exists (select from public.libraries where id = p_library) then
        perform rivulet.refuse_watch(p_table, format('there is no library %s.', p_library), 'Choose one of public.libraries.');
    end if;
    insert into public.watches (library_id, source_table, table_name, partitions, key, title, content)
    values (p_library, p_table, p_table::text, rivulet.leaves_of(p_table),
            array(select name from rivulet.key_of(p_table)), v_title, p_content)
    returning * into w;
    perform rivulet.install_watch(w);
    perform rivulet.enqueue_backfill(w);
    return w.id;
end $$;

-- Ends a watch; false if there is none. Its documents are deleted, or kept as ordinary documents of the library: 500 at
-- once, more by the listeners of the queue `backfill`.
create function rivulet.unwatch(p_watch uuid, p_keep_documents boolean default false) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    w public.watches;
begin
    update public.watches
    set state = case when p_keep_documents then 'releasing' else 'deleting' end, error_message = null, updated_at = now()
    where id = p_watch returning * into w;
    if not found then return false; end if;
    begin
        if rivulet.end_some(w) then return true; end if;
    exception when lock_not_available then null;
    end;
    perform rivulet.enqueue_backfill(w);
    return true;
end $$;

-- Looks through all rows and documents of a watch again; mends a broken one, if what it needs is there again.
create function rivulet.resync(p_watch uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    w public.watches;
begin
    update public.watches
    set state = 'backfilling', error_message = null, checkpoint = default, rows_done = 0, updated_at = now()
    where id = p_watch and state in ('backfilling', 'following', 'broken') returning * into w;
    if not found then return false; end if;
    perform rivulet.enqueue_backfill(w);
    return true;
end $$;

-- For the editors of its library, who may end a watch but not make one: that takes power over tables.
create function public.stop_watching(p_watch uuid, p_keep_documents boolean default false) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select from public.watches where id = p_watch
                   and library_id in (select rivulet.libraries_of(auth.uid(), 'editor'))) then
        raise exception 'There is no such watch, or you may not edit its library.' using errcode = 'insufficient_privilege';
    end if;
    return rivulet.unwatch(p_watch, p_keep_documents);
end $$;

-- Over the Data API. p_table: 'schema.table', or a table of public.
create function public.watch_v1(p_table text, p_library uuid, p_title text, p_content text[]) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '20s' as $$
declare
    v_table regclass := coalesce(to_regclass(p_table), to_regclass('public.' || p_table));
begin
    if v_table is null then
        raise exception 'There is no table %.', p_table using errcode = 'undefined_table',
            hint = 'Write ''schema.table''; names with capitals or special characters in double quotes.';
    end if;
    return rivulet.watch(v_table, p_library, p_title, p_content);
end $$;

create function public.unwatch_v1(p_watch uuid, p_keep_documents boolean default false) returns boolean
language sql volatile security definer set search_path = '' set statement_timeout = '20s' as
$$ select rivulet.unwatch(p_watch, p_keep_documents) $$;

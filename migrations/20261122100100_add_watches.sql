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
        (source = 'storage' and bucket is not null and object_name is not null)
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

-- ── The watched table ────────────────────────────────────────────────────────────────────────────────────────────────

-- The columns of the primary key in order, and the operators of its index: they may live in any schema.
create function rivulet.key_of(p_table regclass)
returns table (name text, type text, schema name, less name, equals name, greater name)
language sql stable set search_path = '' as $$
    select a.attname, format_type(a.atttypid, -1), n.nspname,
           max(o.oprname) filter (where m.amopstrategy = 1), max(o.oprname) filter (where m.amopstrategy = 3),
           max(o.oprname) filter (where m.amopstrategy = 5)
    from pg_index i, unnest(i.indkey, i.indclass) with ordinality k (attnum, opclass, position)
    join pg_attribute a on a.attrelid = p_table and a.attnum = k.attnum
    join pg_opclass c on c.oid = k.opclass and c.opcmethod = (select oid from pg_am where amname = 'btree')
    join pg_amop m on m.amopfamily = c.opcfamily and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
    join pg_operator o on o.oid = m.amopopr
    join pg_namespace n on n.oid = o.oprnamespace
    where i.indrelid = p_table and i.indisprimary and k.position <= i.indnkeyatts
    group by a.attname, a.atttypid, n.nspname, k.position order by k.position
$$;

create function rivulet.title_columns(p_title text) returns text[]
language sql immutable set search_path = '' as
$$ select coalesce(array_agg(m[1]), '{}') from regexp_matches(p_title, '\{([^{}]+)\}', 'g') m $$;

-- Pieces of SQL. p_row: an alias or variable that stands for a row of the table.
create function rivulet.ref_sql(p_key text[], p_row text) returns text
language sql immutable set search_path = '' as $$
    select format('jsonb_build_object(%s)::text', string_agg(format('%L, %s.%I::text', k, p_row, k), ', ')) from unnest(p_key) k
$$;

-- The columns of a rivulet.watched_row, of a row t.
create function rivulet.row_sql(w public.watches) returns text
language sql stable set search_path = '' as $$
    select format('%s, %s, %s, case when %s <= 10 * 1024 * 1024 then %s end', rivulet.ref_sql(w.key, 't'), title, bytes, bytes, content)
    from (select format('format(%L%s)', regexp_replace(replace(w.title, '%', '%%'), '\{[^{}]+\}', '%s', 'g'),
                        string_agg(format(', left(t.%I::text, 500)', c), '' order by n)) as title
          from unnest(rivulet.title_columns(w.title)) with ordinality u (c, n)) t,
         (select string_agg(format('coalesce(octet_length(t.%I::text), 0)::bigint', c), ' + ') as bytes,
                 case count(*) when 1 then format('t.%I::text', max(c)) else format($f$array_to_string(array[%s], E'\n\n')$f$, string_agg(
                     format($f$case when t.%1$I::text ~ '\S' then %2$L || t.%1$I::text end$f$, c, '**' || c || ':** '), ', ' order by n)) end as content
          from unnest(w.content) with ordinality u (c, n)) c
$$;

-- Child tables that inherit are tables of their own, partitions are not.
create function rivulet.from_sql(p_table regclass) returns text
language sql stable set search_path = '' as
$$ select case relkind when 'r' then 'only ' else '' end || p_table::text || ' t' from pg_class where oid = p_table $$;

create function rivulet.leaves_of(p_table regclass) returns oid[]
language sql stable set search_path = '' as
$$ select array(select relid::oid from pg_partition_tree(p_table) where isleaf order by 1) $$;

create function rivulet.watch_name(p_watch uuid) returns text
language sql immutable set search_path = '' as $$ select 'watch_' || replace(p_watch::text, '-', '') $$;

-- Makes the trigger function of a watch, or makes it anew after its table was renamed.
create function rivulet.write_watch_function(w public.watches) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_read text := format('select %s into r from %s where ', rivulet.row_sql(w), rivulet.from_sql(w.source_table));
    v_key text := (select string_agg(format('t.%1$I operator(%2$I.%3$s) $row$.%1$I', name, schema, equals), ' and ')
                   from rivulet.key_of(w.source_table));
    v_watched text := (select string_agg(distinct format('$row$.%I::text', c), ', ')
                       from unnest(w.content || rivulet.title_columns(w.title)) c);
    v_body text := format($body$
declare
    r rivulet.watched_row;
    v_old text;
    v_new text;
begin
    if tg_op = 'TRUNCATE' then
        perform rivulet.follow_truncate(%1$L);
        return null;
    end if;
    if tg_op <> 'INSERT' then v_old := %2$s; end if;
    if tg_op <> 'DELETE' then v_new := %3$s; end if;
    if v_old = v_new and row(%4$s) is not distinct from row(%5$s) then return null; end if;
    -- Read again, not taken from new: another trigger may have changed the row since.
    if v_old is distinct from v_new and v_old is not null then
        %6$s;
        perform rivulet.follow(%1$L, v_old, r);
    end if;
    if v_new is not null then
        %7$s;
        perform rivulet.follow(%1$L, v_new, r);
    end if;
    return null;
exception when others then
    perform rivulet.follow_failed(%1$L, array[v_old, v_new], sqlerrm);
    return null;
end $body$, w.id, rivulet.ref_sql(w.key, 'old'), rivulet.ref_sql(w.key, 'new'),
        replace(v_watched, '$row$', 'old'), replace(v_watched, '$row$', 'new'),
        v_read || replace(v_key, '$row$', 'old'), v_read || replace(v_key, '$row$', 'new'));
begin
    -- The settings make the text of every type the same whoever writes.
    execute format($sql$
        create or replace function rivulet.%I() returns trigger language plpgsql security definer
        set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'iso_8601'
        set extra_float_digits = 1 set bytea_output = 'hex' as %L$sql$, rivulet.watch_name(w.id), v_body);
    execute format('revoke execute on function rivulet.%I() from public', rivulet.watch_name(w.id));
end $$;

create function rivulet.install_watch(w public.watches) returns void
language plpgsql volatile set search_path = '' as $$
begin
    perform rivulet.write_watch_function(w);
    execute format('create trigger %I after insert or update or delete on %s for each row execute function rivulet.%I()',
                   'rivulet_' || rivulet.watch_name(w.id), w.source_table, rivulet.watch_name(w.id));
    execute format('create trigger %I after truncate on %s for each statement execute function rivulet.%I()',
                   'rivulet_' || rivulet.watch_name(w.id) || '_truncate', w.source_table, rivulet.watch_name(w.id));
end $$;

-- Waits for nobody: where the table is in use the triggers stay for now, without effect, and the sweep comes again.
create function rivulet.uninstall_watch(p_watch uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_function regprocedure := to_regprocedure(format('rivulet.%I()', rivulet.watch_name(p_watch)));
    t record;
begin
    for t in select tgrelid::regclass as relation, tgname from pg_trigger where tgfoid = v_function and tgparentid = 0 loop
        execute format('lock table %s in access exclusive mode nowait', t.relation);
        execute format('drop trigger %I on %s', t.tgname, t.relation);
    end loop;
    execute format('drop function if exists rivulet.%I()', rivulet.watch_name(p_watch));
exception
    when lock_not_available or object_in_use then null;
    when others then raise warning 'The triggers of watch % could not be removed: %', p_watch, sqlerrm;
end $$;

create function rivulet.forget_watch() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.uninstall_watch(old.id);
    return null;
end $$;
create trigger watches_forget after delete on public.watches for each row execute function rivulet.forget_watch();

-- ── Watch and unwatch ────────────────────────────────────────────────────────────────────────────────────────────────

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
    elsif c.relnamespace = 'rivulet'::regnamespace or (c.relnamespace = 'public'::regnamespace and c.relname in (
            'libraries', 'library_members', 'documents', 'chunks', 'conversations', 'messages', 'citations', 'feedback', 'watches')) then
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

-- ── backfill ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- One job at a time goes through a watch, batch by batch; each ends by making the next.
create function rivulet.enqueue_backfill(w public.watches) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('backfill', rivulet.tenant_of_library(w.library_id), w.id,
                           jsonb_build_object('watch_id', w.id), rivulet.new_trace_id(), null, 'watch:' || w.id)
$$;

-- What keeps a watch from following; null if nothing does.
create function rivulet.fault_of(w public.watches) returns text
language sql stable set search_path = '' as $$
    select case
        when missing is not null then format('%s has no column %s any more. ', w.table_name, missing)
        when w.key is distinct from array(select name from rivulet.key_of(w.source_table))
            then format('%s has another primary key now. ', w.table_name)
        when (select count(*) from pg_trigger where tgrelid = w.source_table and tgenabled in ('O', 'A')
              and tgfoid = to_regprocedure(format('rivulet.%I()', rivulet.watch_name(w.id)))) < 2
            then format('%s has lost the triggers of this watch, or they are disabled. ', w.table_name)
        end || 'End this watch and make a new one, or undo the change and call rivulet.resync.'
    from (select string_agg(quote_ident(c), ', ') as missing
          from unnest(w.key || w.content || rivulet.title_columns(w.title)) c
          where not exists (select from pg_attribute a where a.attrelid = w.source_table and a.attname = c and a.attnum > 0)) m
$$;

-- Looks at the table behind a watch, and draws the consequences of what has become of it.
create function rivulet.examine_watch(w public.watches) returns public.watches
language plpgsql volatile set search_path = '' as $$
declare
    v_fault text;
begin
    if not exists (select from pg_class where oid = w.source_table) then
        w.state := 'deleting';  -- the rows are gone, and so go their documents
        w.error_message := null;
    elsif w.state in ('backfilling', 'following') then
        v_fault := rivulet.fault_of(w);
        if v_fault is not null then
            w.state := 'broken';
            w.error_message := v_fault;
        elsif w.table_name <> w.source_table::text then
            w.table_name := w.source_table::text;
            perform rivulet.write_watch_function(w);
        end if;
        if w.state <> 'broken' and w.partitions <> rivulet.leaves_of(w.source_table) then
            w.partitions := rivulet.leaves_of(w.source_table);  -- attached or dropped: no trigger has told which rows
            w.state := 'backfilling';
            w.checkpoint := '{"pass": "rows"}';
            w.rows_done := 0;
        end if;
    end if;
    update public.watches set state = w.state, error_message = w.error_message, table_name = w.table_name,
        partitions = w.partitions, checkpoint = w.checkpoint, rows_done = w.rows_done, updated_at = now()
    where id = w.id and watches is distinct from w;
    return w;
end $$;

-- The document of one row becomes what the row is now. Raises lock_not_available if somebody is writing either of them.
create function rivulet.look_at_row(w public.watches, p_read text, p_ref text) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_document uuid;
    r rivulet.watched_row;
begin
    -- Before the row: a document that somebody makes after this look belongs to a row that this look does not see.
    select id into v_document from public.documents where watch_id = w.id and source_ref = p_ref for update nowait;
    begin
        execute p_read into r using p_ref::jsonb;
    exception when program_limit_exceeded or out_of_memory or internal_error then
        r := (p_ref, null, 10 * 1024 * 1024 + 1, null);  -- text that PostgreSQL itself cannot hold
    end;
    if r.ref = p_ref then
        perform rivulet.put_row(w, r);
    else
        delete from public.documents where id = v_document;
    end if;
end $$;

-- The query for look_at_row; $1 is the source_ref.
create function rivulet.read_sql(w public.watches) returns text
language sql stable set search_path = '' as $$
    select format('select %s from %s where %s for share nowait', rivulet.row_sql(w), rivulet.from_sql(w.source_table),
                  string_agg(format('t.%I operator(%I.%s) ($1 ->> %L)::%s', name, schema, equals, name, type), ' and '))
    from rivulet.key_of(w.source_table)
$$;

-- The first 500 keys after $1.
create function rivulet.keys_sql(w public.watches) returns text
language sql stable set search_path = '' as $$
    select format('select array(select %s from %s where $1 is null or (%s) operator(%I.%s) (%s) order by %s limit 500)',
                  rivulet.ref_sql(w.key, 't'), rivulet.from_sql(w.source_table), string_agg(format('t.%I', name), ', '),
                  min(schema), min(greater), string_agg(format('($1 ->> %L)::%s', name, type), ', '),
                  string_agg(format('t.%I using operator(%I.%s)', name, schema, less), ', '))
    from rivulet.key_of(w.source_table)
$$;

-- Of the first 500 documents after $2, those whose row is not there; and the last of the 500.
create function rivulet.orphans_sql(w public.watches) returns text
language sql stable set search_path = '' as $$
    select format('select array_agg(d.source_ref) filter (where not exists (select from %s where %s)), max(d.source_ref)
                   from (select source_ref from public.documents where watch_id = $1 and source_ref > $2
                         order by source_ref limit 500) d', rivulet.from_sql(w.source_table),
                  string_agg(format('t.%I operator(%I.%s) (d.source_ref::jsonb ->> %L)::%s', name, schema, equals, name, type), ' and '))
    from rivulet.key_of(w.source_table)
$$;

-- Looks at these rows one by one for at most a second, whose writers wait that long; returns how many it got to. A row
-- that is being written, or that fails, is left to a job of its own.
create function rivulet.look_at_rows(w public.watches, p_refs text[]) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    v_end constant timestamptz := clock_timestamp() + interval '1 second';
    v_read constant text := rivulet.read_sql(w);
    v_done integer := 0;
begin
    for i in 1 .. coalesce(cardinality(p_refs), 0) loop
        begin
            perform rivulet.look_at_row(w, v_read, p_refs[i]);
        exception when others then
            perform rivulet.follow_later(w.id, p_refs[i]);
        end;
        v_done := i;
        exit when clock_timestamp() > v_end;
    end loop;
    return v_done;
end $$;

-- One batch: first of rows, then of documents whose rows went without firing a trigger.
create function rivulet.backfill_some(w public.watches) returns public.watches
language plpgsql volatile set search_path = '' as $$
declare
    v_refs text[];
    v_last text;
    v_done integer;
begin
    if w.checkpoint ->> 'pass' = 'rows' then
        execute rivulet.keys_sql(w) into v_refs using (w.checkpoint ->> 'after')::jsonb;
        v_done := rivulet.look_at_rows(w, v_refs);
        w.rows_done := w.rows_done + v_done;
        w.checkpoint := case when v_done = 0 then '{"pass": "documents"}'
                             else jsonb_build_object('pass', 'rows', 'after', v_refs[v_done]) end;
    else
        execute rivulet.orphans_sql(w) into v_refs, v_last using w.id, coalesce(w.checkpoint ->> 'after', '');
        v_done := rivulet.look_at_rows(w, v_refs);
        if v_done < cardinality(v_refs) then v_last := v_refs[v_done]; end if;
        w.checkpoint := jsonb_build_object('pass', 'documents', 'after', v_last);
        if v_last is null then w.state := 'following'; end if;
    end if;
    update public.watches set state = w.state, checkpoint = w.checkpoint, rows_done = w.rows_done, updated_at = now()
    where id = w.id;
    return w;
end $$;

-- Takes 500 documents from an ending watch; true if it has ended. Raises lock_not_available while a transaction that has
-- added some is open.
create function rivulet.end_some(w public.watches) returns boolean
language plpgsql volatile set search_path = '' as $$
declare
    v_documents uuid[];
begin
    perform from public.watches where id = w.id for update nowait;
    v_documents := array(select id from public.documents where watch_id = w.id limit 500);
    if w.state = 'releasing' then
        update public.documents set source = 'inline', watch_id = null, source_ref = null
        where id = any (v_documents) and content is not null;
    end if;
    delete from public.documents where id = any (v_documents) and watch_id is not null;
    if exists (select from public.documents where watch_id = w.id) then return false; end if;
    delete from public.watches where id = w.id;
    return true;
end $$;

-- A job looks at one row, {watch_id, ref}, or does one batch of a watch and makes the job for the next, {watch_id}.
-- A ref of null starts the watch over. `busy`: somebody is writing the row or holds the table; nothing was done.
create function public.complete_backfill_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '20s' set lock_timeout = '1s'
set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'iso_8601' set extra_float_digits = 1 set bytea_output = 'hex' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
    w public.watches;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if j.payload @> '{"ref": null}' then perform rivulet.resync((j.payload ->> 'watch_id')::uuid); end if;
    select * into w from public.watches where id = (j.payload ->> 'watch_id')::uuid for no key update;
    if not found then
        perform rivulet.finish(j, 'cancelled', null, 'superseded', 'The watch has ended meanwhile.');
        return '{"status": "superseded"}';
    end if;
    w := rivulet.examine_watch(w);
    if j.payload ? 'ref' then
        if w.state in ('backfilling', 'following') and j.payload ->> 'ref' is not null then
            perform rivulet.look_at_row(w, rivulet.read_sql(w), j.payload ->> 'ref');
        end if;
    elsif w.state = 'backfilling' then
        w := rivulet.backfill_some(w);
    end if;
    perform rivulet.finish(j, 'done', jsonb_build_object('state', w.state, 'rows_done', w.rows_done));
    if w.state = 'backfilling' or (w.state in ('deleting', 'releasing') and not rivulet.end_some(w)) then
        perform rivulet.enqueue_backfill(w);
    end if;
    return jsonb_build_object('status', 'done', 'state', w.state);
exception when lock_not_available then
    return '{"status": "busy"}';
end $$;

-- A batch that failed for good breaks its watch.
create function rivulet.break_watch() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update public.watches
    set state = 'broken', updated_at = now(), error_message = format('Its rows could not be read (%s). Call rivulet.resync to try again.',
                                                                     coalesce(new.error_message, new.error_code))
    where id = new.subject_id and state = 'backfilling';
    return null;
end $$;
create trigger job_history_break_watch after insert on rivulet.job_history
    for each row when (new.queue = 'backfill' and new.outcome = 'dead') execute function rivulet.break_watch();

create function rivulet.sweep_misses() returns void
language sql volatile set search_path = '' as $$
    with missed as (
        delete from rivulet.watch_misses where id in (
            select id from rivulet.watch_misses order by id limit 1000 for update skip locked)
        returning watch_id, ref
    )
    select rivulet.enqueue('backfill', rivulet.tenant_of_library(w.library_id), md5(w.id || coalesce(m.ref, ''))::uuid,
                           jsonb_build_object('watch_id', w.id, 'ref', m.ref), rivulet.new_trace_id())
    from (select distinct watch_id, ref from missed) m join public.watches w on w.id = m.watch_id
$$;

-- What nobody tells: tables dropped, renamed or changed, partitions attached or dropped, jobs lost, triggers left behind.
create function rivulet.sweep_watches() returns void
language plpgsql volatile set search_path = '' set lock_timeout = '200ms' as $$
declare
    w public.watches;
begin
    perform rivulet.sweep_misses();
    for w in select * from public.watches for no key update skip locked loop
        begin
            w := rivulet.examine_watch(w);
            if w.state in ('backfilling', 'deleting', 'releasing') then perform rivulet.enqueue_backfill(w); end if;
        exception when others then
            raise warning 'Watch % could not be examined: %', w.id, sqlerrm;
        end;
    end loop;
    perform rivulet.uninstall_watch(id) from (
        select substr(proname, 7)::uuid as id from pg_proc
        where pronamespace = 'rivulet'::regnamespace and proname ~ '^watch_[0-9a-f]{32}$') f
    where not exists (select from public.watches where id = f.id);
exception when others then
    raise warning 'Watches could not be examined: %', sqlerrm;
end $$;

-- ── Who may do what ──────────────────────────────────────────────────────────────────────────────────────────────────

revoke all on public.watches from anon, authenticated;
grant select on public.watches to authenticated;
alter table public.watches enable row level security;
create policy "editors see watches" on public.watches for select to authenticated
    using (library_id in (select rivulet.libraries_of((select auth.uid()), 'editor')));

-- Documents of rows are what the rows are: nobody changes or deletes them by hand.
create policy "rows are changed where they are" on public.documents as restrictive for update to authenticated
    using (source <> 'row');
create policy "rows are deleted where they are" on public.documents as restrictive for delete to authenticated
    using (source <> 'row');

do $$
declare
    f regprocedure;
begin
    foreach f in array array[
        'public.watch_v1(text, uuid, text, text[])', 'public.unwatch_v1(uuid, boolean)', 'public.stop_watching(uuid, boolean)',
        'public.complete_backfill_v1(bigint, bigint)']::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    grant execute on function public.stop_watching(uuid, boolean) to authenticated;
    for f in select oid::regprocedure from pg_proc where pronamespace = 'rivulet'::regnamespace loop
        execute format('revoke execute on function %s from public', f);
    end loop;
    grant execute on function rivulet.watch(regclass, uuid, text, text[]), rivulet.unwatch(uuid, boolean), rivulet.resync(uuid)
        to service_role;
end $$;

alter publication supabase_realtime add table public.watches;

-- The triggers on a watched table, and what they are made of: each watch has a function of its own, written for its table.

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

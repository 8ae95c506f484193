-- Rows that were there before their watch, and those that a trigger could not follow: read in batches, as jobs.

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

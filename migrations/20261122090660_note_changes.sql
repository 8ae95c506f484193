-- What may change the answers of a search: which transactions changed what is found in a library. Whoever keeps results can
-- tell by it that they are of yesterday. Reasons: infra/decisions/0086-what-was-found-is-kept-per-revision.md.

-- The transactions so far. A counter in one row would have writers of a library wait for each other, and for those that hold
-- it to the end of a long transaction; a row of its own for each transaction does not.
create table rivulet.changes (
    library_id uuid not null references public.libraries (id) on delete cascade,
    changed_by xid8 not null,
    primary key (library_id, changed_by)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);

-- Those before are taken away by whoever adds one, if nobody can be about to add an earlier one. So the set is small, and
-- never one that it has been before: what takes away from it adds what was never in it. Not in a fixed snapshot, which does
-- not see what others have taken away.
create function rivulet.note_change(p_library uuid) returns void
language plpgsql volatile set search_path = '' as $$
begin
    insert into rivulet.changes (library_id, changed_by)
    select id, pg_current_xact_id() from public.libraries where id = p_library
    on conflict do nothing;
    if not found or current_setting('transaction_isolation') <> 'read committed' then return; end if;
    with earlier as (
        select library_id, changed_by from rivulet.changes
        where library_id = p_library and changed_by < pg_snapshot_xmin(pg_current_snapshot())
        for update skip locked
    )
    delete from rivulet.changes c using earlier e where (c.library_id, c.changed_by) = (e.library_id, e.changed_by);
end $$;

create function rivulet.note_changed_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.note_change(old.library_id);
    if tg_op = 'UPDATE' and new.library_id <> old.library_id then perform rivulet.note_change(new.library_id); end if;
    return null;
end $$;

-- A document that was never searchable changes nothing.
create trigger documents_note_change after update on public.documents
    for each row when (
        (old.active_version is not null or new.active_version is not null)
        and (old.library_id, old.active_version, old.title, old.mime, old.tags, old.created_at)
            is distinct from (new.library_id, new.active_version, new.title, new.mime, new.tags, new.created_at))
    execute function rivulet.note_changed_document();
create trigger documents_note_deletion after delete on public.documents
    for each row when (old.active_version is not null) execute function rivulet.note_changed_document();

-- The libraries and what has been changed in them, as a name: another one after each change that this snapshot sees.
create function rivulet.revision_of(p_libraries uuid[]) returns text
language sql stable set search_path = '' as $$
    select md5(coalesce(string_agg(concat_ws(':', l.id, c.changed_by), ',' order by l.id, c.changed_by), ''))
    from unnest(p_libraries) as l (id) left join rivulet.changes c on c.library_id = l.id
$$;

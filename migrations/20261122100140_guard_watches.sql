-- Who may do what with watches, and with the documents of rows.

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

-- Who may do what. Nobody but the owner of a right reads or writes; the service role, which bypasses these policies, does the work.

-- Start from nothing: hosted Supabase grants all on new tables and functions in public by default. What others have in public
-- keeps its rights.
revoke all on public.libraries, public.library_members, public.documents, public.chunks, public.conversations, public.messages,
    public.citations, public.feedback, public.deletions from anon, authenticated;
do $$
declare
    f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc
             where pronamespace = 'public'::regnamespace and proname = any (rivulet.own_functions())
               and proname ~ '_v[0-9]+$' loop
        execute format('revoke execute on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    for f in select oid::regprocedure from pg_proc where pronamespace = 'rivulet'::regnamespace loop
        execute format('revoke execute on function %s from public', f);
    end loop;
end $$;
revoke execute on function public.retry_document(uuid) from public, anon;
grant execute on function public.retry_document(uuid) to authenticated, service_role;
grant execute on function rivulet.libraries_of(uuid, public.library_role) to authenticated;
grant execute on function rivulet.new_trace_id() to authenticated, service_role;  -- a column default runs with the rights of who inserts

alter table public.libraries enable row level security;
alter table public.library_members enable row level security;
alter table public.documents enable row level security;
alter table public.chunks enable row level security;
alter table public.conversations enable row level security;
alter table public.messages enable row level security;
alter table public.citations enable row level security;
alter table public.feedback enable row level security;

-- Of many people's rows a policy may have to find a few: "= any (array(…))" is looked up in an index, "in (…)" reads them all.

-- Libraries: members see them, anybody signed in makes them, owners rename and delete them (not the personal one).
grant select, insert (id, name), update (name), delete on public.libraries to authenticated;
create policy "members see their libraries" on public.libraries for select to authenticated
    using (id = any (array(select rivulet.libraries_of((select auth.uid())))) or owner_id = (select auth.uid()));
create policy "people make libraries" on public.libraries for insert to authenticated
    with check (owner_id = (select auth.uid()) and not personal);
create policy "owners rename" on public.libraries for update to authenticated
    using (id in (select rivulet.libraries_of((select auth.uid()), 'owner')));
create policy "owners delete" on public.libraries for delete to authenticated
    using (not personal and id in (select rivulet.libraries_of((select auth.uid()), 'owner')));

-- Members: seen by each other, chosen by the owner, and anybody may leave. An owner's own row stays. Nobody is put into a
-- library: who is invited makes the row by accepting.
grant select, update (role), delete on public.library_members to authenticated;
create policy "members see each other" on public.library_members for select to authenticated
    using (library_id = any (array(select rivulet.libraries_of((select auth.uid())))));
create policy "owners change roles" on public.library_members for update to authenticated
    using (role <> 'owner' and library_id in (select rivulet.libraries_of((select auth.uid()), 'owner')))
    with check (role <> 'owner');
create policy "owners remove members and members leave" on public.library_members for delete to authenticated
    using (role <> 'owner' and (user_id = (select auth.uid())
           or library_id in (select rivulet.libraries_of((select auth.uid()), 'owner'))));

-- Documents: members read, editors add, replace and delete. Status and counters belong to the listeners.
grant select, insert (id, library_id, title, content, mime, tags), update (title, content, tags), delete on public.documents to authenticated;
create policy "members read documents" on public.documents for select to authenticated
    using (library_id = any (array(select rivulet.libraries_of((select auth.uid())))));
create policy "editors add documents" on public.documents for insert to authenticated
    with check (source = 'inline' and owner_id = (select auth.uid())
                and library_id in (select rivulet.libraries_of((select auth.uid()), 'editor')));
create policy "editors change documents" on public.documents for update to authenticated
    using (library_id in (select rivulet.libraries_of((select auth.uid()), 'editor')));
create policy "editors delete documents" on public.documents for delete to authenticated
    using (library_id in (select rivulet.libraries_of((select auth.uid()), 'editor')));

-- Passages: the active version of what a member may read.
grant select on public.chunks to authenticated;
create policy "members read active passages" on public.chunks for select to authenticated
    using (library_id = any (array(select rivulet.libraries_of((select auth.uid()))))
           and exists (select from public.documents d where d.id = chunks.document_id and d.active_version = chunks.version));

-- Conversations and what is in them: their owner's alone.
grant select, insert (id, library_id, title), update (library_id, title), delete on public.conversations to authenticated;
create policy "own conversations" on public.conversations for select to authenticated using (owner_id = (select auth.uid()));
create policy "start a conversation" on public.conversations for insert to authenticated
    with check (owner_id = (select auth.uid())
                and (library_id is null or library_id in (select rivulet.libraries_of((select auth.uid())))));
create policy "change own conversation" on public.conversations for update to authenticated
    using (owner_id = (select auth.uid()));
-- A policy does not know what was there before: by one, nobody could rename a conversation about a library that they have left.
create function rivulet.admit_to_library() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if new.library_id not in (select rivulet.libraries_of(new.owner_id)) then
        raise exception 'There is no such library, or you may not see it.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
revoke execute on function rivulet.admit_to_library() from public;
create trigger conversations_admit_to_library before update on public.conversations
    for each row when (new.library_id is not null and new.library_id is distinct from old.library_id)
    execute function rivulet.admit_to_library();
create policy "delete own conversation" on public.conversations for delete to authenticated using (owner_id = (select auth.uid()));

-- Messages: people write questions and stop answers; nothing else of an answer is theirs to change.
grant select, insert (id, conversation_id, content), update (status) on public.messages to authenticated;
create policy "read own messages" on public.messages for select to authenticated
    using (conversation_id in (select id from public.conversations where owner_id = (select auth.uid())));
create policy "ask" on public.messages for insert to authenticated
    with check (role = 'user' and conversation_id in (select id from public.conversations where owner_id = (select auth.uid())));
create policy "stop an answer" on public.messages for update to authenticated
    using (role = 'assistant' and status in ('pending', 'streaming')
           and conversation_id in (select id from public.conversations where owner_id = (select auth.uid())))
    with check (status = 'cancelled');

grant select on public.citations to authenticated;
create policy "read own citations" on public.citations for select to authenticated
    using (exists (select from public.messages m where m.id = message_id));  -- one that this person may read; "in" would read all

grant select, insert (message_id, rating, comment), update (rating, comment), delete on public.feedback to authenticated;
create policy "own feedback" on public.feedback for all to authenticated
    using (user_id = (select auth.uid()))
    with check (user_id = (select auth.uid()) and exists (select from public.messages m where m.id = message_id and m.role = 'assistant'));

-- Files: the first folder of an object's name is the library.
create policy "members read files" on storage.objects for select to authenticated
    using (bucket_id = 'documents'
           and (storage.foldername(name))[1] in (select rivulet.libraries_of((select auth.uid()))::text));
create policy "editors upload files" on storage.objects for insert to authenticated
    with check (bucket_id = 'documents'
                and (storage.foldername(name))[1] in (select rivulet.libraries_of((select auth.uid()), 'editor')::text));
create policy "editors replace files" on storage.objects for update to authenticated
    using (bucket_id = 'documents'
           and (storage.foldername(name))[1] in (select rivulet.libraries_of((select auth.uid()), 'editor')::text))
    with check (bucket_id = 'documents'
                and (storage.foldername(name))[1] in (select rivulet.libraries_of((select auth.uid()), 'editor')::text));
create policy "editors delete files" on storage.objects for delete to authenticated
    using (bucket_id = 'documents'
           and (storage.foldername(name))[1] in (select rivulet.libraries_of((select auth.uid()), 'editor')::text));

-- What people and integrators can subscribe to.

create function rivulet.may_listen(p_topic text, p_user uuid) returns boolean
language sql stable security definer set search_path = '' as $$
    select case split_part(p_topic, ':', 1)
        when 'person' then split_part(p_topic, ':', 2) = p_user::text
        when 'library' then split_part(p_topic, ':', 2) in (select l::text from rivulet.libraries_of(p_user) l)
        when 'conversation' then exists (select from public.conversations
                                         where id::text = split_part(p_topic, ':', 2) and owner_id = p_user)
        else false end
$$;
revoke execute on function rivulet.may_listen(text, uuid) from public;
grant execute on function rivulet.may_listen(text, uuid) to authenticated;

-- Reading only: what is heard on these topics comes from triggers and listeners, never from another person.
create policy "hear own libraries and conversations" on realtime.messages for select to authenticated
    using (extension = 'broadcast' and rivulet.may_listen(realtime.topic(), (select auth.uid())));

-- Private Broadcast topics fed by triggers: Postgres Changes with RLS tops out at tens of changes a second.
-- The shape is that of realtime.broadcast_changes; inline text is left out, it may be megabytes.
create function rivulet.broadcast_document() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_library uuid := case tg_op when 'DELETE' then old.library_id else new.library_id end;
begin
    perform realtime.send(jsonb_build_object(
        'operation', tg_op, 'schema', tg_table_schema, 'table', tg_table_name,
        'record', case when tg_op <> 'DELETE' then to_jsonb(new) - 'content' end,
        'old_record', case when tg_op <> 'INSERT' then to_jsonb(old) - 'content' end),
        tg_op, 'library:' || v_library, true);
    return null;
end $$;
create trigger documents_broadcast after insert or delete on public.documents
    for each row execute function rivulet.broadcast_document();
create trigger documents_broadcast_change after update on public.documents
    for each row when (old.* is distinct from new.*) execute function rivulet.broadcast_document();

-- Drafts are not sent: readers have had their text as deltas. A final answer brings its citations along.
create function rivulet.broadcast_message() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform realtime.send(jsonb_build_object(
        'operation', tg_op, 'schema', tg_table_schema, 'table', tg_table_name, 'record', to_jsonb(new),
        'citations', (select coalesce(jsonb_agg(to_jsonb(c) order by c.marker), '[]')
                      from public.citations c where c.message_id = new.id)),
        tg_op, 'conversation:' || new.conversation_id, true);
    return null;
end $$;
create trigger messages_broadcast after insert on public.messages
    for each row execute function rivulet.broadcast_message();
create trigger messages_broadcast_change after update on public.messages
    for each row when (old.status is distinct from new.status or old.fence is distinct from new.fence
                       or old.metadata is distinct from new.metadata)
    execute function rivulet.broadcast_message();

revoke execute on function rivulet.broadcast_document(), rivulet.broadcast_message() from public;

-- For integrators who prefer Postgres Changes. Not the chunks: one large upload would drown every other change. Not what has
-- a person in its key: of a row that is deleted everybody is told the key (infra/decisions/0004-chunks-are-not-published.md).
alter publication supabase_realtime add table
    public.libraries, public.documents, public.conversations, public.messages, public.citations;

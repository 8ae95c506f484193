-- The topic person:<id>: what concerns a person alone, wherever they are signed in. Lists of libraries, conversations and
-- invitations are kept fresh by it; who may hear it: rivulet.may_listen.

-- The shape is that of realtime.broadcast_changes.
create function rivulet.tell_person(p_user uuid, p_table text, p_operation text, p_record jsonb) returns void
language sql volatile set search_path = '' as $$
    select realtime.send(jsonb_build_object('operation', p_operation, 'schema', 'public', 'table', p_table, 'record', p_record),
                         p_operation, 'person:' || p_user, true)
$$;

create function rivulet.tell_of_conversation() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    c public.conversations := case tg_op when 'DELETE' then old else new end;
begin
    perform rivulet.tell_person(c.owner_id, tg_table_name, tg_op, to_jsonb(c));
    return null;
end $$;
create trigger conversations_tell after insert or update or delete on public.conversations
    for each row execute function rivulet.tell_of_conversation();

create function rivulet.tell_of_member() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    m public.library_members := case tg_op when 'DELETE' then old else new end;
begin
    perform rivulet.tell_person(p.user_id, tg_table_name, tg_op, to_jsonb(m))
    from (select m.user_id union select user_id from public.library_members where library_id = m.library_id) p;
    return null;
end $$;
create trigger library_members_tell after insert or update or delete on public.library_members
    for each row execute function rivulet.tell_of_member();

create function rivulet.tell_of_library() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.tell_person(user_id, tg_table_name, tg_op, to_jsonb(new)) from public.library_members where library_id = new.id;
    return null;
end $$;
create trigger libraries_tell after update on public.libraries
    for each row execute function rivulet.tell_of_library();

create function rivulet.tell_of_invitation() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    i public.invitations := case tg_op when 'DELETE' then old else new end;
begin
    perform rivulet.tell_person(p.id, tg_table_name, tg_op, jsonb_build_object('library_id', i.library_id, 'role', i.role))
    from (select id from auth.users where lower(email) = i.email and email_confirmed_at is not null
          union select owner_id from public.libraries where id = i.library_id) p;
    return null;
end $$;
create trigger invitations_tell after insert or update or delete on public.invitations
    for each row execute function rivulet.tell_of_invitation();

revoke execute on function rivulet.tell_person(uuid, text, text, jsonb), rivulet.tell_of_conversation(), rivulet.tell_of_member(),
    rivulet.tell_of_library(), rivulet.tell_of_invitation() from public;

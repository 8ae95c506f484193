-- Another answer to a question, and another question in its place. What was there stays, with its citations and feedback.

-- Takes a message and all that follows it out of its conversation; what is still being written is stopped.
create function rivulet.take_back(m public.messages) returns void
language plpgsql volatile set search_path = '' as $$
begin
    -- All subjects first, in order: whoever ends one of these answers holds its row before it takes the group.
    perform from public.messages where conversation_id = m.conversation_id and position >= m.position
    order by position for no key update;
    -- Asked only now: the same may have been done on another device, which has been waited for.
    if not exists (select from public.messages where id = m.id and superseded_at is null) then
        raise exception 'Another one has taken its place.' using errcode = 'object_not_in_prerequisite_state';
    end if;
    update public.messages
    set superseded_at = now(), updated_at = now(),
        status = case when status in ('pending', 'streaming') then 'cancelled' else status end
    where conversation_id = m.conversation_id and position >= m.position and superseded_at is null;
end $$;

-- The message, if it is in a conversation of the person who calls.
create function rivulet.own_message(p_message uuid, p_role text) returns public.messages
language plpgsql stable set search_path = '' as $$
declare
    m public.messages;
begin
    select x.* into m from public.messages x join public.conversations c on c.id = x.conversation_id
    where x.id = p_message and x.role = p_role and c.owner_id = auth.uid();
    if not found then
        raise exception 'You have no such %.', case p_role when 'user' then 'question' else 'answer' end
            using errcode = 'insufficient_privilege';
    end if;
    return m;
end $$;

-- The Regenerate button, and the Retry button of an answer that failed: a new answer to the same question, pending, and its id.
create function public.regenerate_answer(p_message uuid) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    m public.messages := rivulet.own_message(p_message, 'assistant');
    v_new public.messages;
begin
    perform rivulet.take_back(m);
    perform rivulet.lock_group(m.conversation_id::text);
    insert into public.messages (conversation_id, role, status, reply_to, replaces)
    values (m.conversation_id, 'assistant', 'pending', m.reply_to, m.id) returning * into v_new;
    perform rivulet.enqueue_respond(v_new);
    update public.conversations set updated_at = now() where id = m.conversation_id;
    return v_new.id;
end $$;

-- Edit and send again: the question with other words, in the place of the old one and all that followed. Returns its id; its
-- answer is there with it, as for every question.
create function public.edit_question(p_message uuid, p_content text) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    m public.messages := rivulet.own_message(p_message, 'user');
    v_new uuid;
begin
    perform rivulet.take_back(m);
    insert into public.messages (conversation_id, content, replaces) values (m.conversation_id, p_content, m.id)
    returning id into v_new;
    return v_new;
end $$;

revoke execute on function public.regenerate_answer(uuid), public.edit_question(uuid, text) from public, anon;
grant execute on function public.regenerate_answer(uuid), public.edit_question(uuid, text) to authenticated, service_role;
revoke execute on function rivulet.take_back(public.messages), rivulet.own_message(uuid, text) from public;

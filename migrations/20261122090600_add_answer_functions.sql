-- From a question to its answer: the triggers, and what the respond handler calls.

create function rivulet.enqueue_respond(m public.messages) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('respond', c.owner_id, m.id,
                           jsonb_build_object('message_id', m.id, 'question_id', m.reply_to), m.trace_id, c.id::text)
    from public.conversations c where c.id = m.conversation_id
$$;

-- What a conversation is called until its first answer gives it a title.
create function rivulet.first_title(p_question text) returns text
language sql immutable set search_path = '' as
$$ select left(regexp_replace(btrim(p_question), '\s+', ' ', 'g'), 80) $$;

-- The answer's row exists from the moment the question is accepted, so that everyone who watches sees it pending.
create function rivulet.receive_question() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_answer public.messages;
begin
    perform rivulet.lock_group(new.conversation_id::text);
    insert into public.messages (conversation_id, role, status, reply_to, trace_id)
    values (new.conversation_id, 'assistant', 'pending', new.id, new.trace_id) returning * into v_answer;
    perform rivulet.enqueue_respond(v_answer);
    update public.conversations
    set updated_at = now(), title = coalesce(title, rivulet.first_title(new.content))
    where id = new.conversation_id;
    return null;
end $$;
create trigger messages_receive_question after insert on public.messages
    for each row when (new.role = 'user') execute function rivulet.receive_question();

-- Stop is a row: works from any device, and ends the model call.
create function rivulet.stop_answer() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.cancel_jobs(array(select id from rivulet.jobs where subject_id = new.id));
    return null;
end $$;
create trigger messages_stop_answer after update of status on public.messages
    for each row when (new.status = 'cancelled' and old.status <> 'cancelled') execute function rivulet.stop_answer();

create function rivulet.restart_answer(p_message uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    m public.messages;
begin
    update public.messages
    set status = 'pending', content = '', error_code = null, error_message = null, updated_at = now()
    where id = p_message and status = 'failed' and superseded_at is null returning * into m;
    if not found then return false; end if;
    perform rivulet.enqueue_respond(m);
    return true;
end $$;

-- ── respond ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The turns before a question that count, oldest first: what was said and ended well, and has not been taken back.
create function rivulet.history_of(q public.messages, p_turns integer) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('role', h.role, 'content', h.content) order by h.position), '[]')
    from (select * from public.messages m
          where m.conversation_id = q.conversation_id and m.position < q.position and m.status = 'complete'
            and m.superseded_at is null
          order by m.position desc limit p_turns) h
$$;

-- Returns the question, who asks, which library answers, what of it may be searched and how much of it cannot be yet, the turns
-- before it, whether it had an answer, and whether the conversation wants a title.
create function public.start_respond_v1(p_job bigint, p_fence bigint, p_history integer default 12) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds_subject(p_job, p_fence);
    q public.messages;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    -- A new attempt takes the draft over: readers drop the text of lower fences.
    update public.messages set status = 'streaming', content = '', fence = p_fence, updated_at = now()
    where id = j.subject_id and status in ('pending', 'streaming');
    if not found then return rivulet.supersede(p_job, p_fence); end if;
    select * into q from public.messages where id = (j.payload ->> 'question_id')::uuid;
    return (
        select jsonb_build_object(
            'status', 'ok', 'message_id', j.subject_id, 'conversation_id', c.id, 'user_id', c.owner_id,
            'library_id', c.library_id, 'scope', public.search_scope_v1(c.owner_id, c.library_id),
            'unread', rivulet.count_unread(c.owner_id, c.library_id),
            'question', q.content, 'history', rivulet.history_of(q, p_history),
            'again', exists (select from public.messages a where a.id = j.subject_id and a.replaces is not null),
            'wants_title', c.title = rivulet.first_title(q.content))
        from public.conversations c where c.id = q.conversation_id);
end $$;

-- Deleted, with its question or conversation. The caller holds the row if it is there.
create function rivulet.answer_is_gone(j rivulet.jobs) returns boolean
language sql stable set search_path = '' as
$$ select not exists (select from public.messages where id = j.subject_id) $$;

-- The draft, about once a second: what a reader who comes late starts from. Answers cancel if the person stopped it.
create function public.save_draft_v1(p_job bigint, p_fence bigint, p_content text) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds_subject(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if rivulet.answer_is_gone(j) then return rivulet.supersede(p_job, p_fence); end if;
    update public.messages set content = p_content, updated_at = now()
    where id = j.subject_id and fence = p_fence and status in ('streaming', 'cancelled') and content <> p_content;
    return jsonb_build_object('status', case when j.cancel_requested then 'cancel' else 'ok' end);
end $$;

-- What is cited stays until the end of the transaction: whoever takes passages away, by a deletion or a new version, holds the
-- row of their document.
create function rivulet.lock_cited(p_citations jsonb) returns void
language plpgsql volatile set search_path = '' as $$
begin
    perform from public.documents
    where id in (select c.document_id from jsonb_to_recordset(p_citations) as a (chunk_id uuid)
                 join public.chunks c on c.id = a.chunk_id)
    order by id for share;
end $$;

-- Title, page and quote come from the passage's own rows, never from the model. A passage that was deleted since is not cited.
create function rivulet.cite(p_message uuid, p_citations jsonb) returns void
language sql volatile set search_path = '' as $$
    insert into public.citations (message_id, marker, chunk_id, document_id, title, page, quote, char_start, char_end,
                                  document_start, document_end, passage_hash)
    select p_message, a.marker, c.id, d.id, d.title, c.page, substr(c.text, a.char_start + 1, a.char_end - a.char_start),
           a.char_start, a.char_end, rivulet.start_in_document(c, a.char_start), rivulet.end_in_document(c, a.char_end),
           c.content_hash
    from jsonb_to_recordset(p_citations) as a (marker integer, chunk_id uuid, char_start integer, char_end integer)
    join public.chunks c on c.id = a.chunk_id join public.documents d on d.id = c.document_id
    on conflict do nothing
$$;

-- Final text, citations and completion in one transaction; of an answer that the person stopped, what there is of it.
-- p_answer: {content, model, usage, timings, metadata, title, citations: [{marker, chunk_id, char_start, char_end}],
--            provenance: {query, rewritten_by, candidates, passages, prompt_sha256, parameters, …}}.
create function public.complete_respond_v1(p_job bigint, p_fence bigint, p_answer jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs;
    v_outcome text;
begin
    perform rivulet.lock_cited(p_answer -> 'citations');  -- documents before messages, as in lock_subject
    j := rivulet.take(p_job, p_fence);
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if rivulet.answer_is_gone(j) then return rivulet.supersede(p_job, p_fence); end if;
    v_outcome := case when j.cancel_requested then 'cancelled' else 'done' end;
    perform rivulet.cite(j.subject_id, p_answer -> 'citations');
    update public.messages
    set status = case when j.cancel_requested then status else 'complete' end,
        content = p_answer ->> 'content', model = p_answer ->> 'model', usage = nullif(p_answer -> 'usage', 'null'),
        timings = p_answer -> 'timings', metadata = coalesce(p_answer -> 'metadata', '{}'), updated_at = now()
    where id = j.subject_id;
    perform rivulet.keep_provenance(j.subject_id, p_answer);
    perform rivulet.give_title(j, p_answer ->> 'title');
    perform rivulet.finish(j, v_outcome::rivulet.job_outcome,
                           jsonb_build_object('model', p_answer -> 'model', 'usage', p_answer -> 'usage'));
    return jsonb_build_object('status', v_outcome);
end $$;

-- A name that a person gave the conversation meanwhile stays.
create function rivulet.give_title(j rivulet.jobs, p_title text) returns void
language sql volatile set search_path = '' as $$
    update public.conversations c set title = left(p_title, 120)
    from public.messages q
    where p_title is not null and q.id = (j.payload ->> 'question_id')::uuid and c.id = q.conversation_id
      and c.title = rivulet.first_title(q.content)
$$;

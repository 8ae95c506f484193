-- Conversations: a question is a row, its answer is the row that replies to it.
create table public.conversations (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    library_id uuid references public.libraries (id) on delete set null,  -- null: every library its owner may see
    title text constraint conversation_title_length check (char_length(title) <= 200),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index conversations_by_owner on public.conversations (owner_id, updated_at desc);
create index conversations_by_library on public.conversations (library_id) where library_id is not null;  -- for the deletion of libraries

create table public.messages (
    id uuid primary key default gen_random_uuid(),
    conversation_id uuid not null references public.conversations (id) on delete cascade,
    role text not null default 'user' check (role in ('user', 'assistant')),
    content text not null default '',
    status text not null default 'complete' check (status in (
        'pending',    -- accepted, no responder has started
        'streaming',  -- being written; content is the latest draft
        'complete',
        'failed',     -- error_code and error_message say why
        'cancelled'   -- stopped by the person; content is what had been written
    )),
    reply_to uuid references public.messages (id) on delete cascade,
    -- Nothing that was said is overwritten: a regenerated answer and an edited question are rows of their own, and those
    -- they take the place of (with all that followed) leave the conversation. Lists and history skip these.
    superseded_at timestamptz,
    replaces uuid references public.messages (id) on delete set null,
    fence bigint,                                   -- the claim that writes the draft; a higher one replaces the text
    model text,
    usage jsonb,                                    -- {prompt_tokens, completion_tokens, total_tokens, cost_usd}; unknown: null
    timings jsonb,                                  -- milliseconds: {queued, retrieve, first_token, total}
    metadata jsonb not null default '{}',           -- how the answer ended and rests on its passages: schema/answers.py, Verdict
    error_code text,
    error_message text,
    trace_id text not null default rivulet.new_trace_id(),
    position bigint generated always as identity,   -- order in the conversation: clocks can tie
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint question_length check (role <> 'user' or btrim(content) <> '' and char_length(content) <= 20000),
    constraint answers_reply check ((role = 'assistant') = (reply_to is not null)),
    constraint answer_failure_is_explained check (
        status <> 'failed' or (error_code is not null and error_message is not null))
);
create unique index messages_one_answer_each on public.messages (reply_to) where superseded_at is null;
create index messages_by_question on public.messages (reply_to) where reply_to is not null;  -- for the deletion of questions
create index messages_by_conversation on public.messages (conversation_id, position);
create index messages_by_replaced on public.messages (replaces) where replaces is not null;

create table public.citations (
    message_id uuid not null references public.messages (id) on delete cascade,
    marker integer not null check (marker > 0),     -- the number in [brackets] in the answer
    chunk_id uuid references public.chunks (id) on delete set null,       -- null: the passage is not there any more
    document_id uuid references public.documents (id) on delete set null,
    status text not null default 'current' check (status in (
        'current',   -- the document still says so
        'changed',   -- the document is there, this passage of it is not
        'vanished'   -- the document was deleted
    )),
    title text not null,                            -- as it was when cited
    page integer,
    quote text not null,                            -- verbatim from the passage
    char_start integer not null,                    -- span of the quote in the passage's text, in characters
    char_end integer not null,
    document_start integer not null,                -- and in the document's text; where that is set otherwise (a table whose
    document_end integer not null,                  -- header is repeated), the span of the whole passage
    passage_hash text not null,                     -- the passage's content_hash: finds the same text in a later version
    primary key (message_id, marker)
);
create index citations_by_chunk on public.citations (chunk_id);
create index citations_by_document on public.citations (document_id);

-- Where a place in a passage is in the document's text; in a passage that is set otherwise, where the passage begins or ends.
create function rivulet.start_in_document(c public.chunks, p_start integer) returns integer
language sql immutable set search_path = '' as
$$ select case when char_length(c.text) = c.char_end - c.char_start then c.char_start + p_start else c.char_start end $$;

create function rivulet.end_in_document(c public.chunks, p_end integer) returns integer
language sql immutable set search_path = '' as
$$ select case when char_length(c.text) = c.char_end - c.char_start then c.char_start + p_end else c.char_end end $$;

-- Foreign keys that are set null arrive here as updates: the citation moves on to the same passage of the version that took
-- over, or says that there is none.
create function rivulet.follow_passage() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    c public.chunks;
begin
    if new.document_id is null then
        new.status := 'vanished';
        return new;
    end if;
    select c2.* into c from public.chunks c2 join public.documents d on d.id = c2.document_id and d.active_version = c2.version
    where c2.document_id = new.document_id and c2.content_hash = new.passage_hash order by c2.ordinal limit 1;
    new.chunk_id := c.id;
    new.status := case when c.id is null then 'changed' else 'current' end;
    if c.id is not null then
        new.page := c.page;
        new.document_start := rivulet.start_in_document(c, new.char_start);
        new.document_end := rivulet.end_in_document(c, new.char_end);
    end if;
    return new;
end $$;
create trigger citations_follow_passage before update of chunk_id, document_id on public.citations
    for each row when (new.chunk_id is null) execute function rivulet.follow_passage();

create table public.feedback (
    message_id uuid not null references public.messages (id) on delete cascade,
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    rating smallint not null check (rating in (-1, 1)),
    comment text check (char_length(comment) <= 5000),
    created_at timestamptz not null default now(),
    primary key (message_id, user_id)
);
create index feedback_by_person on public.feedback (user_id);

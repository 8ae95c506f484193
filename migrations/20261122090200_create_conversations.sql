-- Conversations: a question is a row, its answer is the row that replies to it.
create table public.conversations (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    library_id uuid references public.libraries (id) on delete set null,  -- null: every library its owner may see
    title text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index conversations_by_owner on public.conversations (owner_id, updated_at desc);

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
    reply_to uuid unique references public.messages (id) on delete cascade,  -- unique: one answer per question
    fence bigint,                                   -- the claim that writes the draft; a higher one replaces the text
    model text,
    usage jsonb,                                    -- {prompt_tokens, completion_tokens, total_tokens}
    timings jsonb,                                  -- milliseconds: {queued, retrieve, first_token, total}
    metadata jsonb not null default '{}',
    error_code text,
    error_message text,
    trace_id text not null default rivulet.new_trace_id(),
    position bigint generated always as identity,   -- order in the conversation: clocks can tie
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint question_length check (role <> 'user' or char_length(btrim(content)) between 1 and 20000),
    constraint answers_reply check ((role = 'assistant') = (reply_to is not null)),
    constraint answer_failure_is_explained check (
        status <> 'failed' or (error_code is not null and error_message is not null))
);
create index messages_by_conversation on public.messages (conversation_id, position);

create table public.citations (
    message_id uuid not null references public.messages (id) on delete cascade,
    marker integer not null check (marker > 0),     -- the number in [brackets] in the answer
    chunk_id uuid references public.chunks (id) on delete set null,       -- null: the passage has changed or vanished since
    document_id uuid references public.documents (id) on delete set null,
    title text not null,                            -- as it was when cited
    page integer,
    quote text not null,                            -- verbatim from the passage
    char_start integer not null,                    -- span of the quote in the passage's text, in characters
    char_end integer not null,
    primary key (message_id, marker)
);
create index citations_by_chunk on public.citations (chunk_id);
create index citations_by_document on public.citations (document_id);

create table public.feedback (
    message_id uuid not null references public.messages (id) on delete cascade,
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    rating smallint not null check (rating in (-1, 1)),
    comment text check (char_length(comment) <= 5000),
    created_at timestamptz not null default now(),
    primary key (message_id, user_id)
);

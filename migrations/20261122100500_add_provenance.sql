-- Where an answer came from: what was searched for and found, what the model was given, and who the model was.

create table public.provenance (
    message_id uuid primary key references public.messages (id) on delete cascade,
    query text not null,                            -- what was searched for
    rewritten_by text,                              -- 'rule' or the model that made the query of a follow-up; null: the question itself
    candidates jsonb not null default '[]',         -- what each search proposed, best first: schema/answers.py, Candidate
    passages jsonb not null default '[]',           -- [{chunk_id, document_id, version, content_hash}], as numbered from 1 in the prompt
    prompt_sha256 text not null,                    -- of the turns as canonical JSON
    prompt_tokens integer not null,                 -- as estimated when it was built
    parameters jsonb not null default '{}',         -- of the model call: models in order of preference, max_tokens, temperature
    embedding_model text,
    notes jsonb not null default '[]',              -- what the search could not do: an arm that was down, say
    created_at timestamptz not null default now()
);
alter table public.provenance enable row level security;
revoke all on public.provenance from anon, authenticated;
grant select on public.provenance to authenticated;
create policy "read own provenance" on public.provenance for select to authenticated
    using (exists (select from public.messages m where m.id = message_id));  -- one that this person may read

create function rivulet.keep_provenance(p_message uuid, p_answer jsonb) returns void
language sql volatile set search_path = '' as $$
    insert into public.provenance (message_id, query, rewritten_by, candidates, passages, prompt_sha256, prompt_tokens,
                                   parameters, embedding_model, notes)
    select p_message, p.query, p.rewritten_by, coalesce(p.candidates, '[]'),
           coalesce((select jsonb_agg(jsonb_build_object('chunk_id', given.id, 'document_id', c.document_id, 'version', c.version,
                                                         'content_hash', c.content_hash) order by given.place)
                     from jsonb_array_elements_text(p.passages) with ordinality as given (id, place)
                     left join public.chunks c on c.id = given.id::uuid), '[]'),
           p.prompt_sha256, p.prompt_tokens, coalesce(p.parameters, '{}'), p.embedding_model, coalesce(p.notes, '[]')
    from jsonb_to_record(p_answer -> 'provenance') as p (
        query text, rewritten_by text, candidates jsonb, passages jsonb, prompt_sha256 text, prompt_tokens integer,
        parameters jsonb, embedding_model text, notes jsonb)
    where p.query is not null
    on conflict (message_id) do nothing
$$;

-- Everything about one answer, for operators: null if there is no such answer. Passages and candidates are shown as they are
-- now, with null for what is not there any more.
create function public.explain_answer_v1(p_message uuid) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select to_jsonb(a) || jsonb_build_object(
        'question', q.content, 'user_id', c.owner_id, 'library_id', c.library_id, 'history', rivulet.history_of(q, 12),
        'citations', (select coalesce(jsonb_agg(to_jsonb(x) order by x.marker), '[]')
                      from public.citations x where x.message_id = a.id),
        'provenance', to_jsonb(p),
        'chunks', (select coalesce(jsonb_object_agg(k.id, jsonb_build_object(
                              'title', d.title, 'page', k.page, 'text', left(k.text, 300), 'content_hash', k.content_hash,
                              'version', k.version, 'active', d.active_version = k.version,
                              'visible', k.library_id in (select rivulet.libraries_of(c.owner_id)))), '{}')
                   from public.chunks k join public.documents d on d.id = k.document_id
                   where k.id in (select (e ->> 'chunk_id')::uuid from jsonb_array_elements(p.candidates || p.passages) e)),
        'runs', (select coalesce(jsonb_agg(jsonb_build_object(
                            'outcome', h.outcome, 'attempt', h.attempt, 'crashes', h.crash_count, 'worker', h.worker_id,
                            'error', h.error_message, 'finished_at', h.finished_at) order by h.finished_at), '[]')
                 from rivulet.job_history h where h.subject_id = a.id))
    from public.messages a
    join public.messages q on q.id = a.reply_to
    join public.conversations c on c.id = a.conversation_id
    left join public.provenance p on p.message_id = a.id
    where a.id = p_message and a.role = 'assistant'
$$;

revoke execute on function public.explain_answer_v1(uuid) from public, anon, authenticated;
grant execute on function public.explain_answer_v1(uuid) to service_role;
revoke execute on function rivulet.keep_provenance(uuid, jsonb) from public;

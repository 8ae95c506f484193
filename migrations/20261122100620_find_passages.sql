-- For people at a screen: searching by words inside their libraries, and what to ask next.

-- The passages that fit best, as the person who asks may see them. Every call is by their own leave: nothing is written.
create function public.search_passages(p_query text, p_library uuid default null, p_limit integer default 30)
returns table (chunk_id uuid, document_id uuid, title text, page integer, heading_path text[], text text)
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select c.id, d.id, d.title, c.page, c.heading_path, c.text
    from jsonb_to_recordset(public.lexical_search_v1(auth.uid(), left(p_query, 500), p_library, least(greatest(p_limit, 1), 100)))
         as found (chunk_id uuid, score real)
    join public.chunks c on c.id = found.chunk_id join public.documents d on d.id = c.document_id
    where auth.uid() is not null
    order by found.score desc, c.id
$$;

-- What an answer was given to read and did not cite: the sections that it suggests asking about, best first, at most three.
-- Only what the person may still see, and that has a heading to be called by.
create function public.follow_ups(p_message uuid)
returns table (document_id uuid, title text, heading text)
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    with answer as (
        select m.id, p.passages from public.messages m
        join public.conversations c on c.id = m.conversation_id
        join public.provenance p on p.message_id = m.id
        where m.id = p_message and c.owner_id = auth.uid() and m.status = 'complete'
    ), read as (
        select d.id, d.title, k.heading_path[cardinality(k.heading_path)] as heading, e.place, k.id as chunk_id
        from answer a, jsonb_array_elements(a.passages) with ordinality as e (passage, place)
        join public.chunks k on k.id = (e.passage ->> 'chunk_id')::uuid
        join public.documents d on d.id = k.document_id and d.active_version = k.version
        where k.library_id in (select rivulet.libraries_of(auth.uid()))
    ), sections as (
        select r.id, r.title, r.heading, min(r.place) as place from read r
        where char_length(r.heading) between 3 and 80 and lower(r.heading) <> lower(r.title)
        group by r.id, r.title, r.heading
        having not bool_or(exists (select from public.citations c where c.message_id = p_message and c.chunk_id = r.chunk_id))
    )
    select id, title, heading from sections order by place limit 3
$$;

revoke execute on function public.search_passages(text, uuid, integer), public.follow_ups(uuid) from public, anon;
grant execute on function public.search_passages(text, uuid, integer), public.follow_ups(uuid) to authenticated;

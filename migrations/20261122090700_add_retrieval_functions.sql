-- Retrieval. Chroma and the text index propose; what may be shown is decided here, by the rule that RLS uses.

-- ── What may be searched ─────────────────────────────────────────────────────────────────────────────────────────────

-- p_filter: {documents: [id], tags: [any of these], mimes: [type], since, until (when the document was added), first_page,
-- last_page}; what is absent or null does not filter.
create function rivulet.matches(d public.documents, p_filter jsonb) returns boolean
language sql stable set search_path = '' as $$
    select (jsonb_typeof(p_filter -> 'documents') is distinct from 'array' or p_filter -> 'documents' ? d.id::text)
       and (jsonb_typeof(p_filter -> 'tags') is distinct from 'array'
            or d.tags && array(select jsonb_array_elements_text(p_filter -> 'tags')))
       and (jsonb_typeof(p_filter -> 'mimes') is distinct from 'array' or p_filter -> 'mimes' ? d.mime)
       and (p_filter ->> 'since' is null or d.created_at >= (p_filter ->> 'since')::timestamptz)
       and (p_filter ->> 'until' is null or d.created_at < (p_filter ->> 'until')::timestamptz)
$$;

create function rivulet.on_page(p_page integer, p_filter jsonb) returns boolean
language sql immutable set search_path = '' as $$
    select (p_filter ->> 'first_page' is null or p_page >= (p_filter ->> 'first_page')::integer)
       and (p_filter ->> 'last_page' is null or p_page <= (p_filter ->> 'last_page')::integer)
$$;

create function rivulet.searched(p_user uuid, p_library uuid) returns setof uuid
language sql stable set search_path = '' rows 10 as
$$ select l from rivulet.libraries_of(p_user) l where p_library is null or l = p_library $$;

-- How many documents of what is searched cannot be found yet; 100 stand for more.
create function rivulet.count_unread(p_user uuid, p_library uuid) returns bigint
language sql stable set search_path = '' as $$
    select count(*) from (
        select from public.documents d
        where d.library_id in (select rivulet.searched(p_user, p_library))
          and d.active_version is null and d.status in ('queued', 'parsing', 'embedding') limit 100) unread
$$;

-- The documents that pass the filter, null without one.
create function rivulet.chosen_documents(p_libraries uuid[], p_filter jsonb) returns uuid[]
language sql stable set search_path = '' as $$
    select case when p_filter - '{first_page,last_page}'::text[] <> '{}' then
        array(select d.id from public.documents d where d.library_id = any (p_libraries) and rivulet.matches(d, p_filter)) end
$$;

-- {placements: [{library_id, collection, model, shared, documents}], revision}: of the libraries that a person may search, the
-- Chroma collection of each, whether others share it, and the documents that pass the filter (null: all, or more than an index
-- can be told); `revision` is another one when something was changed in one of them, or when they are others.
create function public.search_scope_v1(p_user uuid, p_library uuid default null, p_filter jsonb default '{}') returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    with searched as materialized (select l as id from rivulet.searched(p_user, p_library) l)
    select jsonb_build_object(
        'revision', rivulet.revision_of(array(select id from searched)),
        'placements', coalesce(jsonb_agg(jsonb_build_object(
            'library_id', p.library_id, 'collection', p.collection, 'model', p.model,
            'shared', exists (select from rivulet.placements o where o.collection = p.collection and o.library_id <> p.library_id),
            'documents', case when cardinality(chosen.ids) <= 1000 then to_jsonb(chosen.ids) end)), '[]'))
    from searched l
    join rivulet.placements p on p.library_id = l.id
    cross join lateral (select rivulet.chosen_documents(array[l.id], jsonb_strip_nulls(p_filter)) as ids) chosen
    where p.model is not null
$$;

-- ── By words ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The question's words as numbers of the searched libraries. In every language that a library has passages in, because each
-- stems in its own way; but the words that count for nothing are those of the one language the question seems to be in:
-- the one that knows most of its words as such.
create function rivulet.query_terms(p_libraries uuid[], p_query text)
returns table (library_id uuid, term integer, word integer)
language sql stable set search_path = '' as $$
    with languages as (
        select c.language, sum(c.passages) as passages from rivulet.corpora c where c.library_id = any (p_libraries) group by 1
    ), words as (
        select l.language, l.passages, w.lexeme, w.word from languages l, rivulet.words_of(l.language, left(p_query, 2000)) w
    ), own as (
        select language from languages left join words using (language)
        group by language, languages.passages order by count(lexeme), languages.passages desc limit 1
    ), meant as (
        select word from words where language = (select language from own)
    )
    select distinct c.library_id, rivulet.term_of(c.library_id, w.lexeme), w.word
    from words w join rivulet.corpora c on c.language = w.language and c.library_id = any (p_libraries)
    where w.word in (select word from meant)
$$;


-- Passages that hold a phrase of the query that stands in quotation marks, or a word with a beginning that ends in "*".
create function rivulet.exact_hits(p_libraries uuid[], p_query text) returns setof uuid
language sql stable set search_path = '' as $$
    with phrases as (
        select m[1] as phrase from regexp_matches(p_query, '["“”„«]\s*([^"“”„«»]{3,200}?)\s*["“”»]', 'g') m limit 4
    ), beginnings as (
        select m[1] as beginning from regexp_matches(p_query, '([[:alnum:]]{2,50})\*', 'g') m limit 4
    ), languages as (
        select distinct language from rivulet.corpora where library_id = any (p_libraries)
    )
    (select c.id from phrases, languages, public.chunks c
     where c.search @@ phraseto_tsquery(languages.language, phrase) and c.language = languages.language
       and c.library_id = any (p_libraries) limit 200)
    union
    -- Stems are shorter than words: a few letters find them, the text decides.
    (select c.id from beginnings, public.chunks c
     where c.search @@ (quote_literal(lower(left(beginning, 4))) || ':*')::tsquery and c.text ~* ('\m' || beginning)
       and c.library_id = any (p_libraries) limit 200)
$$;

-- BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with k1 = 1.2 and b = 0.75, over the searched
-- libraries as if they were one. Candidates are the passages that hold one of the rarest words, until 1000 passages are read:
-- common words cost nothing, but count in what the rare ones find. [{chunk_id, score}], best first, visible to the person.
create function public.lexical_search_v1(
    p_user uuid, p_query text, p_library uuid default null, p_limit integer default 200, p_filter jsonb default '{}'
) returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    c_budget constant integer := 1000;
    v_filter jsonb := jsonb_strip_nulls(p_filter);
    v_libraries uuid[] := array(select rivulet.searched(p_user, p_library));
    v_documents uuid[] := rivulet.chosen_documents(v_libraries, v_filter);
    v_exact uuid[] := case when p_query ~ '["“”„«*]' then array(select rivulet.exact_hits(v_libraries, p_query)) else '{}' end;
    v_passages float8;
    v_average float8;
    v_terms jsonb;
    v_rare integer[];
begin
    select sum(passages), sum(words) / nullif(sum(passages), 0) into v_passages, v_average
    from rivulet.corpora where library_id = any (v_libraries);
    -- The terms, the rarest first, with how many passages hold each, as far as that is known.
    with sizes as (
        select library_id, sum(passages) / nullif(sum(sampled), 0) as scale
        from rivulet.corpora where library_id = any (v_libraries) group by 1
    ), known as (
        select t.*, coalesce(f.passages * s.scale, 0)::integer as passages
        from rivulet.query_terms(v_libraries, p_query) t join sizes s using (library_id)
        left join rivulet.frequencies f using (library_id, term)
    ), ordered as (
        select *, sum(passages) over (order by passages, term) <= c_budget or row_number() over (order by passages, term) = 1
                  or v_passages <= c_budget as rare
        from known
    )
    select jsonb_agg(to_jsonb(o)), coalesce(array_agg(term) filter (where rare), '{}') into v_terms, v_rare from ordered o;

    return (
        with terms as materialized (
            select * from jsonb_to_recordset(v_terms) as t (library_id uuid, term integer, word integer, passages integer, rare boolean)
        ), found as (
            select * from rivulet.postings p where p.terms && v_rare
            union all
            select * from rivulet.postings p where p.chunk_id = any (v_exact) and not p.terms && v_rare
        ), pairs as materialized (
            select p.chunk_id, p.length, t.word, t.rare, p.counts[width_bucket(t.term, p.terms)] as times
            from found p join terms t on t.library_id = p.library_id and p.terms[width_bucket(t.term, p.terms)] = t.term
            where v_documents is null or p.document_id = any (v_documents)
        ), weights as (
            select word, ln(1 + (v_passages - passages + 0.5) / (passages + 0.5)) as weight
            from (select word, least(sum(passages), v_passages) as passages
                  from (select word, count(*) as passages from pairs where rare group by 1
                        union all select word, passages from terms where not rare) both_kinds
                  group by 1) counted
        ), scored as (
            select chunk_id, sum(weight * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * (length / v_average)))) as score
            from pairs join weights using (word) group by 1
        ), best as (
            select coalesce(s.chunk_id, e.id) as chunk_id,
                   coalesce(s.score, 0) + case when e.id is null then 0 else 2.2 * coalesce((select sum(weight) from weights), 0) + 1 end as score
            from scored s full join unnest(v_exact) as e (id) on e.id = s.chunk_id
            order by score desc, chunk_id limit 2 * least(p_limit, 1000)
        ), visible as (
            select b.* from best b
            join public.chunks c on c.id = b.chunk_id
            join public.documents d on d.id = c.document_id and d.active_version = c.version
            where c.library_id = any (v_libraries) and (v_filter = '{}' or rivulet.on_page(c.page, v_filter))
              and (v_documents is null or d.id = any (v_documents))
            order by score desc, chunk_id limit least(p_limit, 1000)
        )
        select coalesce(jsonb_agg(jsonb_build_object('chunk_id', chunk_id, 'score', score::real) order by score desc, chunk_id), '[]')
        from visible
    );
end $$;

-- ── What may be shown ────────────────────────────────────────────────────────────────────────────────────────────────

-- The visibility join: of these passages those that the person may see now, in their active version, and that pass the
-- filter. Of the first p_around of them the neighbours come along, as {…, around: id}.
create function public.visible_chunks_v1(
    p_user uuid, p_chunks uuid[], p_around integer default 0, p_filter jsonb default '{}'
) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    with asked as (
        select c.*, i.place from unnest(p_chunks[1:1000]) with ordinality as i (id, place) join public.chunks c on c.id = i.id
    ), wanted as (
        select a.id, null::uuid as around from asked a
        union all
        select n.id, a.id from asked a join public.chunks n
            on n.document_id = a.document_id and n.version = a.version and n.ordinal in (a.ordinal - 1, a.ordinal + 1)
        where a.place <= p_around
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'chunk_id', c.id, 'document_id', d.id, 'library_id', c.library_id, 'title', d.title, 'page', c.page,
        'heading_path', c.heading_path, 'ordinal', c.ordinal, 'text', c.text, 'tokens', c.tokens, 'around', w.around)), '[]')
    from wanted w
    join public.chunks c on c.id = w.id
    join public.documents d on d.id = c.document_id and d.active_version = c.version
    where c.library_id in (select rivulet.libraries_of(p_user))
      and (p_filter = '{}' or rivulet.matches(d, p_filter) and rivulet.on_page(c.page, p_filter))
$$;

-- Retrieval. Chroma and the text index propose; what may be shown is decided here, by the rule that RLS uses.

-- The libraries that a person may search, and the Chroma collection of each. p_library narrows it to one of them.
create function public.search_scope_v1(p_user uuid, p_library uuid default null) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('library_id', p.library_id, 'collection', p.collection, 'model', p.model)), '[]')
    from rivulet.placements p
    where p.library_id in (select rivulet.libraries_of(p_user)) and (p_library is null or p.library_id = p_library)
      and p.model is not null
$$;

-- Any of the question's words; rare words count more, because ts_rank weighs by how many of them a passage holds.
create function rivulet.any_word(p_language regconfig, p_query text) returns tsquery
language sql immutable set search_path = '' as
$$ select replace(plainto_tsquery(p_language, left(p_query, 2000))::text, ' & ', ' | ')::tsquery $$;

-- [{chunk_id, score}], best first, visible to the person.
create function public.lexical_search_v1(p_user uuid, p_query text, p_library uuid default null, p_limit integer default 40)
returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    with languages as (
        select l.language, rivulet.any_word(l.language, p_query) as query
        from (values ('pg_catalog.english'::regconfig), ('pg_catalog.german'), ('pg_catalog.french'), ('pg_catalog.spanish'),
                     ('pg_catalog.simple')) as l (language)
    ), hits as (
        select c.id, ts_rank(c.search, l.query, 1) as score
        from languages l
        join public.chunks c on c.language = l.language and c.search @@ l.query
        join public.documents d on d.id = c.document_id and d.active_version = c.version
        where c.library_id in (select rivulet.libraries_of(p_user)) and (p_library is null or c.library_id = p_library)
        order by score desc limit least(p_limit, 200)
    )
    select coalesce(jsonb_agg(jsonb_build_object('chunk_id', id, 'score', score) order by score desc, id), '[]') from hits
$$;

-- The visibility join: of these candidates, the passages that the person may see now, in their active version.
create function public.visible_chunks_v1(p_user uuid, p_chunks uuid[]) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '5s' as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'chunk_id', c.id, 'document_id', d.id, 'library_id', c.library_id, 'title', d.title, 'page', c.page,
        'heading_path', c.heading_path, 'ordinal', c.ordinal, 'text', c.text, 'tokens', c.tokens)), '[]')
    from public.chunks c
    join public.documents d on d.id = c.document_id and d.active_version = c.version
    where c.id = any (p_chunks[1:1000]) and c.library_id in (select rivulet.libraries_of(p_user))
$$;

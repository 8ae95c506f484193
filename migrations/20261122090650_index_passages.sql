-- The text index: what BM25 needs of every passage, kept right by triggers. PostgreSQL's own ranking knows neither how rare
-- a word is nor how long a passage; no extension that does is on every Supabase. Reasons: infra/decisions/0070-bm25-in-sql.md.

-- ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The words of a text as they are searched, `word` telling them apart by their place: stems, pairs of characters where a
-- script puts no spaces between words, and codes (ERR-4711/A, CD8+, 10.2.0.1) without their separators and behind a "=".
create function rivulet.words_of(p_language regconfig, p_text text) returns table (lexeme text, word integer, times integer)
language sql immutable parallel safe set search_path = '' as $$
    with plain as (
        select normalize(left(p_text, 100000), nfkc) as t
    ), unspaced as (  -- Thai, Lao, Burmese, Khmer, kana, Han, Hangul
        select m.found[1] as run, m.place
        from plain, regexp_matches(t,
            '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+', 'g')
            with ordinality as m (found, place)
    ), codes as (
        select '=' || lower(regexp_replace(m.found[1], '[-/_:+#@\\]', '', 'g')) as code, m.place
        from plain, regexp_matches(t, '[[:alnum:]]+(?:[-/_:+#@.,\\]+[[:alnum:]]+)*\+*', 'g') with ordinality as m (found, place)
        where m.found[1] ~ '\d' and m.found[1] ~ '\D' or m.found[1] ~ '[_@]' or m.found[1] ~ '^[A-Z]+(-[A-Z]+)+$'
    )
    select w.lexeme, w.positions[1]::integer, cardinality(w.positions)
    from plain, unnest(to_tsvector(p_language, regexp_replace(regexp_replace(lower(t),
        '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+', ' ', 'g'),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u3000-\u303f]+', ' ', 'g'))) w
    union all
    select code, (100000 + min(place))::integer, count(*)::integer from codes group by code
    union all
    select pair, (200000 + min(place * 1000 + i))::integer, count(*)::integer
    from (select substr(run, i, 2) as pair, place, i
          from unspaced, generate_series(1, greatest(1, length(run) - 1)) as i) pairs
    group by pair
$$;

-- A word of a library as a number: so each library has posting lists of its own inside one index, and a search never reads
-- another's. Two words share a number once in four billion pairs.
create function rivulet.term_of(p_library uuid, p_lexeme text) returns integer
language sql immutable parallel safe set search_path = '' as
$$ select (hashtextextended(p_lexeme, hashtextextended(p_library::text, 0)) >> 32)::integer $$;

-- ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- One row per passage: its words in the order of their numbers, how often each occurs, and the number of all.
create table rivulet.postings (
    chunk_id uuid primary key,
    document_id uuid not null,
    library_id uuid not null,
    language regconfig not null,
    sampled boolean not null,   -- counted in rivulet.frequencies
    length integer not null,
    terms integer[] not null,
    counts smallint[] not null
);
create index postings_terms on rivulet.postings using gin (terms) with (gin_pending_list_limit = 256);
create index postings_by_document on rivulet.postings (document_id);

-- How many passages and words each library has in each language.
create table rivulet.corpora (
    library_id uuid not null,
    language regconfig not null,
    passages bigint not null,
    words bigint not null,
    sampled bigint not null,
    primary key (library_id, language)
);

-- How common words are, from one passage in eight of those that a library has beyond the first 200. It tells the rare words
-- from the common ones; a search then counts the rare ones itself, for it reads all their passages anyway.
create table rivulet.frequencies (
    library_id uuid not null,
    term integer not null,
    passages integer not null,
    primary key (library_id, term)
) with (fillfactor = 70);

-- ── Keeping it right ─────────────────────────────────────────────────────────────────────────────────────────────────

-- Adds to, or with p_sign -1 takes from, what is known of libraries. One writer of a library at a time, to the end of its
-- transaction: it may come several times, for one document after the other, and each time for words that it has not counted
-- yet; who held some of these and waited for the library would wait in a circle.
create function rivulet.count_postings(p_rows rivulet.postings[], p_sign integer) returns void
language plpgsql volatile set search_path = '' as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('rivulet.words:' || library_id, 0))
    from (select distinct r.library_id from unnest(p_rows) r order by 1) l;
    insert into rivulet.frequencies as f (library_id, term, passages)
    select r.library_id, t.term, p_sign * count(*)
    from unnest(p_rows) r, unnest(r.terms) as t (term) where r.sampled
    group by 1, 2 order by 1, 2
    on conflict (library_id, term) do update set passages = f.passages + excluded.passages;
    insert into rivulet.corpora as c (library_id, language, passages, words, sampled)
    select r.library_id, r.language, p_sign * count(*), p_sign * sum(r.length), p_sign * count(*) filter (where r.sampled)
    from unnest(p_rows) r group by 1, 2 order by 1, 2::text
    on conflict (library_id, language) do update
        set passages = c.passages + excluded.passages, words = c.words + excluded.words, sampled = c.sampled + excluded.sampled;
end $$;

create function rivulet.index_passages(p_chunks uuid[]) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_rows rivulet.postings[];
begin
    with large as (
        select library_id from rivulet.corpora
        where library_id in (select library_id from public.chunks where id = any (p_chunks))
        group by library_id having sum(passages) >= 200
    ), added as (
        insert into rivulet.postings
        select c.id, c.document_id, c.library_id, c.language,
               c.library_id in (select library_id from large) and (hashtextextended(c.id::text, 0) & 7) = 0,
               bag.length, bag.terms, bag.counts
        from public.chunks c join public.documents d on d.id = c.document_id
        cross join lateral (
            select coalesce(sum(times), 0)::integer as length, coalesce(array_agg(term order by term), '{}') as terms,
                   coalesce(array_agg(times order by term), '{}') as counts
            from (select rivulet.term_of(c.library_id, lexeme) as term, least(sum(times), 30000)::smallint as times
                  from rivulet.words_of(c.language, concat_ws(E'\n', d.title, array_to_string(c.heading_path, E'\n'), c.text))
                  group by 1) words
        ) bag
        where c.id = any (p_chunks)
        on conflict do nothing
        returning *
    )
    select array_agg(row(a.*)::rivulet.postings) into v_rows from added a;
    perform rivulet.count_postings(v_rows, 1);
end $$;

create function rivulet.forget_passages(p_chunks uuid[]) returns void
language plpgsql volatile set search_path = '' as $$
declare
    v_rows rivulet.postings[];
begin
    with gone as (delete from rivulet.postings where chunk_id = any (p_chunks) returning *)
    select array_agg(row(g.*)::rivulet.postings) into v_rows from gone g;
    perform rivulet.count_postings(v_rows, -1);
    delete from rivulet.corpora where passages = 0 and library_id in (select r.library_id from unnest(v_rows) r);
    delete from rivulet.frequencies f where f.passages <= 0
        and (f.library_id, f.term) in (select r.library_id, t from unnest(v_rows) r, unnest(r.terms) t where r.sampled);
end $$;

create function rivulet.index_new_passages() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.index_passages(array(select id from new_rows));
    return null;
end $$;
create trigger chunks_index after insert on public.chunks
    referencing new table as new_rows for each statement execute function rivulet.index_new_passages();

create function rivulet.forget_old_passages() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.forget_passages(array(select id from old_rows));
    return null;
end $$;
create trigger chunks_forget after delete on public.chunks
    referencing old table as old_rows for each statement execute function rivulet.forget_old_passages();

create function rivulet.index_changed_passages() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_changed uuid[] := array(
        select n.id from new_rows n join old_rows o using (id)
        where (n.document_id, n.library_id, n.language, n.text, n.heading_path)
              is distinct from (o.document_id, o.library_id, o.language, o.text, o.heading_path));
begin
    if v_changed <> '{}' then
        perform rivulet.forget_passages(v_changed);
        perform rivulet.index_passages(v_changed);
    end if;
    return null;
end $$;
create trigger chunks_index_again after update on public.chunks
    referencing old table as old_rows new table as new_rows for each statement execute function rivulet.index_changed_passages();

-- A document is found by its title too.
create function rivulet.index_retitled_passages() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_chunks uuid[] := array(select id from public.chunks where document_id = new.id);
begin
    perform rivulet.forget_passages(v_chunks);
    perform rivulet.index_passages(v_chunks);
    return null;
end $$;
create trigger documents_index_title after update of title on public.documents
    for each row when (new.title is distinct from old.title) execute function rivulet.index_retitled_passages();

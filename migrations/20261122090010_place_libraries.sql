-- Where the vectors of libraries are, and where they are going.

-- What the names of this project's collections begin with: projects may share a Chroma database.
create table rivulet.project (
    single boolean primary key default true check (single),
    mark text not null default 'p' || left(md5(gen_random_uuid()::text), 8)
);
insert into rivulet.project default values;

-- Which physical Chroma collection holds a library's vectors, and which model made them. Small libraries share a fixed set
-- of collections, large ones own theirs (infra/decisions/0050-shards-and-own-collections.md). No foreign key: the row must
-- outlive its library until the vectors are purged.
create table rivulet.placements (
    library_id uuid primary key,
    collection text not null,
    model text                              -- null until there are vectors
);
create index placements_by_collection on rivulet.placements (collection, model);

create function rivulet.shard_of(p_library uuid) returns text
language sql stable set search_path = '' as
$$ select mark || '-shard-' || (hashtextextended(p_library::text, 0) & 63) from rivulet.project $$;

create function rivulet.own_collection(p_library uuid) returns text
language sql stable set search_path = '' as
$$ select mark || '-library-' || p_library from rivulet.project $$;

create function rivulet.place_library() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into rivulet.placements (library_id, collection) values (new.id, rivulet.shard_of(new.id));
    return null;
end $$;
create trigger libraries_place after insert on public.libraries
    for each row execute function rivulet.place_library();

-- Libraries on their way to another place. Reasons: infra/decisions/0051-one-way-to-move.md.
create table rivulet.moves (
    id bigint generated always as identity primary key,
    library_id uuid not null,
    from_collection text not null,
    from_model text not null,
    collection text not null,
    model text not null,
    state text not null default 'building' check (state in (
        'building',   -- passages are written to the new place, range by range
        'checking',   -- the new place is compared with the passages and, for another model, with the old place
        'held',       -- the check was not passed: somebody has to take or drop it
        'done',       -- the placement names the new place
        'abandoned'   -- the placement stays; the new place is purged
    )),
    stopped boolean not null default false,
    incomplete boolean not null default false,  -- a writer left passages out: all are gone through once more
    error text,
    total integer not null,               -- passages at the beginning
    built integer not null default 0,     -- passages written
    embedded integer not null default 0,  -- of them by asking the model; the others were copied
    checked jsonb,
    trace_id text not null default rivulet.new_trace_id(),
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    constraint move_end_is_dated check ((state in ('done', 'abandoned')) = (finished_at is not null))
);
create unique index moves_one_at_a_time on rivulet.moves (library_id) where finished_at is null;
create index moves_by_library on rivulet.moves (library_id, finished_at);

-- What is left to build: passages whose ids lie behind `after`, up to `until`. Each range is built by a chain of jobs.
create table rivulet.move_ranges (
    move_id bigint not null references rivulet.moves (id) on delete cascade,
    until uuid not null,
    after uuid not null,
    primary key (move_id, until)
);

-- ── Where to write ───────────────────────────────────────────────────────────────────────────────────────────────────

-- The place that answers for a library and, while it moves, the one that is being built.
create function rivulet.places_written(p_library uuid) returns table (collection text, model text)
language sql stable set search_path = '' as $$
    select p.collection, p.model from rivulet.placements p where p.library_id = p_library and p.model is not null
    union
    select m.collection, m.model from rivulet.moves m where m.library_id = p_library and m.finished_at is null
$$;

-- Also those where a writer that knows no better may have left something.
create function rivulet.places_of(p_library uuid) returns table (collection text, model text)
language sql stable set search_path = '' as $$
    select * from rivulet.places_written(p_library)
    union
    select e.collection, e.model from rivulet.moves m
    cross join lateral (values (m.collection, m.model), (m.from_collection, m.from_model)) as e (collection, model)
    where m.library_id = p_library and coalesce(m.finished_at, now()) > now() - interval '1 day'
$$;

-- The place that answers comes first. The first to write chooses the model of a library. A passage that is there when a move
-- begins is built by it; one that comes later is embedded by a job that starts later, and so knows both places. Where a move
-- has to begin once more anyway, nobody else is kept waiting for a model that may not work.
create function rivulet.places_to_write(p_library uuid, p_model text) returns jsonb
language plpgsql volatile set search_path = '' as $$
begin
    update rivulet.placements set model = p_model where library_id = p_library and model is null;
    return (select coalesce(jsonb_agg(to_jsonb(w) order by (w.collection, w.model) = (p.collection, p.model) desc), '[]')
            from rivulet.places_written(p_library) w join rivulet.placements p on p.library_id = p_library
            where (w.collection, w.model) = (p.collection, p.model) or not exists (
                select from rivulet.moves m where m.library_id = p_library and m.finished_at is null and m.incomplete));
end $$;

-- A writer of passages could not write them to the place that their library is moving to. The move goes through all of them
-- once more; if it is over, and the place answers now, the writer has to try again.
create function rivulet.leave_out(p_library uuid, p_place jsonb) returns void
language plpgsql volatile set search_path = '' as $$
begin
    update rivulet.moves set incomplete = true
    where library_id = p_library and finished_at is null
      and (collection, model) = (p_place ->> 'collection', p_place ->> 'model');
    if not found and exists (
        select from rivulet.placements where library_id = p_library
        and (collection, model) = (p_place ->> 'collection', p_place ->> 'model')) then
        raise exception 'Library % has come to the place that was left out.', p_library;
    end if;
end $$;

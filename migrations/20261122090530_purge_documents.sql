-- What was deleted or replaced leaves the vector index and Storage, with a receipt.
-- Reasons: infra/decisions/0052-a-purge-waits-for-writers.md.

-- One row for each deletion of a document or of a whole library: the receipt. It holds ids and counts, never content.
create table public.deletions (
    id uuid primary key default gen_random_uuid(),
    library_id uuid not null,
    owner_id uuid not null,                  -- of the library, who may read this; no foreign key: receipts outlive people
    document_id uuid,                        -- null: the whole library
    cause text not null check (cause in (
        'object',    -- its file was deleted
        'document',  -- its row was deleted
        'watch',     -- the watched row that it was made of was deleted, or the watch ended
        'library',   -- its library was deleted
        'account'    -- the owner's account was deleted, and the library with it
    )),
    requested_by uuid,                       -- null: a service or an operator
    requested_at timestamptz not null default clock_timestamp(),
    last_version integer not null default 0,
    documents integer not null default 1,
    passages integer not null default 0,
    vectors_removed integer,
    vectors_left integer,                    -- what a look afterwards found: 0
    files_removed integer,
    completed_at timestamptz,                -- null: invisible, not yet purged
    trace_id text not null
);
create index deletions_by_document on public.deletions (document_id) where document_id is not null;
create index deletions_of_libraries on public.deletions (library_id) where document_id is null;
create index deletions_by_owner on public.deletions (owner_id, requested_at desc);
create index deletions_by_library on public.deletions (library_id, requested_at desc);
alter table public.deletions enable row level security;

-- ── Deletions ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- p_before: only the vectors of versions before this one.
create function rivulet.enqueue_purge(d public.documents, p_before integer default null, p_receipt uuid default null)
returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('purge', coalesce(rivulet.tenant_of_library(d.library_id), d.library_id), d.id, jsonb_strip_nulls(
        jsonb_build_object('library_id', d.library_id, 'document_id', d.id, 'upto', coalesce(p_before - 1, d.version),
                           'deletion_id', p_receipt, 'bucket', case when p_before is null then d.bucket end,
                           'object_name', case when p_before is null then d.object_name end)), d.trace_id)
$$;

create function rivulet.cause_of(d public.documents) returns text
language sql stable set search_path = '' as $$
    select case when d.source = 'row' then 'watch'
                when d.source = 'storage' and not exists (
                    select from storage.objects where bucket_id = d.bucket and name = d.object_name) then 'object'
                else 'document' end
$$;

-- Invisible at once (the rows are gone); gone from Chroma soon after. Its unfinished jobs find nothing and end by themselves.
-- A document that goes with its library is purged with it.
create function rivulet.purge_document() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_owner uuid := rivulet.tenant_of_library(old.library_id);
    v_receipt uuid;
begin
    if v_owner is null then return null; end if;
    insert into public.deletions (library_id, owner_id, document_id, cause, requested_by, last_version, passages, trace_id)
    values (old.library_id, v_owner, old.id, rivulet.cause_of(old), auth.uid(), old.version, coalesce(old.chunks_total, 0),
            old.trace_id)
    returning id into v_receipt;
    perform rivulet.enqueue_purge(old, null, v_receipt);
    return null;
end $$;
create trigger documents_purge after delete on public.documents
    for each row execute function rivulet.purge_document();

-- One purge for all: there may be a hundred thousand documents.
create function rivulet.purge_library() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_trace text := rivulet.new_trace_id();
    v_receipt uuid;
begin
    insert into public.deletions (library_id, owner_id, cause, requested_by, documents, passages, trace_id)
    select old.id, old.owner_id,
           case when exists (select from auth.users where id = old.owner_id) then 'library' else 'account' end,
           auth.uid(), count(*), coalesce(sum(chunks_total), 0), v_trace
    from public.documents where library_id = old.id
    returning id into v_receipt;
    perform rivulet.enqueue('purge', old.owner_id, old.id,
                            jsonb_build_object('library_id', old.id, 'deletion_id', v_receipt), v_trace);
    return old;
end $$;
create trigger libraries_purge before delete on public.libraries
    for each row execute function rivulet.purge_library();

-- Ids have one life: a purge under way may never meet what came after. A document begins its next one with a version that
-- it never had; a library does not get one.
create function rivulet.outlive_deletion() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    new.version := greatest(new.version, 1 + (select max(last_version) from public.deletions where document_id = new.id));
    return new;
end $$;
create trigger documents_outlive_deletion before insert on public.documents
    for each row execute function rivulet.outlive_deletion();

create function rivulet.refuse_deleted_library() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if exists (select from public.deletions where library_id = new.id and document_id is null) then
        raise exception 'A library with the id % was deleted.', new.id
            using errcode = 'unique_violation', hint = 'Leave the id out: a new one is made.';
    end if;
    return new;
end $$;
create trigger libraries_refuse_deleted before insert on public.libraries
    for each row execute function rivulet.refuse_deleted_library();

-- ── Late writers ─────────────────────────────────────────────────────────────────────────────────────────────────────

-- A writer that holds a claim from before the purge was first looked at may have read rows that are gone now.
create function rivulet.writers_before(p_fence bigint, p_library uuid, p_document uuid) returns boolean
language sql stable set search_path = '' as $$
    select exists (
        select from rivulet.jobs j
        where j.state = 'running' and j.fence < p_fence
          and ((j.queue = 'move' and j.subject_id = p_library)
               or (j.queue = 'embed' and case when p_document is not null then j.subject_id = p_document else
                   coalesce((select d.library_id from public.documents d where d.id = j.subject_id), p_library) = p_library end)))
$$;

-- A writer finds that its claim was over when it wrote. Whatever of that is not wanted is purged, once more.
-- p_documents: [{library_id, document_id, version}]; p_places: [{collection, model}].
create function public.report_late_writes_v1(p_documents jsonb, p_places jsonb) returns integer
language sql volatile security definer set search_path = '' set statement_timeout = '5s' as $$
    select count(rivulet.enqueue('purge', coalesce(rivulet.tenant_of_library(library_id), library_id), document_id,
        jsonb_build_object('library_id', library_id, 'document_id', document_id, 'upto', version, 'places', p_places),
        rivulet.new_trace_id()))::integer
    from jsonb_to_recordset(p_documents) as d (library_id uuid, document_id uuid, version integer)
$$;

-- ── What the purge handler calls ─────────────────────────────────────────────────────────────────────────────────────

-- Versions whose vectors stay where they are: the one that is searched and the one that is being made.
create function rivulet.versions_kept(p_library uuid, p_document uuid, p_collection text, p_model text) returns integer[]
language sql stable set search_path = '' as $$
    select coalesce((select array_remove(array[d.active_version, d.version], null) from public.documents d
                     where d.id = p_document and d.library_id = p_library
                       and (p_collection, p_model) in (select * from rivulet.places_written(p_library))), '{}')
$$;

-- Where to purge. A library that lives leaves only the place that its job names, and that only if it is not in use again.
create function rivulet.places_to_purge(p jsonb) returns table (collection text, model text)
language sql stable set search_path = '' as $$
    select o.collection, o.model from rivulet.places_of((p ->> 'library_id')::uuid) o
    where p ? 'document_id' or rivulet.tenant_of_library((p ->> 'library_id')::uuid) is null
    union
    select n.collection, n.model from jsonb_to_recordset(p -> 'places') n (collection text, model text)
    where p ? 'document_id'
       or (n.collection, n.model) not in (select * from rivulet.places_written((p ->> 'library_id')::uuid))
$$;

-- The files that have to go too: that of a deleted document, unless another document has taken its name since; up to a
-- thousand of a deleted library.
create function rivulet.files_to_purge(p jsonb) returns setof text
language sql stable set search_path = '' as $$
    select o.name from storage.objects o
    where o.bucket_id = p ->> 'bucket' and o.name = p ->> 'object_name'
      and not exists (select from public.documents d where d.bucket = o.bucket_id and d.object_name = o.name)
    union all
    (select o.name from storage.objects o
     where not p ? 'document_id' and not p ? 'places' and o.bucket_id = 'documents'
       and o.name collate "C" > (p ->> 'library_id') || '/' and o.name collate "C" < (p ->> 'library_id') || '0' limit 1000)
$$;

-- busy: a writer from before is still at work, so nothing was done. Otherwise {library_id, document_id, upto, places:
-- [{collection, model, keep}], bucket, files}; asked again it tells what is left.
create function public.start_purge_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
    v_library uuid := (j.payload ->> 'library_id')::uuid;
    v_document uuid := (j.payload ->> 'document_id')::uuid;
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    if not j.payload ? 'seen' then
        update rivulet.jobs set payload = payload || jsonb_build_object('seen', p_fence) where id = j.id
        returning * into j;
    end if;
    if rivulet.writers_before((j.payload ->> 'seen')::bigint, v_library, v_document) then return '{"status": "busy"}'; end if;
    return jsonb_build_object(
        'status', 'ok', 'library_id', v_library, 'document_id', v_document, 'upto', j.payload -> 'upto',
        'bucket', coalesce(j.payload ->> 'bucket', 'documents'),
        'files', (select coalesce(jsonb_agg(f), '[]') from rivulet.files_to_purge(j.payload) f),
        'places', (select coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object(
                       'keep', rivulet.versions_kept(v_library, v_document, p.collection, p.model))), '[]')
                   from rivulet.places_to_purge(j.payload) p));
end $$;

-- The job ends by complete_jobs_v1; what it returned is its receipt, in the same transaction.
create function rivulet.sign_receipt() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update public.deletions
    set vectors_removed = (new.result ->> 'vectors_removed')::integer, vectors_left = (new.result ->> 'vectors_left')::integer,
        files_removed = (new.result ->> 'files_removed')::integer, completed_at = clock_timestamp()
    where id = (new.payload ->> 'deletion_id')::uuid;
    if not new.payload ? 'document_id' then
        delete from rivulet.moves where library_id = new.subject_id;
        delete from rivulet.placements where library_id = new.subject_id;
    end if;
    return null;
end $$;
create trigger job_history_sign_receipt after insert on rivulet.job_history
    for each row when (new.queue = 'purge' and new.outcome = 'done' and new.payload ? 'deletion_id')
    execute function rivulet.sign_receipt();

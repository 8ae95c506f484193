-- Documents and the passages (chunks) that they were cut into.
create table public.documents (
    id uuid primary key default gen_random_uuid(),
    library_id uuid not null references public.libraries (id) on delete cascade,
    owner_id uuid default auth.uid() references auth.users (id) on delete set null,
    source text not null default 'inline' check (source in ('storage', 'inline')),
    bucket text,
    object_name text,
    title text not null constraint document_title_length check (btrim(title) <> '' and char_length(title) <= 500),
    content text constraint document_content_size check (octet_length(content) <= 10 * 1024 * 1024),
    content_hash text,                              -- the object's eTag, or md5 of the inline text
    mime text constraint document_mime_length check (char_length(mime) <= 255),
    tags text[] not null default '{}' constraint document_tags_size check (
        cardinality(tags) <= 100 and octet_length(array_to_string(tags, '')) <= 10000),
    bytes bigint,
    status text not null default 'queued' check (status in (
        'queued',     -- accepted, nobody has started yet
        'parsing',    -- being read and cut into passages
        'embedding',  -- passages written, being indexed
        'ready',      -- searchable
        'failed'      -- ended; error_code and error_message say why
    )),
    error_code text,
    error_message text,
    pages integer,
    pages_read integer not null default 0,
    chunks_total integer,                           -- so far, while it is being read
    chunks_done integer not null default 0,
    partial text,                                   -- a sentence: what could not be read, and why; null if everything was
    version integer not null default 1,
    active_version integer,                         -- the version that searches see; null until the first is whole
    trace_id text not null default rivulet.new_trace_id(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    ready_at timestamptz,
    constraint document_has_its_source check (
        (source = 'storage' and bucket is not null and object_name is not null and content is null)
        or (source = 'inline' and content is not null)),
    constraint document_failure_is_explained check (
        status <> 'failed' or (error_code is not null and error_message is not null)),
    unique (bucket, object_name)
);
create index documents_by_library on public.documents (library_id, created_at desc);
-- Those that nobody can find yet.
create index documents_unread on public.documents (library_id)
    where active_version is null and status in ('queued', 'parsing', 'embedding');
create index documents_by_owner on public.documents (owner_id);  -- for the deletion of people

create table public.chunks (
    id uuid primary key,                            -- uuid5 of document, version and ordinal: a repeated write is the same row
    document_id uuid not null references public.documents (id) on delete cascade,
    library_id uuid not null,                       -- copied from the document: the visibility rule needs no join
    version integer not null,
    ordinal integer not null,
    text text not null,
    tokens integer not null,
    page integer,                                   -- first page, from 1
    char_start integer not null,                    -- span in the document's parsed text, in characters
    char_end integer not null,
    heading_path text[] not null default '{}',
    content_hash text not null,                     -- of all that is embedded: title, headings, text
    anchor bigint not null,                         -- of how it begins: the next version begins a passage there again
    copy_of uuid,                                   -- a passage of an earlier version whose vector is this one's too
    language regconfig not null default 'pg_catalog.english',
    search tsvector generated always as (to_tsvector(language, text)) stored,
    unique (document_id, version, ordinal)
);
create index chunks_search on public.chunks using gin (search);
create index chunks_by_library on public.chunks (library_id, id);
create index chunks_by_content on public.chunks (document_id, content_hash);

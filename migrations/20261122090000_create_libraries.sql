-- Libraries: named sets of documents, and who may use them.

grant usage on schema rivulet to authenticated, service_role;  -- policies call functions in it; its tables stay closed

-- The trace that the sender's request belongs to, if it says so (https://www.w3.org/TR/trace-context/), else a new one.
-- 32 hex digits. The Data API and Storage both tell the headers of a request.
create function rivulet.new_trace_id() returns text
language plpgsql volatile set search_path = '' as $$
declare
    v_headers text := coalesce(current_setting('request.headers', true), '');
    v_named text;
begin
    if v_headers ~ '"traceparent"' then
        v_named := substring(v_headers::jsonb ->> 'traceparent' from '^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$');
    end if;
    return coalesce(nullif(v_named, repeat('0', 32)), replace(gen_random_uuid()::text, '-', ''));
end $$;

-- Ordered: a role includes all the rights of those before it.
create type public.library_role as enum (
    'viewer',  -- searches and asks
    'editor',  -- also adds, replaces and deletes documents
    'owner'    -- also renames and deletes the library, and chooses its members
);

create table public.libraries (
    id uuid primary key default gen_random_uuid(),
    name text not null constraint library_name_length check (btrim(name) <> '' and char_length(name) <= 200),
    owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    personal boolean not null default false,
    created_at timestamptz not null default now()
);
create index libraries_by_owner on public.libraries (owner_id);
create unique index libraries_one_personal_each on public.libraries (owner_id) where personal;

create table public.library_members (
    library_id uuid not null references public.libraries (id) on delete cascade,
    user_id uuid not null references auth.users (id) on delete cascade,
    role public.library_role not null,
    created_at timestamptz not null default now(),
    primary key (library_id, user_id)
);
create index library_members_by_user on public.library_members (user_id, library_id);

-- THE visibility rule. Row level security asks it for auth.uid(), retrieval asks it for the person who put the question.
create function rivulet.libraries_of(p_user uuid, p_least public.library_role default 'viewer') returns setof uuid
language sql stable security definer set search_path = '' rows 10 as
$$ select library_id from public.library_members where user_id = p_user and role >= p_least $$;

create function rivulet.enrol_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into public.library_members (library_id, user_id, role) values (new.id, new.owner_id, 'owner');
    return null;
end $$;
create trigger libraries_enrol_owner after insert on public.libraries
    for each row execute function rivulet.enrol_owner();

-- Everyone gets a personal library at sign-up.
create function rivulet.welcome_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into public.libraries (name, owner_id, personal) values ('My documents', new.id, true);
    return null;
end $$;
create trigger rivulet_welcome_user after insert on auth.users
    for each row execute function rivulet.welcome_user();

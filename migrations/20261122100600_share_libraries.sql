-- Sharing a library by e-mail. Whoever is invited is asked first: so nobody learns who has an account, and nobody finds
-- a stranger's library among theirs.

create table public.invitations (
    library_id uuid not null references public.libraries (id) on delete cascade,
    email text not null constraint invitation_email check (email = lower(email) and email ~ '^[^@\s]+@[^@\s]+$' and char_length(email) <= 320),
    role public.library_role not null check (role <> 'owner'),
    invited_by uuid not null references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    primary key (library_id, email)
);
create index invitations_by_email on public.invitations (email);
create index invitations_by_inviter on public.invitations (invited_by);
alter table public.invitations enable row level security;
revoke all on public.invitations from anon, authenticated;
grant select, delete on public.invitations to authenticated;

-- The e-mail address of a person, as it is compared; null until they have proved that it is theirs.
create function rivulet.email_of(p_user uuid) returns text
language sql stable security definer set search_path = '' as
$$ select lower(email) from auth.users where id = p_user and email_confirmed_at is not null $$;

create function rivulet.own_email() returns text
language sql stable security definer set search_path = '' as
$$ select rivulet.email_of(auth.uid()) $$;

create policy "owners see and take back, the invited see and decline" on public.invitations for all to authenticated
    using (library_id in (select rivulet.libraries_of((select auth.uid()), 'owner'))
           or email = (select rivulet.own_email()));

-- For owners. Of somebody who has access already, the role is changed; the answer is the same for everybody else.
create function public.share_library(p_library uuid, p_email text, p_role public.library_role) returns void
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_email text := lower(btrim(p_email));
begin
    if p_library is null or p_library not in (select rivulet.libraries_of(auth.uid(), 'owner')) then
        raise exception 'Only the owner of a library can share it.' using errcode = 'insufficient_privilege';
    elsif p_role = 'owner' then
        raise exception 'A library has one owner.' using errcode = 'invalid_parameter_value';
    elsif (select count(*) from public.invitations where library_id = p_library) >= 200 then
        raise exception 'There are 200 invitations that nobody has answered yet. Take some back first.'
            using errcode = 'program_limit_exceeded';
    end if;
    update public.library_members m set role = p_role
    where m.library_id = p_library and m.role <> 'owner' and rivulet.email_of(m.user_id) = v_email;
    if found or v_email = rivulet.own_email() then return; end if;
    insert into public.invitations (library_id, email, role, invited_by) values (p_library, v_email, p_role, auth.uid())
    on conflict (library_id, email) do update set role = excluded.role, invited_by = excluded.invited_by, created_at = now();
end $$;

-- Who has access to a library, for its members; whom it was offered to, for its owner. No user_id: invited.
create function public.library_people(p_library uuid)
returns table (user_id uuid, email text, role public.library_role, since timestamptz)
language sql stable security definer set search_path = '' as $$
    select m.user_id, u.email::text, m.role, m.created_at
    from public.library_members m join auth.users u on u.id = m.user_id
    where m.library_id = p_library and p_library in (select rivulet.libraries_of(auth.uid()))
    union all
    select null, i.email, i.role, i.created_at from public.invitations i
    where i.library_id = p_library and p_library in (select rivulet.libraries_of(auth.uid(), 'owner'))
    order by 3 desc, 4
$$;

-- What others offer to share with the person who calls.
create function public.my_invitations()
returns table (library_id uuid, library_name text, invited_by text, role public.library_role, created_at timestamptz)
language sql stable security definer set search_path = '' as $$
    select i.library_id, l.name, u.email::text, i.role, i.created_at
    from public.invitations i join public.libraries l on l.id = i.library_id join auth.users u on u.id = i.invited_by
    where i.email = rivulet.own_email() order by i.created_at desc
$$;

-- False if it was taken back meanwhile. Declining is deleting the row.
create function public.accept_invitation(p_library uuid) returns boolean
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_role public.library_role;
begin
    delete from public.invitations where library_id = p_library and email = rivulet.own_email() returning role into v_role;
    if v_role is null then return false; end if;
    insert into public.library_members (library_id, user_id, role) values (p_library, auth.uid(), v_role)
    on conflict do nothing;
    return true;
end $$;

revoke execute on function rivulet.email_of(uuid), rivulet.own_email() from public;
grant execute on function rivulet.own_email() to authenticated;  -- the policy asks it
revoke execute on function public.share_library(uuid, text, public.library_role), public.library_people(uuid),
    public.my_invitations(), public.accept_invitation(uuid) from public, anon;
grant execute on function public.share_library(uuid, text, public.library_role), public.library_people(uuid),
    public.my_invitations(), public.accept_invitation(uuid) to authenticated;

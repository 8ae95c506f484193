-- Passwords of encrypted files, on their way from a person to one reading of the file.
-- Reasons: infra/decisions/0062-passwords-pass-through-an-unlogged-table.md.

-- Unlogged: neither the write-ahead log nor a replica or a base backup ever holds a row of it.
create unlogged table rivulet.passwords (
    document_id uuid primary key references public.documents (id) on delete cascade,
    password text not null,
    expires_at timestamptz not null default clock_timestamp() + interval '15 minutes'
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1);
alter table rivulet.passwords enable row level security;  -- closed twice: no policy opens it

-- For whoever may edit the library. The document that failed for want of a password is read again, with this one.
create function public.provide_password(p_document uuid, p_password text) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    d public.documents;
begin
    select * into d from public.documents where id = p_document
        and library_id in (select rivulet.libraries_of(auth.uid(), 'editor')) for no key update;
    if d.id is null then
        raise exception 'There is no such document, or you may not edit its library.' using errcode = 'insufficient_privilege';
    elsif coalesce(char_length(p_password), 0) not between 1 and 1000 then
        raise exception 'A password has 1 to 1000 characters.' using errcode = 'invalid_parameter_value';
    elsif d.status <> 'failed' or d.error_code not in ('encrypted', 'wrong_password') then
        return false;  -- nobody asks for one any more
    end if;
    delete from rivulet.passwords where expires_at < clock_timestamp();
    insert into rivulet.passwords (document_id, password) values (d.id, p_password)
    on conflict (document_id) do update set password = excluded.password, expires_at = excluded.expires_at;
    return rivulet.restart_document(d.id);
end $$;

-- Handed out once: the transaction that gives it to a worker deletes it.
create function rivulet.take_password(p_document uuid) returns text
language sql volatile set search_path = '' as $$
    with taken as (delete from rivulet.passwords where document_id = p_document returning password, expires_at)
    select password from taken where expires_at > clock_timestamp()
$$;

revoke all on rivulet.passwords from public, anon, authenticated, service_role;
revoke execute on function rivulet.take_password(uuid) from public;
revoke execute on function public.provide_password(uuid, text) from public, anon;
grant execute on function public.provide_password(uuid, text) to authenticated;

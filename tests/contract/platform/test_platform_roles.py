"""What the role of migrations may do in the platform's schemas: policies, triggers and rows, nothing else."""

from typing import Any

import psycopg
import pytest

from tests.contract.conftest import Client, Project, sign_up, unique

Owner = psycopg.Connection[tuple[Any, ...]]

ALLOWED = [
    "create policy contract_p on storage.objects for select to authenticated using (bucket_id = 'x')",
    "create policy contract_p on storage.buckets for select to authenticated using (true)",
    "create policy contract_p on realtime.messages for select to authenticated using (true)",
    "create trigger contract_t after insert on storage.objects for each row"
    " execute function contract_private.note_upload()",
    "create trigger contract_t after insert on auth.users for each row execute function contract_private.note_upload()",
    "insert into storage.buckets (id, name) values ('contract-made-by-sql', 'contract-made-by-sql')",
    "create table public.contract_theirs (person uuid primary key references auth.users on delete cascade)",
    "select count(*) from auth.users",
    "create role contract_role",
]
REFUSED = [
    "alter table storage.objects add column more int",
    "alter table storage.objects disable row level security",
    "alter table storage.objects disable trigger all",
    "alter table storage.objects rename to others",
    "alter table storage.objects set schema public",
    "alter table storage.objects owner to postgres",
    "create index on storage.objects (version)",
    "create table storage.more (id int)",
    "create table auth.more (id int)",
    "create table realtime.more (id int)",
    "create function storage.more() returns int language sql as 'select 1'",
    "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
    "alter function storage.foldername(text) set schema public",
    "drop function auth.email() cascade",
    "drop table storage.objects cascade",
    "drop schema storage cascade",
    "alter schema storage rename to others",
    "set role supabase_storage_admin",
    "alter role supabase_auth_admin password 'x'",
    "alter role postgres superuser",
    "delete from storage.buckets",
    "delete from storage.objects",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_allowed(project: Project, statement: str) -> None:
    with psycopg.connect(project.owner_dsn) as owner:
        owner.execute(statement.encode())
        owner.rollback()


@pytest.mark.parametrize("statement", REFUSED)
def test_refused(project: Project, statement: str) -> None:
    with psycopg.connect(project.owner_dsn) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(statement.encode())


def test_policies_and_triggers_can_be_changed_and_dropped(owner: Owner) -> None:
    name = unique("contract_").replace("-", "_").encode()
    owner.execute(b"create policy " + name + b" on storage.objects using (true)")
    owner.execute(b"alter policy " + name + b" on storage.objects using (false)")
    owner.execute(b"drop policy " + name + b" on storage.objects")
    owner.execute(
        b"create trigger " + name + b" after delete on auth.users for each row"
        b" execute function contract_private.note_upload()"
    )
    owner.execute(b"drop trigger " + name + b" on auth.users")


@pytest.mark.anyio
async def test_sign_up_fires_triggers_and_is_undone_if_they_fail(owner: Owner, anon: Client) -> None:
    owner.execute("""
        create table public.contract_profiles (id uuid primary key references auth.users on delete cascade, name text);
        create function public.contract_profile() returns trigger language plpgsql security definer set search_path = ''
        as $$ begin
          if new.raw_user_meta_data ->> 'name' = 'nobody' then raise exception 'no such name'; end if;
          insert into public.contract_profiles values (new.id, new.raw_user_meta_data ->> 'name');
          return new;
        end $$;
        create trigger contract_profile after insert on auth.users
          for each row execute function public.contract_profile();
    """)
    try:
        person = await sign_up(anon, name="Zoë")
        found = owner.execute("select name from public.contract_profiles where id = %s", [person.id]).fetchone()
        assert found == ("Zoë",)
        with pytest.raises(Exception, match="Database error"):
            await sign_up(anon, name="nobody")
        left = owner.execute(
            "select count(*) from auth.users where raw_user_meta_data ->> 'name' = 'nobody'"
        ).fetchone()
        assert left == (0,)
    finally:
        owner.execute("drop function public.contract_profile() cascade; drop table public.contract_profiles")


def test_roles_are_those_of_hosted_supabase(owner: Owner) -> None:
    rows = owner.execute(
        "select rolname, rolsuper, rolbypassrls, rolcanlogin, rolinherit from pg_roles where rolname in"
        " ('anon', 'authenticated', 'service_role', 'authenticator', 'postgres')"
    ).fetchall()
    assert {name: traits for name, *traits in rows} == {
        "anon": [False, False, False, False],
        "authenticated": [False, False, False, False],
        "service_role": [False, True, False, False],
        "authenticator": [False, False, True, False],
        "postgres": [False, True, True, True],
    }


def test_new_tables_are_open_to_the_api_roles(owner: Owner) -> None:
    owner.execute("create table public.contract_fresh (id int)")
    try:
        rows = owner.execute(
            "select r, has_table_privilege(r, 'public.contract_fresh', 'select, insert, update, delete')"
            " from unnest(array['anon', 'authenticated', 'service_role']) r"
        ).fetchall()
        assert all(granted for _, granted in rows)
    finally:
        owner.execute("drop table public.contract_fresh")

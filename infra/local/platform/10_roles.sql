-- Roles, grants and guards as on hosted Supabase. Run by supabase_admin; safe to run again.
-- Login passwords are not set here: a role without one cannot log in over TCP.

-- Roles ---------------------------------------------------------------------------------------------------------------

create or replace function pg_temp.ensure_role(role_name text, attributes text) returns void
language plpgsql as $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
    execute pg_catalog.format('create role %I', role_name);
  end if;
  execute pg_catalog.format('alter role %I with %s', role_name, attributes);
end
$$;

select pg_temp.ensure_role('postgres', 'login inherit createrole createdb replication bypassrls nosuperuser');
select pg_temp.ensure_role('anon', 'nologin noinherit');
select pg_temp.ensure_role('authenticated', 'nologin noinherit');
select pg_temp.ensure_role('service_role', 'nologin noinherit bypassrls');
select pg_temp.ensure_role('authenticator', 'login noinherit');
select pg_temp.ensure_role('supabase_auth_admin', 'login noinherit createrole');
select pg_temp.ensure_role('supabase_storage_admin', 'login noinherit createrole');
select pg_temp.ensure_role('supabase_realtime_admin', 'nologin noinherit');

grant anon, authenticated, service_role to authenticator;
-- Storage becomes whoever the Data API may become, a project's own roles among them.
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role to postgres with admin option;
-- So that it may set what the Data API reads there: alter role authenticator set pgrst.db_schemas = '…'.
grant authenticator to postgres with admin option;
grant set on parameter "pgrst.db_schemas", "pgrst.db_max_rows" to postgres;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

-- The Data API applies these to each request of the role.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set search_path = 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role supabase_storage_admin set search_path = 'storage';
alter role postgres set search_path = '$user', 'public', 'extensions';
alter role supabase_admin set search_path = '$user', 'public', 'auth', 'extensions';

-- Database and schemas ------------------------------------------------------------------------------------------------

do $$
begin
  execute pg_catalog.format('alter database %I owner to postgres', pg_catalog.current_database());
end
$$;

create schema if not exists extensions authorization postgres;
create schema if not exists auth;
-- The guards' own home: who owns a schema can drop what is in it, and `postgres` owns extensions.
create schema if not exists supabase_platform;
grant usage on schema supabase_platform to public;
create schema if not exists storage;

grant usage on schema public to anon, authenticated, service_role;
grant create, usage on schema public to postgres;
grant usage on schema extensions to anon, authenticated, service_role, supabase_auth_admin, supabase_storage_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres, supabase_auth_admin, supabase_storage_admin;
grant usage on schema storage to anon, authenticated, service_role, postgres, supabase_storage_admin;

do $$
declare
  creator text;
  kind text;
begin
  foreach creator in array array['postgres', 'supabase_admin'] loop
    foreach kind in array array['tables', 'functions', 'sequences'] loop
      execute pg_catalog.format(
        'alter default privileges for role %I in schema public grant all on %s to postgres, anon, authenticated, service_role',
        creator, kind);
    end loop;
  end loop;
end
$$;

-- Guard of the platform's schemas -------------------------------------------------------------------------------------
-- On hosted Supabase `postgres` owns nothing in auth, storage and realtime, yet may manage policies and triggers on
-- their tables. PostgreSQL ties policies to ownership, so here it inherits the owning roles (without being able to
-- become them) and event triggers refuse everything that the owner could do beyond that.

grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres with inherit true, set false;

create or replace function supabase_platform.is_platform_owner() returns boolean
language sql stable set search_path = '' as $$
  select current_user in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin')
      or (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
$$;

-- An object moved out of its schema is still known by its owner.
create or replace function supabase_platform.is_platform_object(catalog oid, object oid, schema_name text) returns boolean
language sql stable set search_path = '' as $$
  select schema_name in ('auth', 'storage', 'realtime')
      or exists (
           select from (select relowner as owner from pg_catalog.pg_class
                         where catalog = 'pg_catalog.pg_class'::pg_catalog.regclass and oid = object
                        union all
                        select proowner from pg_catalog.pg_proc
                         where catalog = 'pg_catalog.pg_proc'::pg_catalog.regclass and oid = object
                        union all
                        select typowner from pg_catalog.pg_type
                         where catalog = 'pg_catalog.pg_type'::pg_catalog.regclass and oid = object) owned
           join pg_catalog.pg_roles on pg_roles.oid = owned.owner
          where rolname in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin'))
$$;

create or replace function supabase_platform.guard_platform_ddl() returns event_trigger
language plpgsql set search_path = '' as $$
declare
  command record;
begin
  if supabase_platform.is_platform_owner() then
    return;
  end if;
  for command in
    select c.object_type, c.schema_name, c.object_identity
      from pg_catalog.pg_event_trigger_ddl_commands() c
     where supabase_platform.is_platform_object(c.classid, c.objid, c.schema_name)
       and c.object_type not in ('policy', 'trigger')
       and c.command_tag not in ('CREATE POLICY', 'ALTER POLICY', 'CREATE TRIGGER', 'ALTER TRIGGER')
  loop
    raise exception using errcode = '42501', message = pg_catalog.format(
      'must be owner of %s %s', command.object_type,
      pg_catalog.regexp_replace(command.object_identity, '^(auth|storage|realtime)\.', ''));
  end loop;
end
$$;

create or replace function supabase_platform.guard_platform_drop() returns event_trigger
language plpgsql set search_path = '' as $$
declare
  dropped record;
begin
  if supabase_platform.is_platform_owner() then
    return;
  end if;
  for dropped in
    select d.object_type, d.object_identity
      from pg_catalog.pg_event_trigger_dropped_objects() d
     where d.schema_name in ('auth', 'storage', 'realtime')
       and d.object_type not in ('policy', 'trigger')
  loop
    raise exception using errcode = '42501', message = pg_catalog.format(
      'must be owner of %s %s', dropped.object_type,
      pg_catalog.regexp_replace(dropped.object_identity, '^(auth|storage|realtime)\.', ''));
  end loop;
end
$$;

-- The Data API reloads its picture of the schema after every change of it, as hosted Supabase's does.

create or replace function supabase_platform.pgrst_ddl_watch() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_ddl_commands() c
              where c.schema_name is distinct from 'pg_temp'
                and (c.command_tag like 'CREATE%' or c.command_tag like 'ALTER%'
                     or c.command_tag in ('COMMENT', 'GRANT', 'REVOKE', 'SELECT INTO'))) then
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
end
$$;

create or replace function supabase_platform.pgrst_drop_watch() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_dropped_objects() d where not d.is_temporary) then
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
end
$$;

drop event trigger if exists guard_platform_ddl;
drop event trigger if exists guard_platform_drop;
drop event trigger if exists pgrst_ddl_watch;
drop event trigger if exists pgrst_drop_watch;
create event trigger guard_platform_ddl on ddl_command_end execute function supabase_platform.guard_platform_ddl();
create event trigger guard_platform_drop on sql_drop execute function supabase_platform.guard_platform_drop();
create event trigger pgrst_ddl_watch on ddl_command_end execute function supabase_platform.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function supabase_platform.pgrst_drop_watch();

-- As on hosted, where whoever restores a dump needs it.
grant set on parameter session_replication_role to postgres;

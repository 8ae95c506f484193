-- What `rivulet doctor` compares: how the project's objects are, and how the migrations left them. Each object is known by the
-- statement that makes it, so that whatever is missing or was changed can be mended by running that statement.

create table rivulet.expected (
    kind text not null,
    name text not null,
    statement text not null,
    primary key (kind, name)
);

-- All of `rivulet`, and our tables in `public` with their sequences. What else there is, its owners change as they like.
create function rivulet.own_relations() returns setof oid
language sql stable set search_path = '' as $$
    with named as (
        select oid from pg_class where relnamespace = 'public'::regnamespace and relname = any (rivulet.own_tables())
    )
    select oid from pg_class where relnamespace = 'rivulet'::regnamespace
    union all
    select oid from named
    union all
    select s.oid from pg_class s join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid
    where s.relkind = 'S' and d.refclassid = 'pg_class'::regclass and d.refobjid in (select oid from named)
$$;

-- The function of a watch comes and goes with it, and so do the triggers that call it: they are its owner's affair.
create function rivulet.own_routines() returns setof oid
language sql stable set search_path = '' as $$
    select oid from pg_proc
    where pronamespace = 'public'::regnamespace and proname = any (rivulet.own_functions())
       or pronamespace = 'rivulet'::regnamespace and proname !~ '^watch_[0-9a-f]{32}$'
$$;

-- Roles that people and workers come in as; what they may do is all that stands between them and others' rows.
create function rivulet.actual_rights() returns table (kind text, name text, statement text)
language sql stable set search_path = '' as $$
    with granted as (
        select case c.relkind when 'S' then 'sequence ' else '' end || c.oid::regclass as object, a.grantee, a.privilege_type as privilege, null::text as column
        from pg_class c cross join aclexplode(c.relacl) a
        where c.oid in (select rivulet.own_relations())
        union all
        select c.oid::regclass::text, a.grantee, a.privilege_type, t.attname
        from pg_class c join pg_attribute t on t.attrelid = c.oid cross join aclexplode(t.attacl) a
        where c.oid in (select rivulet.own_relations())
        union all
        select 'function ' || p.oid::regprocedure, a.grantee, a.privilege_type, null
        from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.oid in (select rivulet.own_routines())
    )
    select 'right', format('%s on %s to %s', lower(privilege) || coalesce(' (' || quote_ident("column") || ')', ''), object, role),
           format('grant %s on %s to %s', lower(privilege) || coalesce(' (' || quote_ident("column") || ')', ''), object, role)
    from granted cross join lateral (
        select case grantee when 0 then 'public' else grantee::regrole::text end as role) r
    where role in ('public', 'anon', 'authenticated', 'rivulet_worker')
$$;

-- A worker's role, what it is one of, and who may become it.
create function rivulet.actual_roles() returns table (kind text, name text, statement text)
language sql stable set search_path = '' as $$
    select 'role', rolname::text, format('create role %I nologin inherit', rolname)
           || case when rolbypassrls then ' bypassrls' else '' end || case when rolcanlogin then ' login' else '' end
    from pg_roles where rolname = 'rivulet_worker'
    union all
    select 'membership', format('%s to %s', m.roleid::regrole, m.member::regrole), format('grant %s to %s', m.roleid::regrole, m.member::regrole)
    from pg_auth_members m join pg_roles r on r.oid = m.member
    where to_regrole('rivulet_worker') in (m.roleid, m.member) and not r.rolsuper and r.rolname <> 'postgres'
    group by m.roleid, m.member
$$;

create function rivulet.actual_rules() returns table (kind text, name text, statement text)
language sql stable set search_path = '' as $$
    select 'row security', c.oid::regclass::text, format('alter table %s enable row level security', c.oid::regclass)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any (rivulet.own_tables()) and c.relrowsecurity
    union all
    select 'policy', format('%s on %I.%I', quote_ident(p.policyname), p.schemaname, p.tablename),
           format('create policy %I on %I.%I as %s for %s to %s', p.policyname, p.schemaname, p.tablename, lower(p.permissive),
                  lower(p.cmd), array_to_string(p.roles, ', '))
           || coalesce(' using (' || p.qual || ')', '') || coalesce(' with check (' || p.with_check || ')', '')
    from pg_policies p
    where p.schemaname = 'public' and p.tablename = any (rivulet.own_tables())
       or (p.schemaname, p.tablename) in (('storage', 'objects'), ('realtime', 'messages'))
          and p.policyname = any (rivulet.own_policies())
    union all
    select 'publication', t.schemaname || '.' || t.tablename,
           format('alter publication supabase_realtime add table %I.%I', t.schemaname, t.tablename)
    from pg_publication_tables t where t.pubname = 'supabase_realtime' and t.schemaname = 'public'
      and t.tablename = any (rivulet.own_tables())
    union all
    select 'bucket', b.id, format('insert into storage.buckets (id, name, public) values (%L, %L, %L) on conflict (id) do update '
                                  'set public = excluded.public', b.id, b.name, b.public)
    from storage.buckets b where b.id = 'documents'
$$;

-- A trigger is ours if its function is, wherever it is; one that pg_net needs comes and goes with it.
create function rivulet.actual_code() returns table (kind text, name text, statement text)
language sql stable set search_path = '' as $$
    select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    from pg_proc p where p.oid in (select rivulet.own_routines())
    union all
    select 'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass),
           pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else format(' -- %s', t.tgenabled) end
    from pg_trigger t
    where t.tgfoid in (select rivulet.own_routines()) and not t.tgisinternal and t.tgname <> 'queues_post_webhook'
    union all
    select 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.oid in (select rivulet.own_relations()) and i.indisvalid and not c.relispartition
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    union all
    select 'constraint', format('%I on %s', k.conname, k.conrelid::regclass),
           format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.oid in (select rivulet.own_relations()) and not c.relispartition and k.contype <> 'n'
$$;

create function rivulet.actual() returns table (kind text, name text, statement text)
language sql stable set search_path = '' as $$
    select * from rivulet.actual_rights() union all select * from rivulet.actual_roles()
    union all select * from rivulet.actual_rules() union all select * from rivulet.actual_code()
$$;

-- The last line of the last migration calls this.
create function rivulet.note_expected() returns void
language sql volatile set search_path = '' as $$
    delete from rivulet.expected;
    insert into rivulet.expected select kind, name, statement from rivulet.actual() on conflict do nothing;
$$;

-- What to run so that an object is again as it was left.
create function rivulet.mending(p_kind text, p_name text, p_expected text, p_actual text) returns text
language sql immutable set search_path = '' as $$
    select case
        when p_actual is null then p_expected
        when p_expected is null and p_kind in ('right', 'membership') then 'revoke ' || regexp_replace(p_name, '^(.*) to ([^ ]+)$', '\1 from \2')
        when p_kind = 'role' then format('alter role %I nologin inherit nobypassrls', p_name)
        when p_kind in ('policy', 'trigger') then format('drop %s %s', p_kind, p_name) || coalesce('; ' || p_expected, '')
        when p_kind = 'index' then format('drop index %s; %s', p_name, p_expected)
        when p_kind = 'constraint' then regexp_replace(p_name, '^(.*) on (.*)$', 'alter table \2 drop constraint \1; ') || p_expected
        else p_expected
    end
$$;

-- What is not as the migrations left it. Of what is there besides, policies and rights count, which open doors, on our tables.
create function rivulet.differences() returns jsonb
language sql stable set search_path = '' as $$
    with compared as (
        select kind, name, e.statement as expected, a.statement as actual, regexp_replace(name, '^.* on (.*?)( to [^ ]+)?$', '\1') as object
        from rivulet.expected e full join rivulet.actual() a using (kind, name)
        where e.statement is distinct from a.statement
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'kind', kind, 'name', name,
        'problem', case when actual is null then 'missing' when expected is null then 'added' else 'changed' end,
        'mend', rivulet.mending(kind, name, expected, actual)) order by kind, name), '[]')
    from compared c
    where expected is not null or kind = 'membership' or kind in ('policy', 'right') and exists (
        select from rivulet.expected o
        where (o.kind, o.name) = ('row security', c.object) or (o.kind = 'function' and 'function ' || o.name = c.object))
$$;

-- Everything that a doctor wants to know of a project and that only the database can tell. `now`: seconds since 1970;
-- `schedule`: whether pg_cron drops old history (scheduled), could (enabled), would have to be enabled (offered), or is not to be had.
create function public.inspect_project_v1() returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '15s' as $$
declare
    v_migrations jsonb := 'null';
    v_history text := case when exists (select from pg_available_extensions where name = 'pg_cron') then 'offered' end;
begin
    if to_regclass('supabase_migrations.schema_migrations') is not null then
        execute 'select coalesce(jsonb_agg(version order by version), ''[]'') from supabase_migrations.schema_migrations'
        into v_migrations;
    end if;
    if to_regclass('cron.job') is not null then
        execute 'select case when exists (select from cron.job where command like ''%drop_history_v1%'') then ''scheduled'' else ''enabled'' end'
        into v_history;
    end if;
    return jsonb_build_object(
        'now', extract(epoch from clock_timestamp()),
        'server', current_setting('server_version'),
        'migrations', v_migrations,
        'differences', rivulet.differences(),
        'exposed', (select coalesce(jsonb_agg(c.oid::regclass::text), '[]') from pg_class c
                    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
                      and (has_table_privilege('anon', c.oid, 'select, insert, update, delete')
                           or has_table_privilege('authenticated', c.oid, 'select, insert, update, delete'))),
        'extensions', (select jsonb_object_agg(extname, extversion) from pg_extension),
        'bypasses', (select rolbypassrls from pg_roles where rolname = 'service_role'),
        'webhook', (select jsonb_build_object('url', w.url, 'sends', exists (
                        select from pg_trigger where tgname = 'queues_post_webhook')) from rivulet.webhook w),
        'bells', to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null,
        'oldest_transaction_seconds', (select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)
                                       from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                                         and backend_type = 'client backend'),
        'schedule', v_history,
        'history_default', (select count(*) from (select from rivulet.job_history_default limit 1000) d),
        'models', (select coalesce(jsonb_agg(distinct p.model), '[]') from rivulet.placements p where p.model is not null),
        'full', (select coalesce(jsonb_agg(u.library_id), '[]') from rivulet.usage u
                 cross join lateral rivulet.quota_of(u.library_id) q cross join lateral rivulet.used(u.library_id) n
                 where n.documents >= 0.9 * q.documents or n.bytes >= 0.9 * q.bytes),
        'deaths', rivulet.deaths_to_mend(),
        'engine', public.engine_status_v1());
end $$;
revoke execute on function public.inspect_project_v1() from public, anon, authenticated;
grant execute on function public.inspect_project_v1() to service_role;
revoke execute on function rivulet.actual(), rivulet.actual_rights(), rivulet.actual_roles(), rivulet.actual_rules(), rivulet.actual_code(),
    rivulet.own_relations(), rivulet.own_routines(), rivulet.note_expected(), rivulet.mending(text, text, text, text), rivulet.differences() from public;

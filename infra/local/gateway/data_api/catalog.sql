-- What the Data API knows of the database: tables, foreign keys and functions of the exposed schemas ($1), and the roles'
-- statement timeouts, as one JSON object. Types are written out in full because the search path is empty.
with tables as (
  select c.oid, n.nspname as schema, c.relname as name,
         (select r.ev_action::text from pg_rewrite r
           where r.ev_class = c.oid and r.ev_type = '1' and c.relkind in ('v', 'm')) as definition,
         (select coalesce(json_agg(json_build_object(
                   'name', a.attname, 'number', a.attnum,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'base', format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null),
                   'default', case
                     when a.attidentity <> '' then
                       (select format('nextval(%L::regclass)', q.objid::regclass) from pg_depend q
                         where q.classid = 'pg_class'::regclass and q.refclassid = 'pg_class'::regclass
                           and q.refobjid = c.oid and q.refobjsubid = a.attnum and q.deptype = 'i')
                     when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end)
                 order by a.attnum), '[]')
            from pg_attribute a
            join pg_type t on t.oid = a.atttypid
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
         (select coalesce(json_agg(json_build_object(
                   'primary', k.contype = 'p',
                   'columns', (select json_agg(a.attname order by place)
                                 from unnest(k.conkey) with ordinality u(num, place)
                                 join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num))), '[]')
            from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u')) as keys
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = any ($1) and c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition
), links as (
  select k.conname as name, s.schema as from_schema, s.name as from_table, d.schema as to_schema, d.name as to_table,
         (select json_agg(json_build_array(a.attname, b.attname) order by place)
            from unnest(k.conkey, k.confkey) with ordinality u(near, far, place)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.near
            join pg_attribute b on b.attrelid = k.confrelid and b.attnum = u.far) as columns
    from pg_constraint k join tables s on s.oid = k.conrelid join tables d on d.oid = k.confrelid
   where k.contype = 'f' and k.conparentid = 0
), functions as (
  select n.nspname as schema, p.proname as name, p.provolatile in ('i', 's') as stable,
         p.proretset as is_set, not p.proretset or p.prorows = 1 as is_one, p.prorettype = 'void'::regtype as is_void,
         (t.typtype = 'c' or t.typtype = 'd' and b.typtype = 'c'
          or coalesce(p.proargmodes::text[] && '{t,b,o}', false)) as is_composite,
         case when r.relkind in ('r', 'v', 'm', 'f', 'p')
              then json_build_array(rn.nspname, r.relname) end as returns_table,
         (select coalesce(json_agg(json_build_object(
                   'name', coalesce(p.proargnames[place], ''),
                   'type', format_type(type, null),
                   'required', in_place <= p.pronargs - p.pronargdefaults,
                   'variadic', mode = 'v',
                   'row_of', (select ar.relname from pg_type ay join pg_class ar on ar.oid = ay.typrelid
                               where ay.oid = type and ar.relnamespace = p.pronamespace)) order by place), '[]')
            from (select type, place, coalesce(p.proargmodes[place], 'i') as mode,
                         count(*) filter (where coalesce(p.proargmodes[place], 'i') in ('i', 'b', 'v'))
                           over (order by place) as in_place
                    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u(type, place)) argument
           where mode in ('i', 'b', 'v')) as arguments
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type t on t.oid = p.prorettype
    left join pg_type b on b.oid = t.typbasetype
    left join pg_class r on r.oid = t.typrelid
    left join pg_namespace rn on rn.oid = r.relnamespace
   where n.nspname = any ($1) and p.prokind = 'f'
     and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
)
select json_build_object(
  'tables', (select coalesce(json_agg(json_build_object(
               'schema', schema, 'name', name, 'oid', oid::bigint, 'columns', columns, 'keys', keys,
               'definition', definition)), '[]') from tables),
  'links', (select coalesce(json_agg(row_to_json(links)), '[]') from links),
  'functions', (select coalesce(json_agg(row_to_json(functions)), '[]') from functions),
  'timeouts', (select coalesce(json_object_agg(r.rolname, split_part(setting, '=', 2)), '{}')
                 from pg_roles r, unnest(r.rolconfig) setting where setting like 'statement_timeout=%'))

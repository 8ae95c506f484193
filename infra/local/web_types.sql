-- What the role `authenticated` finds of Rivulet in schema public. Columns of tables.
select c.relname as relation, a.attname as name, t.typname as type, a.attnotnull as required,
       a.atthasdef or a.attidentity <> '' as has_default,
       has_column_privilege('authenticated', c.oid, a.attnum, 'select') as may_read,
       has_column_privilege('authenticated', c.oid, a.attnum, 'insert') as may_insert,
       has_column_privilege('authenticated', c.oid, a.attnum, 'update') as may_update,
       (select pg_get_constraintdef(k.oid) from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) like '%= ANY (%'
          and t.typname = 'text' order by k.conname limit 1) as check
from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  and c.relname = any (rivulet.own_tables())
  and has_any_column_privilege('authenticated', c.oid, 'select')
order by c.relname, a.attnum;
-- Foreign keys between them.
select c.relname as relation, k.conname as name, f.relname as target,
       (select array_agg(attname::text order by place) from unnest(k.conkey) with ordinality as u (n, place)
        join pg_attribute on attrelid = k.conrelid and attnum = n) as columns,
       (select array_agg(attname::text order by place) from unnest(k.confkey) with ordinality as u (n, place)
        join pg_attribute on attrelid = k.confrelid and attnum = n) as target_columns,
       exists (select from pg_index i where i.indrelid = k.conrelid and i.indisunique and i.indpred is null
               and i.indnkeyatts = cardinality(k.conkey) and i.indkey::smallint[] <@ k.conkey and k.conkey <@ i.indkey::smallint[]) as one_to_one
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and c.relnamespace = 'public'::regnamespace and f.relnamespace = 'public'::regnamespace
  and c.relname = any (rivulet.own_tables()) and f.relname = any (rivulet.own_tables())
order by c.relname, k.conname;
-- Functions, with the arguments that go in and the columns that come out.
select p.proname as name, p.pronargdefaults as defaults, p.proretset as many, r.typname as returns,
       (select coalesce(jsonb_agg(jsonb_build_array(p.proargnames[place], t.typname) order by place), '[]')
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as u (type, place) join pg_type t on t.oid = u.type
        where coalesce(p.proargmodes[place], 'i') = 'i') as arguments,
       (select coalesce(jsonb_agg(jsonb_build_array(p.proargnames[place], t.typname) order by place), '[]')
        from unnest(p.proallargtypes) with ordinality as u (type, place) join pg_type t on t.oid = u.type
        where p.proargmodes[place] = 't') as columns
from pg_proc p join pg_type r on r.oid = p.prorettype
where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and r.typname <> 'trigger'
  and p.proname = any (rivulet.own_functions())
  and has_function_privilege('authenticated', p.oid, 'execute')
order by p.proname;
-- Enumerations.
select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
from pg_type t join pg_enum e on e.enumtypid = t.oid
where t.typnamespace = 'public'::regnamespace and exists (
    select from pg_attribute a where a.atttypid = t.oid and a.attrelid in (select o::regclass from unnest(rivulet.own_tables()) o))
group by t.typname order by t.typname;

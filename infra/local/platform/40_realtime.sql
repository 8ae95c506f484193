-- Schema realtime as on hosted Supabase: stored broadcasts, the functions that send them, the publications that
-- Realtime follows. Run by supabase_admin; safe to run again.

create schema if not exists realtime;
grant usage on schema realtime to postgres, anon, authenticated, service_role, supabase_realtime_admin;
grant create on schema realtime to supabase_realtime_admin;

-- Stored broadcasts ---------------------------------------------------------------------------------------------------

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  primary key (id, inserted_at),
  constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);

create index if not exists messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

-- Days that no partition was made for in time, because the server was down, are kept here.
create table if not exists realtime.messages_default partition of realtime.messages default;

alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages_default owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant all on realtime.messages to postgres;

-- One partition a day from yesterday to three days ahead; what is older than 72 hours goes. A day whose rows already
-- lie in the default partition gets none.
create or replace function realtime.maintain_messages() returns void
language plpgsql set search_path = '' set lock_timeout = '2s' as $$
declare
  today constant date := pg_catalog.timezone('utc', pg_catalog.now())::date;
  day date;
  partition text;
begin
  for day in select today + ahead from pg_catalog.generate_series(-1, 3) ahead loop
    partition := pg_catalog.to_char(day, '"messages_"YYYY_MM_DD');
    if pg_catalog.to_regclass('realtime.' || partition) is null then
      begin
        execute pg_catalog.format('create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
                                  partition, day, day + 1);
        execute pg_catalog.format('alter table realtime.%I owner to supabase_realtime_admin', partition);
      exception when check_violation or duplicate_table or unique_violation then
        null; -- another server may be doing the same
      end;
    end if;
  end loop;
  for partition in
    select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'realtime.messages'::pg_catalog.regclass
       and c.relname ~ '^messages_\d{4}_\d\d_\d\d$'
       and pg_catalog.to_date(pg_catalog.right(c.relname, 10), 'YYYY_MM_DD') < today - 3
  loop
    execute pg_catalog.format('drop table if exists realtime.%I', partition);
  end loop;
  delete from realtime.messages_default
   where inserted_at < pg_catalog.timezone('utc', pg_catalog.now()) - interval '72 hours';
end
$$;
revoke all on function realtime.maintain_messages() from public;
select realtime.maintain_messages();

-- Sending from the database -------------------------------------------------------------------------------------------

create or replace function realtime.topic() returns text
language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;

-- A broadcast never fails the transaction that sends it: every fault becomes a warning.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql as $$
declare
  message_id uuid := gen_random_uuid();
begin
  if jsonb_typeof(payload) <> 'object' then
    raise exception 'payload must be a JSON object';
  end if;
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (message_id, jsonb_build_object('id', message_id) || payload, event, topic, private, 'broadcast');
exception when others then
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql as $$
begin
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (binary_payload, event, topic, private, extension)
  values (payload, event, topic, private, 'broadcast');
exception when others then
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text,
  new record, old record, level text default 'ROW'
) returns void
language plpgsql as $$
declare
  message jsonb;
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  message := jsonb_build_object(
    'old_record', case when operation <> 'INSERT' then to_jsonb(old) end,
    'record', case when operation <> 'DELETE' then to_jsonb(new) end,
    'operation', operation, 'table', table_name, 'schema', table_schema);
  perform realtime.send(message, event_name, topic_name);
exception when others then
  raise exception 'Failed to process the row: %', sqlerrm;
end
$$;

-- Following the log ---------------------------------------------------------------------------------------------------

-- The log may be read a moment before its transactions count as committed. Waits, for a second at most, until these do:
-- whoever is told of a row must be able to read it.
create or replace function realtime.await_commits(xids bigint[]) returns void
language plpgsql volatile as $$
declare
  patience constant timestamptz := pg_catalog.clock_timestamp() + interval '1 second';
  settled boolean;
begin
  loop
    -- The log's transaction numbers have 32 bits; the upper half is that of the nearest number known.
    select pg_catalog.bool_and(pg_catalog.pg_visible_in_snapshot(
             (next_xid + ((xid - (next_xid & 4294967295) + 2147483648) & 4294967295) - 2147483648)::text::xid8,
             pg_catalog.pg_current_snapshot()))
      into settled
      from pg_catalog.unnest(xids) xid,
           cast(pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text as bigint) next_xid;
    exit when coalesce(settled, true) or pg_catalog.clock_timestamp() > patience;
    perform pg_catalog.pg_sleep(0.0005);
  end loop;
end
$$;
revoke all on function realtime.await_commits(bigint[]) from public;

-- Which of a table's rows may each subscriber read? One call serves all subscribers of a table. `query` takes one
-- group's primary keys ($1, a JSON array of arrays of text) and returns the ordinals of those that exist; it runs as
-- each group's role with its claims, on the present state of the table. A group whose policies fail sees nothing and
-- says why.
create or replace function realtime.visible_rows(
  query text, roles text[], claims jsonb[], keys jsonb[], out visible int[], out failure text
) returns setof record
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
begin
  -- Planned once for all groups of a role; one that was cancelled has left its statement behind.
  if exists (select from pg_catalog.pg_prepared_statements where name = 'realtime_visible') then
    deallocate realtime_visible;
  end if;
  execute 'prepare realtime_visible (jsonb) as ' || query;
  for i in 1 .. pg_catalog.cardinality(roles) loop
    visible := null;
    failure := null;
    begin
      perform pg_catalog.set_config('request.jwt.claims', claims[i]::text, true),
              pg_catalog.set_config('request.jwt.claim.sub', coalesce(claims[i] ->> 'sub', ''), true),
              pg_catalog.set_config('request.jwt.claim.role', coalesce(claims[i] ->> 'role', ''), true),
              pg_catalog.set_config('request.jwt.claim.email', coalesce(claims[i] ->> 'email', ''), true),
              pg_catalog.set_config('role', roles[i], true);
      execute pg_catalog.format('execute realtime_visible(%L)', keys[i]) into visible;
    exception when others then
      failure := sqlerrm;
    end;
    perform pg_catalog.set_config('role', 'none', true);
    return next;
  end loop;
  deallocate realtime_visible;
end
$$;
revoke all on function realtime.visible_rows(text, text[], jsonb[], jsonb[]) from public;

-- Publications --------------------------------------------------------------------------------------------------------

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime_messages_publication') then
    create publication supabase_realtime_messages_publication for table realtime.messages
      with (publish = 'insert', publish_via_partition_root = true);
  end if;
end
$$;
alter publication supabase_realtime owner to postgres;
alter publication supabase_realtime_messages_publication owner to supabase_admin;
do $$
begin
  -- Realtime of hosted Supabase sees stored generated columns; so does the log from PostgreSQL 18 on.
  if pg_catalog.current_setting('server_version_num')::int >= 180000 then
    alter publication supabase_realtime set (publish_generated_columns = stored);
  end if;
end
$$;

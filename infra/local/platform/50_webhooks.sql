-- Database Webhooks as on hosted Supabase: net.http_post and its like keep requests in a table, which the gateway sends
-- after the commit, each once; supabase_functions.http_request() is the trigger function that asks for them.
-- Run by supabase_admin; safe to run again. Names and answers are pg_net's: https://supabase.github.io/pg_net/.

create schema if not exists net;
create schema if not exists supabase_functions;

do $$
begin
  if to_regtype('net.http_method') is null then
    create domain net.http_method as text check (upper(value) in ('GET', 'POST', 'DELETE'));
  end if;
end
$$;

create unlogged table if not exists net.http_request_queue (
  id bigserial primary key,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);
create unlogged table if not exists net._http_response (
  id bigint,
  status_code int,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default now()
);
create index if not exists _http_response_created_idx on net._http_response (created);

-- Requests come to be sent when their transaction commits.
create or replace function net.wake() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('net_http_request_queue', '');
  return null;
end
$$;
create or replace trigger wake after insert on net.http_request_queue for each statement execute function net.wake();

create or replace function net._encode(part text) returns text language sql immutable strict set search_path = '' as $$
  select coalesce(pg_catalog.string_agg(
           case when pg_catalog.chr(octet) ~ '^[A-Za-z0-9._~-]$' then pg_catalog.chr(octet)
                else '%' || pg_catalog.upper(pg_catalog.lpad(pg_catalog.to_hex(octet), 2, '0')) end, '' order by place), '')
    from (select place, pg_catalog.get_byte(pg_catalog.convert_to(part, 'UTF8'), place) as octet
            from pg_catalog.generate_series(0, pg_catalog.octet_length(part) - 1) place) octets
$$;

create or replace function net._with_params(url text, params jsonb) returns text
language sql immutable set search_path = '' as $$
  select url || coalesce(case when pg_catalog.strpos(url, '?') > 0 then '&' else '?' end
                         || pg_catalog.string_agg(net._encode(key) || '=' || net._encode(value), '&'), '')
    from pg_catalog.jsonb_each_text(coalesce(params, '{}'))
$$;

create or replace function net._ask(method text, url text, headers jsonb, body bytea, timeout_milliseconds int)
returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (method, url, headers, body, timeout_milliseconds) returning id
$$;

create or replace function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000
) returns bigint language sql security definer set search_path = '' as $$
  select net._ask('GET', net._with_params(url, params), headers, null, timeout_milliseconds)
$$;

create or replace function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000,
  body jsonb default null
) returns bigint language sql security definer set search_path = '' as $$
  select net._ask('DELETE', net._with_params(url, params), headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
$$;

create or replace function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000
) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  media text := (select value from pg_catalog.jsonb_each_text(headers) where pg_catalog.lower(key) = 'content-type');
begin
  if media is null then
    headers := headers || '{"Content-Type": "application/json"}';
  elsif media <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  return net._ask('POST', net._with_params(url, params), headers, pg_catalog.convert_to(body::text, 'UTF8'),
                  timeout_milliseconds);
end
$$;

-- Which trigger asked for which request.
create table if not exists supabase_functions.hooks (
  id bigserial primary key,
  hook_table_id int not null,
  hook_name text not null,
  created_at timestamptz not null default now(),
  request_id bigint
);
create index if not exists supabase_functions_hooks_request_id_idx on supabase_functions.hooks (request_id);
create index if not exists supabase_functions_hooks_h_table_id_h_name_idx
  on supabase_functions.hooks (hook_table_id, hook_name);

-- Arguments of the trigger: URL, GET or POST, and optionally headers, parameters (JSON both) and milliseconds to wait.
create or replace function supabase_functions.http_request() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  url text := tg_argv[0];
  method text := tg_argv[1];
  headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}');
  params jsonb := coalesce(nullif(tg_argv[3], 'null'), '{}');
  timeout int := coalesce(nullif(tg_argv[4], 'null')::int, 1000);
  request bigint;
begin
  if url is null or url = 'null' then
    raise exception 'url argument is missing';
  elsif method is null or method = 'null' then
    raise exception 'method argument is missing';
  elsif method = 'GET' then
    request := net.http_get(url, params, headers, timeout);
  elsif method = 'POST' then
    request := net.http_post(url, pg_catalog.jsonb_build_object(
      'old_record', case when tg_op <> 'INSERT' then pg_catalog.to_jsonb(old) end,
      'record', case when tg_op <> 'DELETE' then pg_catalog.to_jsonb(new) end,
      'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema), params, headers, timeout);
  else
    raise exception 'method argument % is invalid', method;
  end if;
  insert into supabase_functions.hooks (hook_table_id, hook_name, request_id) values (tg_relid, tg_name, request);
  return coalesce(new, old);
end
$$;

grant usage on schema net, supabase_functions to postgres, anon, authenticated, service_role;
grant all on supabase_functions.hooks to postgres, anon, authenticated, service_role;
grant usage on sequence supabase_functions.hooks_id_seq to postgres, anon, authenticated, service_role;
grant select on net.http_request_queue, net._http_response to postgres, service_role;
revoke all on function net._ask, net._with_params, net._encode, net.wake from public;

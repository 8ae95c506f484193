-- Serverless functions: what they have received, and the Database Webhook that rings for them.
-- Reasons: infra/decisions/0010-the-webhook-is-a-signed-doorbell.md.

-- Ids of webhooks and CloudEvents that were taken, so that a repetition does nothing.
create table rivulet.inbox (
    source text not null check (char_length(source) between 1 and 500),
    event_id text not null check (char_length(event_id) between 1 and 500),
    receipt uuid not null,  -- the request that took it, so that a lost reply can be asked for again
    received_at timestamptz not null default clock_timestamp(),
    primary key (source, event_id)
);
create index inbox_by_age on rivulet.inbox (received_at);

-- True the first time, and again for the same p_receipt. A webhook is refused as late long before its id is forgotten here.
create function public.receive_event_v1(p_source text, p_event_id text, p_receipt uuid) returns boolean
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    delete from rivulet.inbox where (source, event_id) in (
        select source, event_id from rivulet.inbox where received_at < clock_timestamp() - interval '7 days'
        order by received_at limit 100 for update skip locked);
    insert into rivulet.inbox (source, event_id, receipt) values (p_source, p_event_id, p_receipt) on conflict do nothing;
    return exists (select from rivulet.inbox where source = p_source and event_id = p_event_id and receipt = p_receipt);
end $$;

-- Where the doorbell of functions is, and the secret that signs it. At most one row.
create table rivulet.webhook (
    single boolean primary key default true check (single),
    url text not null check (url ~ '^https?://[^\s]+$' and char_length(url) <= 2000),
    secret bytea not null check (octet_length(secret) between 24 and 64),
    set_at timestamptz not null default now()
);

-- RFC 2104 on the built-in sha256: pgcrypto lives in another schema on every second project.
create function rivulet.hmac_sha256(p_key bytea, p_message bytea) returns bytea
language plpgsql immutable strict set search_path = '' as $$
declare
    v_key bytea := case when octet_length(p_key) > 64 then sha256(p_key) else p_key end;
    v_inner bytea;
    v_outer bytea;
begin
    v_key := v_key || decode(repeat('00', 64 - octet_length(v_key)), 'hex');
    v_inner := v_key;
    v_outer := v_key;
    for i in 0 .. 63 loop
        v_inner := set_byte(v_inner, i, get_byte(v_key, i) # 54);
        v_outer := set_byte(v_outer, i, get_byte(v_key, i) # 92);
    end loop;
    return sha256(v_outer || sha256(v_inner || p_message));
end $$;

-- The headers of https://www.standardwebhooks.com for a body.
create function rivulet.signed_headers(p_secret bytea, p_body text) returns jsonb
language plpgsql volatile set search_path = '' as $$
declare
    v_id text := 'msg_' || replace(gen_random_uuid()::text, '-', '');
    v_at text := extract(epoch from clock_timestamp())::bigint::text;
    v_signature bytea := rivulet.hmac_sha256(p_secret, convert_to(v_id || '.' || v_at || '.' || p_body, 'UTF8'));
begin
    return jsonb_build_object(
        'Content-Type', 'application/json', 'webhook-id', v_id, 'webhook-timestamp', v_at,
        'webhook-signature', 'v1,' || encode(v_signature, 'base64'));
end $$;

-- Runs when rivulet.ring has disarmed the bell of a queue, at the commit of the job: throttled as the bell itself is.
-- pg_net sends after the commit, once. What it waits for is not the work: the function goes on when it hangs up.
create function rivulet.post_webhook() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    w rivulet.webhook;
    v_body jsonb := jsonb_build_object('queues', jsonb_build_array(new.name));
begin
    select * into w from rivulet.webhook;
    if found then
        perform net.http_post(url := w.url, body := v_body, headers := rivulet.signed_headers(w.secret, v_body::text),
                              timeout_milliseconds := 5000);
    end if;
    return null;
exception when others then
    raise warning 'webhook of % was not sent: %', new.name, sqlerrm;  -- never fails the writer; the schedule covers it
    return null;
end $$;

-- Puts the trigger in place if pg_net is there. True if it is.
create function rivulet.install_webhook() returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
        return false;
    end if;
    create or replace trigger queues_post_webhook after update of armed on rivulet.queues
        for each row when (old.armed and not new.armed) execute function rivulet.post_webhook();
    return true;
end $$;

do $$
begin
    if exists (select from pg_available_extensions where name = 'pg_net' and installed_version is null) then
        create extension pg_net with schema extensions;
    end if;
exception when others then
    raise notice 'The extension pg_net could not be enabled: %', sqlerrm;
end $$;

do $$
begin
    if not rivulet.install_webhook() then
        raise notice 'There is no pg_net here: functions are rung by a scheduler alone. '
            'With pg_net enabled later, set_webhook_v1 does the rest.';
    end if;
end $$;

-- p_url: where `drain` is, null for no webhook. p_secret: whsec_ and 24 to 64 random bytes in base64.
create function public.set_webhook_v1(p_url text, p_secret text default null) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
begin
    if p_url is null then
        delete from rivulet.webhook;
        return '{"status": "off"}';
    end if;
    if p_secret !~ '^whsec_[A-Za-z0-9+/]+={0,2}$' or p_secret is null then
        raise exception 'The secret must be whsec_ and 24 to 64 random bytes in base64.'
            using hint = 'Make one: echo whsec_$(openssl rand -base64 32)', errcode = '22023';
    end if;
    if not rivulet.install_webhook() then
        raise exception 'This database has no pg_net to send webhooks with.'
            using hint = 'Enable Database Webhooks in the Supabase dashboard, or let a scheduler call drain.', errcode = '0A000';
    end if;
    insert into rivulet.webhook (url, secret) values (p_url, decode(substr(p_secret, 7), 'base64'))
    on conflict (single) do update set url = excluded.url, secret = excluded.secret, set_at = now();
    update rivulet.queues set armed = true where not armed;  -- whoever was rung for before was rung elsewhere
    perform public.ring_queues_v1();
    return '{"status": "on"}';
end $$;

-- Rings for each of the queues (null: all) that has something to do now, whether its bell was armed or not: a drain that
-- ran out of time hands over, and a schedule makes up for lost bells, delayed jobs and vanished workers:
--   select cron.schedule('rivulet', '1 minute', 'select public.ring_queues_v1()');
-- Returns the number of queues rung for.
create function public.ring_queues_v1(p_queues text[] default null) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_queue text;
    v_rung integer := 0;
begin
    for v_queue in
        select q.name from rivulet.queues q
        where (p_queues is null or q.name = any (p_queues)) and (
            exists (select from rivulet.jobs where queue = q.name and state = 'ready')
            or exists (select from rivulet.jobs where queue = q.name and state = 'delayed' and run_at <= clock_timestamp())
            or exists (select from rivulet.jobs where queue = q.name and state = 'running'
                       and least(lease_until, deadline_at) < clock_timestamp()))
        order by q.name for update skip locked
    loop
        update rivulet.queues set armed = true where name = v_queue and not armed;
        perform rivulet.ring(v_queue);
        v_rung := v_rung + 1;
    end loop;
    return v_rung;
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select oid::regprocedure from pg_proc
             where pronamespace = 'public'::regnamespace and proname in ('receive_event_v1', 'set_webhook_v1', 'ring_queues_v1') loop
        execute format('revoke execute on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    for f in select oid::regprocedure from pg_proc
             where pronamespace = 'rivulet'::regnamespace
             and proname in ('hmac_sha256', 'signed_headers', 'post_webhook', 'install_webhook') loop
        execute format('revoke execute on function %s from public', f);
    end loop;
end $$;

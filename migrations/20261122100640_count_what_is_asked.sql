-- How much one person may ask, where no Redis counts it.
-- Reasons: infra/decisions/0085-questions-are-counted-where-they-are-answered.md.

-- What was asked in the longest window; never more of one person than a limit allows. Unlogged: nobody misses a day's count.
create unlogged table rivulet.asked (
    person_id uuid not null,
    kind text not null,
    asked_id uuid not null,                    -- the answer, which counts once; of a search any id
    at timestamptz not null,
    expires_at timestamptz not null,
    primary key (person_id, kind, asked_id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);
create index asked_expiry on rivulet.asked (expires_at);
alter table rivulet.asked enable row level security;  -- closed twice: no policy opens it
revoke all on rivulet.asked from public, anon, authenticated, service_role;

-- Counts what is asked, once however often it is; without it nothing is counted, only looked. p_seconds and p_most: length and
-- limit of each window. Null, or {window: its number, wait_seconds}, where that one is full: then nothing is counted.
create function public.count_asked_v1(p_kind text, p_person uuid, p_asked uuid, p_seconds integer[], p_most integer[])
returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    v_now timestamptz;
    v_full jsonb;
begin
    perform pg_advisory_xact_lock(hashtextextended('rivulet.asked:' || p_person, 0));
    v_now := clock_timestamp();
    if exists (select from rivulet.asked where person_id = p_person and kind = p_kind and asked_id = p_asked) then
        return null;
    end if;
    select jsonb_build_object('window', w.number, 'wait_seconds', extract(epoch from a.at - v_now) + w.seconds)
    into v_full
    from unnest(p_seconds, p_most) with ordinality as w (seconds, most, number)
    cross join lateral (select at from rivulet.asked where person_id = p_person and kind = p_kind
                        order by at desc offset w.most - 1 limit 1) a
    where a.at > v_now - make_interval(secs => w.seconds)
    order by a.at + make_interval(secs => w.seconds) desc limit 1;
    if v_full is null and p_asked is not null then
        insert into rivulet.asked (person_id, kind, asked_id, at, expires_at)
        select p_person, p_kind, p_asked, v_now, v_now + make_interval(secs => max(s)) from unnest(p_seconds) s;
    end if;
    return v_full;
end $$;

-- For the sweep.
create function rivulet.forget_asked() returns void
language sql volatile set search_path = '' as
$$ delete from rivulet.asked where expires_at < clock_timestamp() $$;

revoke execute on function rivulet.forget_asked() from public;
revoke execute on function public.count_asked_v1(text, uuid, uuid, integer[], integer[]) from public, anon, authenticated;
grant execute on function public.count_asked_v1(text, uuid, uuid, integer[], integer[]) to service_role;

-- An append-only log of what happens to jobs, written in the transactions that do it.
create schema chaos;
create table chaos.events (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    job bigint not null,
    queue text not null,
    tenant uuid not null,
    subject uuid not null,
    group_key text,
    fence bigint,
    worker text,
    before text,  -- null: it did not exist
    after text    -- a state or an outcome; null: it left the table, and its outcome follows
);

create function chaos.note_job() returns trigger language plpgsql security definer as $$
declare
    j rivulet.jobs := coalesce(new, old);
begin
    insert into chaos.events (job, queue, tenant, subject, group_key, fence, worker, before, after)
    values (j.id, j.queue, j.tenant_id, j.subject_id, j.group_key, j.fence, j.worker_id, old.state, new.state);
    return null;
end $$;
create trigger chaos_insert after insert or delete on rivulet.jobs for each row execute function chaos.note_job();
create trigger chaos_update after update of state on rivulet.jobs
    for each row when (old.state <> new.state) execute function chaos.note_job();

create function chaos.note_end() returns trigger language plpgsql security definer as $$
begin
    insert into chaos.events (job, queue, tenant, subject, group_key, fence, worker, before, after)
    values (new.id, new.queue, new.tenant_id, new.subject_id, new.group_key, new.fence, new.worker_id, null, new.outcome);
    return null;
end $$;
create trigger chaos_end after insert on rivulet.job_history for each row execute function chaos.note_end();

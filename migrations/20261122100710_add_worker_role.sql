-- Who listeners and functions are: a role that may do the work and nothing besides. The service role bypasses every policy
-- and opens Auth's administration; a worker needs neither. It comes in with a token that names it: `rivulet worker-token`.

-- A role belongs to the whole server, so it may be there from another database.
do $$ begin
    if not exists (select from pg_roles where rolname = 'rivulet_worker') then
        create role rivulet_worker nologin inherit;
    end if;
end $$;
grant rivulet_worker to authenticator, postgres;
-- Schemas and tables of Storage and Realtime are opened to everybody, and guarded by policies. Hosted Supabase lets nobody open
-- them to another role, but that may be one of everybody: https://supabase.com/docs/guides/storage/schema/custom-roles
grant anon to rivulet_worker;

do $$
declare
    f regproc;
begin
    foreach f in array array[
        -- the queue
        'public.claim_jobs_v1', 'public.heartbeat_jobs_v1', 'public.complete_jobs_v1', 'public.release_jobs_v1',
        'public.fail_job_v1', 'public.sweep_jobs_v1', 'public.report_worker_v1', 'public.engine_status_v1',
        'public.queue_depth_v1', 'public.receive_event_v1', 'public.ring_queues_v1',
        -- documents
        'public.start_parse_v1', 'public.append_chunks_v1', 'public.complete_parse_v1', 'public.record_fetch_v1',
        'public.start_embed_v1', 'public.complete_embed_v1', 'public.start_purge_v1', 'public.report_late_writes_v1',
        'public.complete_backfill_v1',
        -- answers
        'public.start_respond_v1', 'public.save_draft_v1', 'public.complete_respond_v1', 'public.search_scope_v1',
        'public.lexical_search_v1', 'public.visible_chunks_v1', 'public.count_asked_v1',
        -- moves
        'public.start_move_v1', 'public.complete_build_v1', 'public.complete_check_v1', 'public.complete_mend_v1',
        'public.audit_vectors_v1', 'public.audit_passages_v1', 'public.mend_passages_v1']::regproc[] loop
        execute format('grant execute on function %s to rivulet_worker', f);
    end loop;
end $$;

-- Files are read to be parsed, and removed when no document has them any more.
create function rivulet.is_forgotten(p_bucket text, p_name text) returns boolean
language sql stable security definer set search_path = '' as $$
    select not exists (select from public.documents where bucket = p_bucket and object_name = p_name)
$$;
revoke execute on function rivulet.is_forgotten(text, text) from public;
grant execute on function rivulet.is_forgotten(text, text) to rivulet_worker;
create policy "workers read files" on storage.objects for select to rivulet_worker using (bucket_id = 'documents');
create policy "workers remove forgotten files" on storage.objects for delete to rivulet_worker
    using (bucket_id = 'documents' and rivulet.is_forgotten(bucket_id, name));

-- A doorbell hears itself, which is how it knows that it hears; answers are sent as they grow.
create policy "workers hear the bells" on realtime.messages for select to rivulet_worker
    using (extension = 'broadcast' and realtime.topic() like 'wake:%');
create policy "workers ring and send answers" on realtime.messages for insert to rivulet_worker
    with check (extension = 'broadcast' and (realtime.topic() like 'wake:%' or realtime.topic() like 'conversation:%'));

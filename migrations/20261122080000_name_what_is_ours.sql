-- Rivulet shares `public` with whatever else is in the project, and touches nothing there that these lists do not name. They
-- are written by hand because what was made by whom, the catalog does not tell; a test compares them with a new project.

-- The private schema: it is never listed among the schemas that the Data API exposes.
create schema rivulet;

create function rivulet.own_tables() returns text[]
language sql immutable set search_path = '' as $$
    select array['libraries', 'library_members', 'documents', 'chunks', 'conversations', 'messages', 'citations', 'feedback',
                 'deletions', 'watches', 'provenance', 'invitations']
$$;

create function rivulet.own_functions() returns text[]
language sql immutable set search_path = '' as $$
    select array[
        -- the queue
        'claim_jobs_v1', 'heartbeat_jobs_v1', 'complete_jobs_v1', 'fail_job_v1', 'release_jobs_v1', 'cancel_job_v1',
        'sweep_jobs_v1', 'report_worker_v1', 'queue_depth_v1', 'engine_status_v1', 'list_jobs_v1', 'show_job_v1', 'list_dead_v1',
        'redrive_jobs_v1', 'drop_history_v1', 'receive_event_v1', 'set_webhook_v1', 'ring_queues_v1',
        -- documents
        'retry_document', 'provide_password', 'refetch_document', 'start_parse_v1', 'append_chunks_v1', 'complete_parse_v1',
        'record_fetch_v1', 'start_embed_v1', 'complete_embed_v1', 'start_purge_v1', 'report_late_writes_v1',
        -- watches
        'stop_watching', 'watch_v1', 'unwatch_v1', 'complete_backfill_v1',
        -- answers
        'search_passages', 'follow_ups', 'regenerate_answer', 'edit_question', 'start_respond_v1', 'save_draft_v1',
        'complete_respond_v1', 'search_scope_v1', 'lexical_search_v1', 'visible_chunks_v1', 'count_asked_v1', 'explain_answer_v1',
        -- moves and audits
        'reindex_v1', 'move_library_v1', 'list_moves_v1', 'stop_moves_v1', 'resume_moves_v1', 'abandon_moves_v1', 'start_move_v1',
        'complete_build_v1', 'complete_check_v1', 'complete_mend_v1', 'audit_vectors_v1', 'audit_passages_v1', 'audit_places_v1',
        'mend_passages_v1', 'jobs_left_v1',
        -- libraries
        'share_library', 'library_people', 'my_invitations', 'accept_invitation', 'library_usage', 'set_quota_v1',
        'clear_quota_v1', 'set_owner_quota_v1', 'clear_owner_quota_v1',
        -- operations
        'is_operator', 'set_operator_v1', 'ops_overview', 'ops_series', 'ops_redrive', 'ops_cancel', 'ops_trace',
        'inspect_project_v1']
$$;

-- Those on tables of Supabase, which have policies of others, too.
create function rivulet.own_policies() returns text[]
language sql immutable set search_path = '' as $$
    select array['members read files', 'editors upload files', 'editors replace files', 'editors delete files',
                 'workers read files', 'workers remove forgotten files', 'hear own libraries and conversations',
                 'workers hear the bells', 'workers ring and send answers']
$$;

-- Before anything is made: a name that is taken would stop some later migration in the middle, and a bucket of others would
-- from then on take in nothing but what belongs to a library.
do $$
declare
    v_taken text;
begin
    select string_agg(name, ', ' order by name) into v_taken from (
        select format('public.%I', relname) from pg_class
        where relnamespace = 'public'::regnamespace and relname = any (rivulet.own_tables())
        union
        select format('public.%I', typname) from pg_type  -- a table is a type, too
        where typnamespace = 'public'::regnamespace and typname = any (array_append(rivulet.own_tables(), 'library_role'))
        union
        select format('public.%I(%s)', proname, pg_get_function_identity_arguments(oid)) from pg_proc
        where pronamespace = 'public'::regnamespace and proname = any (rivulet.own_functions())
        union
        select format('policy %I on %I.%I', policyname, schemaname, tablename) from pg_policies
        where (schemaname, tablename) in (('storage', 'objects'), ('realtime', 'messages'))
          and policyname = any (rivulet.own_policies())
        union
        select 'bucket documents' from storage.buckets where id = 'documents'
    ) t (name);
    if v_taken is not null then
        raise exception 'Rivulet needs names that are taken in this project: %. Nothing was made.', v_taken
            using errcode = 'duplicate_object',
                  hint = 'Rename what has them, remove it, or move it to another schema (alter table … set schema …), then run '
                         'the migrations again; or give Rivulet a project of its own.';
    end if;
end $$;

-- Nor can a publication of all tables be narrowed, and with it everybody would hear the keys of rows that name people:
-- infra/decisions/0004-chunks-are-not-published.md.
do $$
begin
    if exists (select from pg_publication where pubname = 'supabase_realtime' and puballtables) then
        raise exception 'The publication supabase_realtime is for all tables; Rivulet may publish some of its own alone. Nothing was made.'
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'Make it anew for the tables that you subscribe to: drop publication supabase_realtime; '
                         'create publication supabase_realtime for table …; then run the migrations again.';
    end if;
end $$;

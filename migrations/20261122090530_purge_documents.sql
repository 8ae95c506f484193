-- What was deleted leaves the vector index and Storage, with a receipt.

-- Invisible at once (the rows are gone); gone from Chroma soon after. Its unfinished jobs find nothing and end by themselves.
create function rivulet.purge_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.enqueue('purge', coalesce(rivulet.tenant_of_library(old.library_id), old.library_id), old.id,
        jsonb_build_object('document_id', old.id, 'bucket', old.bucket, 'object_name', old.object_name, 'collection',
                           (select collection from rivulet.placements where library_id = old.library_id)), old.trace_id);
    return null;
end $$;
create trigger documents_purge after delete on public.documents
    for each row execute function rivulet.purge_document();

-- remove_object: the row was deleted but its file is still there and no other document has taken the name since.
create function public.start_purge_v1(p_job bigint, p_fence bigint) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.holds(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    return jsonb_build_object('status', 'ok', 'remove_object',
        exists (select from storage.objects where bucket_id = j.payload ->> 'bucket' and name = j.payload ->> 'object_name')
        and not exists (select from public.documents
                        where bucket = j.payload ->> 'bucket' and object_name = j.payload ->> 'object_name'));
end $$;

-- p_receipt: what was removed and what a look afterwards found, kept in the job's history.
create function public.complete_purge_v1(p_job bigint, p_fence bigint, p_receipt jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '5s' as $$
declare
    j rivulet.jobs := rivulet.take(p_job, p_fence);
begin
    if j.id is null then return rivulet.stale(p_job, p_fence); end if;
    perform rivulet.finish(j, 'done', p_receipt);
    return '{"status": "done"}';
end $$;

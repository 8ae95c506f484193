-- What was deleted leaves the vector index and Storage, with a receipt.

-- p_before: only the vectors of versions before this one; null: all, and the file.
create function rivulet.enqueue_purge(d public.documents, p_before integer default null) returns void
language sql volatile set search_path = '' as $$
    select rivulet.enqueue('purge', coalesce(rivulet.tenant_of_library(d.library_id), d.library_id), d.id,
        jsonb_build_object('document_id', d.id, 'collection',
                           (select collection from rivulet.placements where library_id = d.library_id))
        || case when p_before is null then jsonb_build_object('bucket', d.bucket, 'object_name', d.object_name)
                else jsonb_build_object('before_version', p_before) end, d.trace_id)
$$;

-- Invisible at once (the rows are gone); gone from Chroma soon after. Its unfinished jobs find nothing and end by themselves.
create function rivulet.purge_document() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform rivulet.enqueue_purge(old);
    return null;
end $$;
create trigger documents_purge after delete on public.documents
    for each row execute function rivulet.purge_document();

-- An embed job that had nothing left to do may have written vectors before it knew, and the purge may have been before that.
create function rivulet.purge_late(j rivulet.jobs) returns void
language plpgsql volatile set search_path = '' as $$
declare
    d public.documents;
begin
    select * into d from public.documents where id = j.subject_id;
    if found and d.active_version > (j.payload ->> 'version')::integer then
        perform rivulet.enqueue_purge(d, d.active_version);
    elsif not found then
        d.id := j.subject_id;
        d.library_id := (j.payload ->> 'library_id')::uuid;
        d.trace_id := j.trace_id;
        perform rivulet.enqueue_purge(d);
    end if;
end $$;

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

/** What the operations functions answer with; see migrations/…_watch_operations.sql and …_add_job_operations.sql. */

export interface Queue {
  ready: number;
  delayed: number;
  waiting: number;
  running: number;
  oldest_ready_seconds: number;
  done_last_minute: number;
  dead: number;
}

export interface Worker {
  worker_id: string;
  queues: string[];
  concurrency: number;
  running: number;
  hears: boolean;
  seen_seconds_ago: number;
}

export interface LiveJob {
  id: number;
  queue: string;
  state: "waiting" | "delayed" | "ready" | "running";
  subject_id: string;
  attempt: number;
  worker_id: string | null;
  last_error: string | null;
  age_seconds: number;
  trace_id: string;
}

export interface DeadJob {
  id: number;
  queue: string;
  subject_id: string;
  attempt: number;
  error_code: string | null;
  error_message: string | null;
  finished_at: string;
  trace_id: string;
}

export interface StuckDocument {
  id: string;
  title: string;
  status: "queued" | "parsing" | "embedding" | "failed";
  error_message: string | null;
  trace_id: string;
  age_seconds: number;
}

export interface Overview {
  at: string;
  queues: Record<string, Queue>;
  workers: Worker[];
  live: LiveJob[];
  dead: DeadJob[];
  documents: StuckDocument[];
}

export interface JobsOfMinute {
  minute: string;
  queue: string;
  done: number;
  dead: number;
}

export interface AnswersOfMinute {
  minute: string;
  answers: number;
  median: number;
  slow: number;
}

export interface Series {
  jobs: JobsOfMinute[];
  answers: AnswersOfMinute[];
}

export interface TracedJob {
  id: number;
  queue: string;
  state: string;
  attempt: number;
  crash_count: number;
  worker_id: string | null;
  error: string | null;
  created_at: string;
  claimed_at: string | null;
  finished_at: string | null;
}

export interface Trace {
  documents: {
    id: string;
    title: string;
    status: string;
    version: number;
    pages: number | null;
    chunks: number | null;
    error_message: string | null;
    trace_id: string;
    created_at: string;
    ready_at: string | null;
  }[];
  messages: {
    id: string;
    role: "user" | "assistant";
    status: string;
    model: string | null;
    timings: Record<string, number> | null;
    error_message: string | null;
    trace_id: string;
    created_at: string;
    updated_at: string;
  }[];
  jobs: TracedJob[];
  deletions: { document_id: string; cause: string; requested_at: string; completed_at: string | null }[];
}

/** Queues in the order in which work passes through them. */
export const QUEUE_ORDER = ["parse", "embed", "respond", "purge", "move", "backfill"];

"""The metrics of a process, for Prometheus. What each means, and when to worry: docs/operators/watch.md.

Those of the doorbell stand in `listeners.doorbell`: functions have none, and must not seem deaf.
Labels have few values: names of queues, models, functions of the database; never of people or documents.
"""

from prometheus_client import Counter, Gauge, Histogram

_SHORT = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_LONG = (0.01, 0.05, 0.1, 0.3, 0.6, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

# Jobs.
JOB_WAIT = Histogram("rivulet_job_wait_seconds", "From the event to the claim of its job.", ["queue"], buckets=_LONG)
JOB_RUN = Histogram(
    "rivulet_job_run_seconds", "From the claim to the recorded end.", ["queue", "outcome"], buckets=_LONG
)
JOB_FAILURES = Counter("rivulet_job_failures", "Failures of jobs, those that are tried again too.", ["queue", "code"])
LEASES_LOST = Counter("rivulet_leases_lost", "Jobs that another worker may have got while we ran them.", ["queue"])
BEATS_UNANSWERED = Counter("rivulet_heartbeats_unanswered", "Heartbeats that the database did not answer.")
RUNNING = Gauge("rivulet_jobs_running", "Jobs that this process runs now.", ["queue"])

# Answers.
FIRST_TOKEN = Histogram("rivulet_answer_first_token_seconds", "From a question to the first words.", buckets=_LONG)
ANSWER = Histogram("rivulet_answer_seconds", "From a question to its whole answer.", buckets=_LONG)
ANSWERS = Counter("rivulet_answers", "Answers, by how they ended.", ["finish_reason", "supported"])
REMOVED = Counter("rivulet_answer_removals", "Markers and links that a model made up, left out of answers.", ["what"])
RETRIEVAL = Histogram("rivulet_retrieval_seconds", "Steps of a search.", ["step"], buckets=_SHORT)

# What is outside.
CALL = Histogram(
    "rivulet_call_seconds", "Calls of services.", ["service", "operation", "result"], buckets=(*_SHORT, 120.0)
)
MODEL_FIRST = Histogram("rivulet_model_first_token_seconds", "From asking a chat model to its first words.", ["model"])
MODEL_TOKENS = Counter(
    "rivulet_model_tokens", "Tokens; those of embedding as we estimate them.", ["model", "kind"]
)  # kind: prompt, completion, embedding
MODEL_COST = Counter("rivulet_model_cost_usd", "Dollars for answers, of models whose price is known.", ["model"])
CACHE = Counter("rivulet_cache_lookups", "Lookups in Redis.", ["cache", "result"])  # result: hit, miss
REDIS_DOWN = Counter("rivulet_redis_failures", "Times that Redis did not answer and was left alone for a while.")

# The queue as the database sees it, the same whichever process is asked.
QUEUE_JOBS = Gauge("rivulet_queue_jobs", "Live jobs.", ["queue", "state"])  # state: ready, delayed, waiting, running
QUEUE_AGE = Gauge("rivulet_queue_oldest_ready_seconds", "Age of the oldest job that nobody has claimed.", ["queue"])
QUEUE_DEAD = Gauge("rivulet_queue_dead_jobs", "Jobs in the history that failed for good.", ["queue"])
WORKERS = Gauge("rivulet_queue_workers", "Listeners seen in the last minute.", ["queue"])
ENGINE_SEEN = Gauge("rivulet_engine_visible", "1 if the database told about its queues when it was last asked.")

"""What the database told about a project (`inspect_project_v1`), judged."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.cli.console import counted
from infra.cli.doctor.finding import Finding, ok, poor, wrong

PUSH = "supabase link && supabase db push"
# Each kind of object, and what is at stake when it is not as the migrations left it.
STAKES: Mapping[str, str] = {
    "row security": "Row level security is off: everybody with the publishable key may read",
    "policy": "A policy is not as it should be",
    "right": "A right is not as it should be",
    "role": "The role of listeners may do more than their work needs",
    "membership": "The role of listeners is not one of those that it should be",
    "trigger": "A trigger is not as it should be: what comes in may not be noticed",
    "function": "A function is not as it should be",
    "publication": "Not in the publication supabase_realtime: Postgres Changes says nothing about it",
    "bucket": "The bucket for documents is not as it should be",
    "index": "An index is not as it should be: it will be slow",
    "constraint": "A constraint is not as it should be",
}
NEEDED = ("parse", "embed", "respond", "purge")
MOST_SKEW_SECONDS = 60.0
OLD_TRANSACTION_SECONDS = 900.0


def judge(told: Mapping[str, Any], versions: Sequence[str], here: float, embedding_model: str) -> Iterator[Finding]:
    """The findings. `versions`: of the migrations at hand; `here`: this machine's time, in seconds since 1970."""
    yield _migrations(told["migrations"], versions)
    yield from _differences(told["differences"])
    yield from _exposed(told["exposed"])
    yield _service_role(told["bypasses"])
    yield _clock(told["now"] - here)
    yield _bells(told["bells"])
    yield _webhook(told["webhook"], told["extensions"])
    yield _schedule(told["schedule"])
    yield _transactions(told["oldest_transaction_seconds"])
    yield _history(told["history_default"])
    yield _models(told["models"], embedding_model)
    yield _quotas(told["full"])
    yield from _engine(told["engine"], told["deaths"])


def _migrations(applied: Sequence[str] | None, versions: Sequence[str]) -> Finding:
    if applied is None:
        return poor("migrations", "There is no record of migrations: they were run by hand.", PUSH)
    missing = [version for version in versions if version not in applied]
    if missing:
        return wrong("migrations", f"{counted(len(missing), 'migration')} missing, the first is {missing[0]}.", PUSH)
    return ok("migrations", f"All {len(applied)} are applied.")


def _differences(found: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    kinds: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for each in found:
        kinds[each["kind"]].append(each)
    for kind, stake in STAKES.items():
        if kind not in kinds:
            yield ok(kind, "As the migrations left it.")
        for each in kinds[kind]:
            yield wrong(kind, f"{stake}: {each['name']} ({each['problem']}).", each["mend"])


def _exposed(tables: Sequence[str]) -> Iterator[Finding]:
    if not tables:
        yield ok("exposed", "Every table that people can reach has row level security.")
    for table in tables:
        yield wrong(
            "exposed",
            f"Everybody with the publishable key may read or change {table}.",
            f"alter table {table} enable row level security",
        )


def _service_role(bypasses: bool | None) -> Finding:
    if not bypasses:
        mend = "alter role service_role with bypassrls"
        return wrong("service role", "service_role does not bypass row level security: nothing can be worked on.", mend)
    return ok("service role", "It bypasses row level security.")


def _clock(skew: float) -> Finding:
    if abs(skew) > MOST_SKEW_SECONDS:
        text = f"This machine's clock is {-skew:+.0f} s off the database's: tokens and signatures will be refused."
        return poor("clock", text, "timedatectl set-ntp true")
    return ok("clock", "This machine and the database agree.")


def _bells(there: bool) -> Finding:
    if not there:
        text = "This Supabase has no realtime.send: answers appear when the row is read, listeners look by timer."
        return wrong("realtime", text, "Update Supabase (realtime 2.34 or later), or enable Realtime in the dashboard.")
    return ok("realtime", "The database can ring and broadcast.")


def _webhook(webhook: Mapping[str, Any] | None, extensions: Mapping[str, str]) -> Finding:
    if webhook is None:
        return ok("webhook", "None is set: listeners do the work, or a scheduler rings.")
    if "pg_net" not in extensions:
        mend = "create extension pg_net with schema extensions"
        return wrong("webhook", f"{webhook['url']} is set, but pg_net is not there to call it.", mend)
    if not webhook["sends"]:
        mend = "select rivulet.install_webhook()"
        return wrong("webhook", f"{webhook['url']} is set, but its trigger is not there.", mend)
    return ok("webhook", f"{webhook['url']} is rung.")


def _schedule(state: str | None) -> Finding:
    if state == "scheduled":
        return ok("schedule", "Old history is dropped daily.")
    if state is None:
        return ok("schedule", "This server has no pg_cron: let something else call drop_history_v1 daily.")
    enable = "create extension pg_cron; " if state == "offered" else ""
    mend = f"{enable}select cron.schedule('rivulet-history', '17 3 * * *', 'select public.drop_history_v1(30)')"
    return poor("schedule", "Nobody drops old history.", mend)


def _transactions(seconds: float) -> Finding:
    if seconds > OLD_TRANSACTION_SECONDS:
        text = f"A transaction has been open for {seconds / 60:.0f} minutes: vacuum cannot clear the queue behind it."
        return poor("transactions", text, "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where xact_start < now() - interval '15 minutes'")  # fmt: skip
    return ok("transactions", "None is old.")


def _history(rows: int) -> Finding:
    if rows:
        text = f"{rows} ended jobs lie in the default partition: nobody had swept for days."
        return poor("history", text, "select public.sweep_jobs_v1()")
    return ok("history", "In its daily partitions.")


def _models(models: Sequence[str], wanted: str) -> Finding:
    others = [model for model in models if model != wanted]
    if others:
        text = f"EMBEDDING_MODEL is {wanted}, but there are libraries embedded with {', '.join(others)}."
        return poor("embedding model", text, f"rivulet reindex --model {wanted}")
    return ok("embedding model", f"All libraries are embedded with {wanted}." if models else "Nothing is embedded yet.")


def _quotas(full: Sequence[str]) -> Finding:
    if full:
        libraries = counted(len(full), "library", "libraries")
        text = f"Nine tenths of the quota or more is used in {libraries}, such as {full[0]}."
        return poor("quota", text, f"select public.set_quota_v1('{full[0]}', …)")
    return ok("quota", "No library is near its quota.")


def _engine(engine: Mapping[str, Any], deaths: Mapping[str, int]) -> Iterator[Finding]:
    served = {queue for worker in engine["workers"] for queue in worker["queues"]}
    if missing := [queue for queue in NEEDED if queue not in engine["queues"]]:
        text = f"There are no queues {', '.join(missing)}: rows that belong to the project were removed."
        yield wrong("queues", text, "rivulet restore … --replace")
    for queue in (each for each in NEEDED if each not in missing):
        depth = engine["queues"][queue]
        if depth["ready"] and queue not in served:
            oldest = f"the oldest for {depth['oldest_ready_seconds']:.0f} s"
            text = f"Nobody works on what waits: {counted(depth['ready'], f'{queue} job')}, {oldest}."
            yield wrong("listeners", text, f"python -m listeners {queue}")
        if dead := deaths.get(queue):
            text = f"{counted(dead, f'{queue} job')} failed for good; `rivulet dead list --queue {queue}` says why."
            yield poor("dead jobs", text, f"rivulet dead redrive {queue}")
    deaf = [worker["worker_id"] for worker in engine["workers"] if not worker["hears"]]
    for worker in deaf:
        yield poor("doorbell", f"{worker} does not hear Realtime.", "Look for doorbell_lost in its log.")

"""Projects that are broken on purpose: the doctor names what is wrong, and what it prescribes mends it."""

import ast
import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.cli.doctor.examine import examine
from infra.cli.doctor.finding import Finding, worst
from infra.cli.doctor.project import judge
from infra.local import ports
from infra.worker_token import mint
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import environment
from tests.unit.listeners.test_key_life import legacy_key

CHECKOUT = Path(__file__).parents[2]
MODEL = "rivulet/all-minilm-l6-v2-int8"

# What somebody does to a project, and the check that notices.
BROKEN = [
    ("alter table public.documents disable row level security", "row security"),
    ("drop policy \"members read documents\" on public.documents", "policy"),
    ("create policy open on public.messages for select to authenticated using (true)", "policy"),
    ("alter policy \"read own messages\" on public.messages using (true)", "policy"),
    ("drop policy \"editors upload files\" on storage.objects", "policy"),
    ("grant select on public.chunks to anon", "right"),
    ("grant insert (status) on public.documents to authenticated", "right"),
    ("grant execute on function public.claim_jobs_v1(text, text, integer, uuid, integer) to anon", "right"),
    ("revoke select on public.citations from authenticated", "right"),
    ("grant select on public.messages to rivulet_worker", "right"),
    ("grant execute on function public.redrive_jobs_v1(text, uuid, integer) to rivulet_worker", "right"),
    ("revoke execute on function public.release_jobs_v1(jsonb) from rivulet_worker", "right"),
    ("drop policy \"workers read files\" on storage.objects", "policy"),
    ("alter role rivulet_worker bypassrls", "role"),
    ("grant service_role to rivulet_worker", "membership"),
    ("grant rivulet_worker to authenticated", "membership"),
    ("revoke rivulet_worker from authenticator", "membership"),
    ("drop trigger rivulet_receive_object on storage.objects", "trigger"),
    ("drop trigger documents_parse_new on public.documents", "trigger"),
    ("alter table public.messages disable trigger user", "trigger"),
    ("drop index rivulet.jobs_ready", "index"),
    ("alter table public.documents drop constraint document_title_length", "constraint"),
    ("create or replace function rivulet.libraries_of(p_user uuid, p_least public.library_role default 'viewer') "
     "returns setof uuid language sql stable security definer set search_path = '' rows 10 as "
     "$$ select id from public.libraries $$", "function"),
    ("alter publication supabase_realtime drop table public.documents", "publication"),
    ("update storage.buckets set public = true where id = 'documents'", "bucket"),
]  # fmt: skip


def examined(engine: Engine) -> Sequence[Finding]:
    """What the database's own account shows."""
    told = engine.one("select public.inspect_project_v1()")
    return list(judge(told, told["migrations"], time.time(), MODEL))


def errors(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.level == "error"]


def test_a_new_project_is_well(engine: Engine) -> None:
    assert errors(examined(engine)) == []


@pytest.mark.parametrize(("harm", "check"), BROKEN, ids=[f"{check}: {harm[:50]}" for harm, check in BROKEN])
def test_what_is_broken_is_named_and_mended(engine: Engine, harm: str, check: str) -> None:
    engine.all(harm)

    found = errors(examined(engine))
    assert check in {each.check for each in found}
    for each in found:
        assert each.mend
        engine.all(each.mend.replace("%", "%%"))
    assert errors(examined(engine)) == []


def test_a_table_of_somebody_elses_without_row_security_is_named(engine: Engine) -> None:
    engine.all("create table public.salaries (name text)")

    [found] = errors(examined(engine))

    assert (found.check, found.mend) == ("exposed", "alter table public.salaries enable row level security")


def test_a_missing_migration_is_named(engine: Engine) -> None:
    told = engine.one("select public.inspect_project_v1()")

    [found] = errors(list(judge(told, [*told["migrations"], "20990101000000"], time.time(), MODEL)))

    assert found.check == "migrations"
    assert "20990101000000" in found.text


def test_deaths_that_are_nobodys_to_mend_are_no_dead_jobs(engine: Engine) -> None:
    user = engine.person()
    engine.document(user)
    engine.act("fail_job_v1", engine.claim_one("parse"), "permanent", "encrypted", "It has a password.", 0)
    assert engine.one("select public.inspect_project_v1()")["deaths"] == {}

    document = engine.document(user)
    engine.fail(engine.claim_one("parse"), "permanent")
    engine.ask(engine.conversation(user))
    engine.fail(engine.claim_one("respond"), "permanent")
    assert engine.one("select public.inspect_project_v1()")["deaths"] == {"parse": 1, "respond": 1}

    engine.all("delete from public.documents where id = %s", document)
    engine.fail(engine.claim_one("purge"), "permanent")
    assert engine.one("select public.inspect_project_v1()")["deaths"] == {"respond": 1, "purge": 1}


def test_each_reason_to_fail_for_good_is_known_to_be_an_operators_affair_or_not(engine: Engine) -> None:
    theirs = {code for code in codes_of_failures() if engine.one("select rivulet.is_theirs(%s)", code)}

    assert codes_of_failures() - theirs == {"model_refused", "model_refused_key", "no_source", "rejected"}


def codes_of_failures() -> set[str]:
    """Those that the handlers and what they call raise."""
    calls = (
        node
        for file in (CHECKOUT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "PermanentError"
    )
    return {str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant)}


def test_what_is_only_poor_is_no_error(engine: Engine) -> None:
    user = engine.person()
    engine.all("update rivulet.placements set model = 'other/model'")
    engine.all("insert into rivulet.quotas (library_id, documents) values (%s, 1)", engine.library(user))
    engine.document(user)
    engine.fail(engine.claim_one("parse"), "permanent")
    told = engine.one("select public.inspect_project_v1()")

    found = list(judge(told, told["migrations"], time.time() + 3600, MODEL))

    warned = {each.check: each for each in found if each.level == "warning"}
    assert {"clock", "embedding model", "quota", "dead jobs"} <= warned.keys()
    assert warned["embedding model"].mend == f"rivulet reindex --model {MODEL}"
    assert warned["dead jobs"].mend == "rivulet dead redrive parse"
    assert worst(found) == "warning"


def test_old_history_is_dropped_where_pg_cron_has_been_told_to(engine: Engine) -> None:
    def schedule() -> Finding:
        [found] = [each for each in examined(engine) if each.check == "schedule"]
        return found

    assert (schedule().level, "no pg_cron" in schedule().text) == ("ok", True)
    engine.all("create schema cron")
    engine.all("create table cron.job (command text)")  # as the extension, which this server lacks, would make it
    assert (schedule().level, schedule().text) == ("warning", "Nobody drops old history.")
    engine.all("insert into cron.job values ('select public.drop_history_v1(30)')")
    assert (schedule().level, schedule().text) == ("ok", "Old history is dropped daily.")


def test_jobs_that_nobody_serves_are_an_error(engine: Engine) -> None:
    engine.document(engine.person())

    [found] = errors(examined(engine))

    assert (found.check, found.mend) == ("listeners", "python -m listeners parse")


@pytest.fixture
def settings(gateway: Gateway, chroma: str, redis_server: str, model_server: str) -> dict[str, str]:
    return {**environment(gateway.database, gateway.url, chroma, model_server), "REDIS_URL": redis_server}


def test_a_project_without_its_queues_is_named(engine: Engine) -> None:
    """As an interrupted restore by hand may leave it."""
    engine.all("set session_replication_role = replica; delete from rivulet.queues")

    [found] = errors(examined(engine))

    assert found.check == "queues"
    assert "parse, embed, respond, purge" in found.text


@pytest.mark.anyio
async def test_everything_around_a_well_project_is_well(settings: dict[str, str]) -> None:
    found = await examine(settings)

    assert [each for each in found if each.level == "error"] == []
    assert {"auth", "storage", "publishable key", "realtime channels", "redis", "chroma", "models"} <= {
        each.check for each in found if each.level == "ok"
    }


NOWHERE = f"http://{ports.HOST}:1"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changed", "check", "says"),
    [
        ({"SUPABASE_URL": ""}, "settings", "SUPABASE_URL"),
        ({"SUPABASE_URL": NOWHERE}, "database", "does not answer"),
        ({"SUPABASE_SECRET_KEY": "sb_secret_wrong"}, "database", "is refused"),
        ({"SUPABASE_SECRET_KEY": legacy_key(exp=1)}, "settings", "has ended|ended on"),
        ({"SUPABASE_WORKER_TOKEN": mint("another secret of 32 characters or more", 90)}, "worker token", "is refused"),
        (
            {"SUPABASE_WORKER_TOKEN": mint("another secret of 32 characters or more", -1)},
            "settings",
            "SUPABASE_WORKER_TOKEN ended on",
        ),
        ({"SUPABASE_PUBLISHABLE_KEY": "sb_publishable_wrong"}, "publishable key", "is refused"),
        ({"CHROMA_URL": NOWHERE}, "chroma", "does not answer"),
        ({"TOGETHER_BASE_URL": NOWHERE}, "models", "does not answer"),
        ({"CHAT_MODEL": "nobody/knows-1"}, "models", "does not offer"),
    ],
)
async def test_a_broken_service_is_named(
    settings: dict[str, str], changed: dict[str, str], check: str, says: str
) -> None:
    found = errors(await examine({**settings, **changed}))

    assert [each.check for each in found] == [check]
    assert any(word in found[0].text for word in says.split("|"))
    assert found[0].mend
    assert "sb_secret" not in json.dumps([str(each) for each in found])


@pytest.mark.anyio
async def test_a_workers_token_is_tried_and_its_end_foreseen(settings: dict[str, str], gateway: Gateway) -> None:
    for days, level, says in ((365, "ok", "accepted"), (20.5, "warning", "ends in 20 days")):
        token = mint(gateway.database.jwt_secret, days)
        found = await examine({**settings, "SUPABASE_WORKER_TOKEN": token})

        assert errors(found) == []
        [told] = [each for each in found if each.check == "worker token"]
        assert (told.level, says in told.text) == (level, True)


@pytest.mark.anyio
async def test_redis_down_is_a_warning(settings: dict[str, str]) -> None:
    found = await examine({**settings, "REDIS_URL": f"redis://{ports.HOST}:1"})

    assert errors(found) == []
    assert [each.check for each in found if each.check == "redis" and each.level == "warning"] == ["redis"]


@pytest.mark.anyio
async def test_keys_that_were_confused_are_noticed(settings: dict[str, str], gateway: Gateway) -> None:
    swapped = await examine({**settings, "SUPABASE_PUBLISHABLE_KEY": gateway.database.secret_key})
    assert [each.check for each in errors(swapped)][:1] == ["publishable key"]

    swapped = await examine({**settings, "SUPABASE_SECRET_KEY": gateway.database.publishable_key})
    assert [each.text for each in errors(swapped)] == [
        "SUPABASE_SECRET_KEY is accepted, but it is not a secret key: it may not do the work."
    ]


@pytest.mark.anyio
async def test_a_policy_that_lets_strangers_into_channels_is_noticed(settings: dict[str, str], engine: Engine) -> None:
    engine.all("create policy everybody on realtime.messages for select to anon using (true)")

    assert [each.check for each in errors(await examine(settings))] == ["realtime channels"]

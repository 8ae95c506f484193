"""The Database Webhook: when it is sent, its signature, that it never hurts a writer, and that functions hear it."""

import hmac
import json
import os
import time

import psycopg
import pytest

from functions.serve.signature import key_of, sign, verify
from tests import databases
from tests.integration.engine import Engine
from tests.integration.serverless import KEY, SECRET, Functions, Served
from tests.slow_model import SlowModel
from tests.waiting import eventually

URL = "https://functions.example.com/drain"


@pytest.fixture
def webhook(engine: Engine) -> Engine:
    """A project with a webhook, which is sent only where a gateway runs."""
    assert engine.one("select public.set_webhook_v1(%s, %s)", URL, SECRET) == {"status": "on"}
    return engine


def sent(engine: Engine) -> list[tuple[str, dict[str, str], bytes]]:
    requests: list[tuple[str, dict[str, str], bytes]] = engine.all(
        "select url, headers, body from net.http_request_queue order by id"
    )
    return requests


def queues(engine: Engine) -> list[str]:
    """The queues that it rang for."""
    return [queue for _, _, body in sent(engine) for queue in json.loads(body)["queues"]]


@pytest.mark.parametrize("length", [24, 32, 64, 65, 200])
def test_signatures_are_hmac_sha256(engine: Engine, length: int) -> None:
    key, message = os.urandom(length), os.urandom(100)
    assert engine.one("select rivulet.hmac_sha256(%s, %s)", key, message) == hmac.digest(key, message, "sha256")


def test_a_doorbell_is_signed_and_carries_no_data(webhook: Engine) -> None:
    webhook.document(webhook.person(), content="secret words")

    [(url, headers, body)] = sent(webhook)
    assert url == URL
    assert verify(headers, body, KEY, time.time()).startswith("msg_")
    assert json.loads(body) == {"queues": ["parse"]}
    assert headers["webhook-signature"] == sign(
        key_of(SECRET), headers["webhook-id"], headers["webhook-timestamp"], body
    )


def test_it_rings_once_until_somebody_has_looked_in_vain(webhook: Engine) -> None:
    user = webhook.person()
    for _ in range(3):
        webhook.document(user)
    assert queues(webhook) == ["parse"]

    while webhook.claim("parse"):
        pass
    webhook.document(user)

    assert queues(webhook) == ["parse", "parse"]
    assert len({headers["webhook-id"] for _, headers, _ in sent(webhook)}) == 2


def test_a_new_address_hears_of_what_waits_and_of_what_comes(engine: Engine) -> None:
    """Also where the address before it was rung last, and never looked."""
    user = engine.person()
    engine.ask(engine.conversation(user))
    engine.complete(engine.claim_one("respond"))
    engine.document(user)
    assert engine.one("select public.set_webhook_v1(%s, %s)", URL, SECRET) == {"status": "on"}
    assert queues(engine) == ["parse"]
    engine.ask(engine.conversation(user))
    assert queues(engine) == ["parse", "respond"]


def test_it_rings_at_the_commit_or_not_at_all(webhook: Engine) -> None:
    user = webhook.person()
    with psycopg.connect(webhook.dsn) as other:
        other.execute(
            "insert into public.documents (library_id, owner_id, title, content) values (%s, %s, 'x', 'x')",
            [webhook.library(user), user],
        )
        other.rollback()
    assert sent(webhook) == []


def test_a_webhook_that_fails_does_not_fail_the_writer(webhook: Engine, database: databases.Database) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("drop table net.http_request_queue")

    webhook.document(webhook.person())

    assert webhook.one("select count(*) from rivulet.jobs") == 1
    assert webhook.one("select armed from rivulet.queues where name = 'parse'") is False


def test_it_is_switched_off_and_changed(webhook: Engine) -> None:
    assert webhook.one("select public.set_webhook_v1(%s, %s)", URL + "2", SECRET) == {"status": "on"}
    webhook.document(webhook.person())
    assert [url for url, _, _ in sent(webhook)] == [URL + "2"]

    assert webhook.one("select public.set_webhook_v1(null)") == {"status": "off"}
    webhook.ask(webhook.conversation(webhook.person()))
    assert queues(webhook) == ["parse"]


@pytest.mark.parametrize(
    ("url", "secret", "reason"),
    [
        ("ftp://example.com", SECRET, "webhook_url_check"),
        (URL, None, "whsec_"),
        (URL, "short", "whsec_"),
        (URL, "whsec_c2hvcnQ=", "webhook_secret_check"),
    ],
)
def test_a_wrong_webhook_is_refused(webhook: Engine, url: str, secret: str | None, reason: str) -> None:
    with pytest.raises(psycopg.Error, match=reason):
        webhook.one("select public.set_webhook_v1(%s, %s)", url, secret)


def test_without_pg_net_setting_it_up_is_refused_with_a_way_out(engine: Engine, database: databases.Database) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("drop schema net cascade")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="no pg_net") as refusal:
        engine.one("select public.set_webhook_v1(%s, %s)", URL, SECRET)
    assert "scheduler" in str(refusal.value.diag.message_hint)
    engine.document(engine.person())  # and nothing else changes


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "statement",
    [
        "select public.set_webhook_v1(null)",
        "select public.ring_queues_v1()",
        "select public.receive_event_v1('a', 'b', gen_random_uuid())",
        "select * from rivulet.webhook",
        "select * from rivulet.inbox",
    ],
)
def test_people_cannot_touch_it(engine: Engine, role: str, statement: str) -> None:
    engine.all(f"set role {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        engine.all(statement)


def test_queues_with_something_to_do_are_rung_for_however_the_bell_stands(webhook: Engine) -> None:
    user = webhook.person()
    webhook.document(user)
    webhook.ask(webhook.conversation(user))
    job = webhook.claim_one("respond")
    before = len(sent(webhook))

    assert webhook.one("select public.ring_queues_v1()") == 1
    assert queues(webhook)[before:] == ["parse"]
    webhook.expire_leases()
    assert webhook.one("select public.ring_queues_v1(array['respond'])") == 1
    webhook.sweep()
    webhook.fail(webhook.claim_one("respond"), retry_after=3600)
    assert webhook.one("select public.ring_queues_v1(array['respond'])") == 0
    webhook.all("update rivulet.jobs set run_at = clock_timestamp() where id = %s", job["id"])
    assert webhook.one("select public.ring_queues_v1(array['respond'])") == 1
    assert queues(webhook)[before:] == ["parse", "respond", "respond"]


def test_an_event_is_received_once_and_its_receipt_may_be_asked_for_again(engine: Engine) -> None:
    def receive(event: str, receipt: str) -> bool:
        first: bool = engine.one("select public.receive_event_v1('webhook', %s, md5(%s)::uuid)", event, receipt)
        return first

    assert [receive("1", "a"), receive("1", "a"), receive("1", "b"), receive("2", "b")] == [True, True, False, True]
    engine.all("update rivulet.inbox set received_at = now() - interval '8 days' where event_id = '1'")
    receive("3", "c")
    assert engine.all("select event_id from rivulet.inbox order by 1") == [("2",), ("3",)]


def test_a_job_reaches_a_function_by_the_webhook_and_its_drain_hands_over(
    webhook: Engine, functions: Functions, slow_model: tuple[SlowModel, str]
) -> None:
    """Much work, little time: one drain follows the other, with no schedule and no listener."""
    slow_model[0].goes_on.set()
    served = functions.serve("drain", RIVULET_DRAIN_SECONDS="2", RIVULET_DRAIN_CONCURRENCY="1")
    user = webhook.person()
    webhook.ask(webhook.conversation(user))
    eventually(lambda: _ring_until_answered(served, webhook), 60)  # it has loaded its handlers now
    webhook.one("select public.set_webhook_v1(%s, %s)", served.url, SECRET)
    webhook.connection.autocommit = False
    for _ in range(120):
        webhook.ask(webhook.conversation(user))
    webhook.connection.commit()
    webhook.connection.autocommit = True
    eventually(lambda: _assert_answered(webhook, 121), 120)
    eventually(lambda: _assert_webhooks(webhook, 2), 10)


def _ring_until_answered(served: Served, engine: Engine) -> None:
    served.ring()
    _assert_answered(engine, 1)


def _assert_answered(engine: Engine, number: int) -> None:
    assert engine.one("select count(*) from public.messages where status = 'complete' and role = 'assistant'") == number


def _assert_webhooks(engine: Engine, least: int) -> None:
    """The webhooks that came after the rings of the test itself."""
    assert engine.one("select count(*) from rivulet.inbox where event_id ~ '^msg_'") >= least

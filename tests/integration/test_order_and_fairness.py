"""Order within a conversation, exact limits per tenant, and fair turns between tenants."""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.engine import ANSWER, Engine


def test_a_conversation_is_answered_in_order_one_at_a_time(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    answers = [engine.ask(conversation, f"Question {n}") for n in range(3)]

    for answer in answers:
        [job] = engine.claim("respond")
        assert job["subject_id"] == str(answer)
        engine.act("start_respond_v1", job)
        assert engine.act("complete_respond_v1", job, ANSWER) == "done"


def test_conversations_of_one_person_run_side_by_side(engine: Engine) -> None:
    user = engine.person()
    for _ in range(3):
        engine.ask(engine.conversation(user))

    assert len(engine.claim("respond")) == 3


def test_a_dead_question_shows_an_error_and_frees_the_next(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    first, second = engine.ask(conversation), engine.ask(conversation)

    assert engine.fail(engine.claim_one("respond"), "permanent") == "dead"

    assert engine.all("select status, error_message from public.messages where id = %s", first) == [
        ("failed", "It broke.")
    ]
    assert engine.claim_one("respond")["subject_id"] == str(second)


def test_a_retrying_question_keeps_its_place(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    first, _ = engine.ask(conversation), engine.ask(conversation)
    engine.fail(engine.claim_one("respond"), retry_after=60)

    assert engine.claim("respond") == []
    engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
    assert engine.claim_one("respond")["subject_id"] == str(first)


def test_a_tenants_limit_is_exact_under_concurrent_claims(engine: Engine) -> None:
    user = engine.person()
    for n in range(40):
        engine.document(user, title=f"Document {n}")

    def claim_much(_: int) -> int:
        other = Engine(engine.dsn)
        taken = sum(len(other.claim("parse", 3)) for _ in range(10))
        other.close()
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(claim_much, range(8)))

    assert taken == 4
    assert engine.running("parse", user) == 4


def test_lanes_get_the_limit_of_their_queue_and_keep_one_of_their_own(engine: Engine) -> None:
    early, late, special = (engine.person() for _ in range(3))
    engine.all(
        "insert into rivulet.lanes (queue, tenant_id, max_running, active) values ('parse', %s, 9, false)", special
    )
    engine.document(early)
    engine.claim("parse")
    engine.all("update rivulet.queues set tenant_limit = 6 where name = 'parse'")

    for user in (early, late, special):
        for n in range(12):
            engine.document(user, title=f"Document {n}")
        while engine.claim("parse"):
            pass

    assert [engine.running("parse", user) for user in (early, late, special)] == [6, 6, 9]


def test_no_job_is_claimed_twice(engine: Engine) -> None:
    for _ in range(30):
        engine.document(engine.person())

    def claim_all(_: int) -> list[int]:
        other = Engine(engine.dsn)
        ids = [job["id"] for _ in range(15) for job in other.claim("parse", 2)]
        other.close()
        return ids

    with ThreadPoolExecutor(6) as pool:
        claimed = [job for ids in pool.map(claim_all, range(6)) for job in ids]
    claimed += [job["id"] for job in engine.claim("parse", 100)]

    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 30


def test_a_newcomer_is_served_at_once_behind_a_crowd(engine: Engine) -> None:
    crowd = engine.person()
    library = engine.library(crowd)
    engine.all(
        "insert into public.documents (library_id, owner_id, title, content)"
        " select %s, %s, 'Document ' || n, 'text ' || n from generate_series(1, 2000) n",
        library,
        crowd,
    )
    for _ in range(5):
        [job] = engine.claim("parse", 1)
        engine.fail(job, "permanent")
    newcomer = engine.person()
    engine.document(newcomer)

    tenants = [job["tenant_id"] for _ in range(2) for job in engine.claim("parse", 1)]

    assert str(newcomer) in tenants


def test_a_tenant_who_slept_does_not_catch_up_at_the_others_cost(engine: Engine) -> None:
    sleeper, busy = engine.person(), engine.person()
    engine.document(sleeper)
    engine.fail(engine.claim_one("parse"), "permanent")
    for n in range(20):
        engine.document(busy, title=str(n))
    for _ in range(10):
        engine.fail(engine.claim_one("parse"), "permanent")
    for n in range(10):
        engine.document(sleeper, title=str(n))

    served = []
    for _ in range(10):
        job = engine.claim_one("parse")
        served.append(job["tenant_id"])
        engine.fail(job, "permanent")

    assert served.count(str(busy)) in (4, 5, 6)


def test_a_claim_spreads_over_the_tenants(engine: Engine) -> None:
    people = [engine.person() for _ in range(4)]
    for user in people:
        for n in range(4):
            engine.document(user, title=str(n))

    assert len({job["tenant_id"] for job in engine.claim("parse", 4)}) == 4


def test_an_uncommitted_batch_of_work_blocks_nobody(engine: Engine) -> None:
    """A long transaction that inserts documents holds no lock that a claim, or another writer, needs."""
    user = engine.person()
    other = Engine(engine.dsn)
    with other.connection.transaction():
        other.document(user)
        other.ask(other.conversation(user))
        engine.all("set lock_timeout = '1s'")
        engine.document(user)
        assert len(engine.claim("parse")) == 1
    assert len(engine.claim("parse")) == 1
    other.close()


def test_a_ready_job_without_a_lane_is_found(engine: Engine) -> None:
    user = engine.person()
    engine.document(user)
    engine.all("delete from rivulet.lanes")

    for _ in range(2):
        engine.claim("parse")
        engine.sweep()

    assert engine.running("parse", user) == 1


def test_embedding_takes_the_priority_of_its_parse_job(engine: Engine) -> None:
    engine.document(engine.person())
    engine.all("update rivulet.jobs set priority = -1")

    engine.parse(["text"])

    assert engine.one("select priority from rivulet.jobs where queue = 'embed'") == -1


def test_a_note_does_not_wait_for_the_end_of_a_book(engine: Engine) -> None:
    user = engine.person()
    book = engine.document(user)
    engine.parse([f"passage {number}" for number in range(1004)])
    note = engine.document(user)
    engine.parse(["a note"])
    engine.all(
        "delete from rivulet.jobs where subject_id = %s and (payload ->> 'first')::integer between 4 and 996", book
    )

    claimed = []
    for _ in range(6):
        claimed.append(engine.claim_one("embed"))
        engine.complete(claimed[-1])

    assert [(job["subject_id"], job["payload"]["first"]) for job in claimed] == [
        *[(str(book), first) for first in (0, 2, 998)], (str(note), 0), *[(str(book), first) for first in (1000, 1002)]
    ]  # fmt: skip

"""Libraries move to another place, by promotion or to another model, while documents come, change and go."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence

import pytest

from functions.handlers import embed
from schema.errors import JobError, PermanentError, RateLimitedError, TransientError
from schema.jobs import Outcome
from schema.ports import TextKind, Vector
from tests.conftest import Gateway
from tests.embedding_server import EmbeddingServer
from tests.integration.desk import BLIND, LARGE, SMALL, Desk, Words
from tests.integration.engine import Engine, Row
from tests.integration.test_mechanisms import change
from tests.serving import application
from tests.waiting import eventually

SUBJECTS = ["weir", "mill", "bridge", "ferry", "harbour", "sluice", "dam", "lock", "canal", "spring"]


@pytest.fixture
def desk(gateway: Gateway, chroma: str, engine: Engine) -> Iterator[Desk]:
    made = Desk(gateway, chroma, engine)
    yield made
    made.close()


def texts(number: int) -> list[str]:
    return [f"The {subject} number {number} was built in {1800 + number} by the town." for subject in SUBJECTS]


def move_of(engine: Engine) -> Row:
    row: Row = engine.one("select to_jsonb(m) from rivulet.moves m order by id desc limit 1")
    return row


def promote(engine: Engine, library: uuid.UUID) -> None:
    engine.one("select public.move_library_v1(%s, true)", library)


def reindex(desk: Desk, model: str) -> Row:
    reply: Row = desk.engine.one("select public.reindex_v1(%s)", model)
    return reply


def test_a_promotion_copies_every_vector_and_leaves_nothing_behind(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    for number in range(3):
        desk.add(user, texts(number))
    other = engine.person()
    desk.add(other, texts(9))
    old, asked = desk.place(library), desk.embedders[SMALL].asked

    promote(engine, library)
    desk.finish("move", "purge")

    new = desk.place(library)
    assert new.collection.endswith(f"-library-{library}")
    assert (desk.count(new), desk.count(old, library_id=str(library))) == (30, 0)
    assert desk.embedders[SMALL].asked == asked
    assert (move_of(engine)["state"], move_of(engine)["built"], move_of(engine)["embedded"]) == ("done", 30, 0)
    assert desk.audit().drift == 0


def test_a_library_that_grows_too_large_for_a_shard_is_promoted(desk: Desk, engine: Engine) -> None:
    engine.all("create or replace function rivulet.promotion_size() returns integer language sql as 'select 15'")
    user = engine.person()
    library = engine.library(user)

    desk.add(user, texts(1))
    assert engine.all("select 1 from rivulet.jobs where queue = 'move'") == []
    desk.add(user, texts(2))
    desk.finish("move", "purge")

    assert desk.place(library).collection.endswith(f"-library-{library}")
    desk.add(user, texts(3))
    assert engine.all("select 1 from rivulet.jobs where queue = 'move'") == []
    assert desk.audit().drift == 0


def test_what_happens_while_a_library_moves_is_in_the_new_place(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    kept, changed, deleted = (desk.add(user, texts(number)) for number in range(3))

    async def come_change_and_go() -> None:
        engine.document(user)
        engine.parse(texts(7))
        desk.change(changed, [*texts(1)[:5], "The well is new."])
        engine.all("delete from public.documents where id = %s", deleted)
        assert Outcome.DONE in await desk.at_work("embed")

    reindex(desk, LARGE)
    desk.index.before_write = come_change_and_go
    desk.finish("move", "purge", "embed")

    new = desk.place(library)
    assert new.model == LARGE
    assert desk.count(new, library_id=str(library)) == 10 + 6 + 10
    assert desk.count(new, document_id=str(kept)) == 10
    assert desk.audit().drift == 0


def test_a_batch_that_knows_only_the_old_place_is_in_the_new_one(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    desk.add(user, texts(1))
    document = engine.document(user)
    engine.parse(texts(2)[:2])
    old = desk.place(library)

    async def move_all_the_way() -> None:
        promote(engine, library)
        await desk.at_work("move")
        desk.hurry()
        assert Outcome.PUT_OFF in await desk.at_work("purge")  # the old place: somebody is still writing there

    desk.index.before_write = move_all_the_way
    assert desk.work("embed") == [Outcome.DONE]
    assert engine.status(document) == "ready"
    desk.finish("move", "purge")

    assert desk.place(library).collection.endswith(f"-library-{library}")
    assert desk.count(desk.place(library), document_id=str(document)) == 2
    assert desk.count(old, library_id=str(library)) == 0
    assert desk.audit().drift == 0


def test_a_move_that_is_not_told_to_writers_is_noticed(desk: Desk, engine: Engine) -> None:
    change(engine, "rivulet.places_written(uuid)", "m.finished_at is null", "false")

    with pytest.raises(AssertionError):
        test_what_happens_while_a_library_moves_is_in_the_new_place(desk, engine)


def test_a_batch_that_breaks_off_is_built_again(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    for number in range(3):
        desk.add(user, texts(number))

    async def break_off() -> None:
        raise ConnectionError("the power is gone")

    promote(engine, library)
    desk.index.before_write = break_off
    assert desk.work("move")[0] == Outcome.PUT_OFF  # what follows may have come at once: the wait is drawn by lot
    desk.finish("move", "purge")

    assert move_of(engine)["state"] == "done"
    assert desk.count(desk.place(library)) == 30
    assert desk.audit().drift == 0


def test_a_move_stops_and_goes_on_where_it_was(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    for number in range(30):
        desk.add(user, texts(number))

    async def stop() -> None:
        assert engine.one("select public.stop_moves_v1()") == 1

    reindex(desk, LARGE)
    desk.index.before_write = stop
    desk.finish("move")
    built = move_of(engine)["built"]
    assert (built, move_of(engine)["state"]) == (256, "building")
    assert desk.place(library).model == SMALL

    assert engine.one("select public.resume_moves_v1()") == 1
    desk.finish("move", "purge")

    assert (move_of(engine)["built"], move_of(engine)["state"]) == (300, "done")
    assert desk.audit().drift == 0


def test_a_model_that_finds_less_is_held_and_taken_or_dropped(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    for number in range(4):
        desk.add(user, texts(number))

    reindex(desk, BLIND)
    desk.finish("move")

    held = move_of(engine)
    assert held["state"] == "held"
    assert held["checked"]["found_old"] > 0.9
    assert held["checked"]["found_new"] < 0.7
    assert "sampled passages" in held["error"]
    assert desk.place(library).model == SMALL

    assert engine.one("select public.abandon_moves_v1()") == 1
    desk.finish("move", "purge")
    assert desk.place(library).model == SMALL
    assert desk.audit().drift == 0

    reindex(desk, BLIND)
    desk.finish("move")
    assert engine.one("select public.resume_moves_v1()") == 1
    desk.finish("move", "purge")
    assert desk.place(library).model == BLIND
    assert desk.audit().drift == 0


def test_a_model_that_finds_as_much_is_taken(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    for number in range(4):
        desk.add(user, texts(number))

    assert reindex(desk, LARGE)["started"] == 1
    desk.finish("move", "purge")

    done = move_of(engine)
    assert done["state"] == "done"
    assert done["checked"]["samples"] > 10
    assert done["checked"]["found_new"] >= done["checked"]["found_old"] - 0.05
    assert reindex(desk, LARGE) == {"started": 0, "refused": [], "last": None}


class Broken(Words):
    """A model that does not work as long as it is broken."""

    def __init__(self, model: str, error: JobError) -> None:
        super().__init__(model)
        self.error: JobError | None = error
        self.before: Callable[[], Awaitable[object]] | None = None

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: uuid.UUID | None = None) -> Sequence[Vector]:
        step, self.before = self.before, None
        if step is not None:
            await step()
        if self.error is not None:
            raise self.error
        return await super().embed(texts, kind, tenant)


BREAKS = [PermanentError("model_refused", "no such model"), RateLimitedError("model_busy", "busy"), None]


@pytest.mark.parametrize("error", BREAKS)
def test_a_model_that_does_not_work_keeps_no_document_back(
    desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: JobError | None
) -> None:
    broken = desk.embedders[LARGE] = Broken(LARGE, error or TransientError("never", "unused"))
    if error is None:  # it does not answer at all
        monkeypatch.setattr(embed, "MOVE_SECONDS", 0.0)
    user = engine.person()
    desk.add(user, texts(1))
    reindex(desk, LARGE)

    for number in (2, 3):  # of five batches each; only the first asks the model in vain
        document = engine.document(user)
        engine.parse(texts(number))
        assert set(desk.work("embed")) == {Outcome.DONE}
        assert engine.status(document) == "ready"
    assert move_of(engine)["incomplete"]

    broken.error = None
    desk.finish("move", "purge")
    assert (move_of(engine)["state"], desk.place(engine.library(user)).model) == ("done", LARGE)
    assert broken.asked == 30 + move_of(engine)["checked"]["samples"]  # no passage twice
    assert desk.audit().drift == 0


def test_what_was_left_out_of_a_place_that_answers_by_now_is_embedded_again(desk: Desk, engine: Engine) -> None:
    broken = desk.embedders[LARGE] = Broken(LARGE, TransientError("model_unavailable", "away"))
    user = engine.person()
    desk.add(user, texts(1))
    reindex(desk, LARGE)
    document = engine.document(user)
    engine.parse(texts(2)[:2])

    async def come_to_the_place() -> None:
        broken.error = None
        await desk.at_work("move")
        broken.error = TransientError("model_unavailable", "away")

    broken.before = come_to_the_place
    assert desk.work("embed") == [Outcome.PUT_OFF]
    assert engine.status(document) == "embedding"
    broken.error = None
    desk.finish("embed", "move", "purge")

    assert engine.status(document) == "ready"
    assert desk.count(desk.place(engine.library(user)), document_id=str(document)) == 2
    assert desk.audit().drift == 0


def test_the_command_refuses_a_model_that_there_is_not(
    desk: Desk, engine: Engine, gateway: Gateway, model_server: str
) -> None:
    desk.add(engine.person(), texts(1))

    told, said = command(gateway, "--model", "typo", models=model_server).communicate(timeout=60)

    assert told == ""
    assert said.startswith(
        "The model 'typo' cannot be used; nothing was begun. The model service refused the request: "
    )
    assert (said.count("typo"), said.count("\n")) == (2, 1)
    assert engine.all("select 1 from rivulet.moves") == []


def test_a_library_that_is_deleted_while_it_moves_leaves_both_places(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    desk.add(user, texts(1))
    old = desk.place(library)

    async def delete() -> None:
        engine.all("delete from auth.users where id = %s", user)
        assert Outcome.PUT_OFF in await desk.at_work("purge")

    reindex(desk, LARGE)
    desk.index.before_write = delete
    desk.finish("move", "purge")

    new = old.model_copy(update={"model": LARGE})
    assert (desk.count(old, library_id=str(library)), desk.count(new, library_id=str(library))) == (0, 0)
    assert engine.all("select 1 from rivulet.moves") == []
    assert engine.one("select vectors_left from public.deletions") == 0


def test_a_deletion_after_a_move_is_purged_in_the_new_place(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    document = desk.add(user, texts(1))
    engine.all("delete from public.documents where id = %s", document)  # its purge waits meanwhile
    other = desk.add(user, texts(2))
    promote(engine, library)
    desk.finish("move", "purge")

    engine.all("delete from public.documents where id = %s", other)
    desk.finish("purge")

    assert desk.count(desk.place(library)) == 0
    assert desk.audit().drift == 0


def test_two_moves_at_once_are_refused(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    desk.add(user, texts(1))
    promote(engine, library)

    [refusal] = reindex(desk, LARGE)["refused"]

    assert "already being moved" in refusal["reason"]


def test_the_command_begins_watches_and_tells(desk: Desk, engine: Engine, gateway: Gateway) -> None:
    for number in range(2):
        desk.add(engine.person(), texts(number))
    with application(lambda _: EmbeddingServer().app) as models:
        watching = command(gateway, "--model", LARGE, "--json", models=f"{models}/v1")
        eventually(lambda: _assert_begun(engine, 2), 60)

        desk.finish("move")
        told, _ = watching.communicate(timeout=60)

    assert watching.returncode == 0
    found = json.loads(told)
    assert (found["unfinished"], [move["state"] for move in found["finished"]]) == (0, ["done", "done"])
    assert found["finished"][0]["checked"]["found_new"] is not None
    shown, _ = command(gateway, "--status").communicate(timeout=60)
    assert "done" in shown


def test_the_command_stops_goes_on_and_gives_up(desk: Desk, engine: Engine, gateway: Gateway) -> None:
    user = engine.person()
    desk.add(user, texts(1))
    reindex(desk, LARGE)

    stopped, _ = command(gateway, "--stop").communicate(timeout=60)
    assert desk.work("move") == [Outcome.SUPERSEDED]
    resumed, _ = command(gateway, "--resume").communicate(timeout=60)
    given_up, _ = command(gateway, "--abandon").communicate(timeout=60)

    assert ["Stop: 1" in stopped, "Resume: 1" in resumed, "Abandon: 1" in given_up] == [True] * 3
    assert move_of(engine)["state"] == "abandoned"
    assert desk.place(engine.library(user)).model == SMALL
    both = command(gateway, "--stop", "--resume")
    assert (both.wait(60), both.communicate()[0]) == (2, "")


def command(gateway: Gateway, *arguments: str, models: str = "http://127.0.0.1:1") -> subprocess.Popen[str]:
    given = {
        "SUPABASE_URL": gateway.url,
        "SUPABASE_SECRET_KEY": gateway.database.secret_key,
        "TOGETHER_BASE_URL": models,
        "COLUMNS": "300",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "infra.cli", "reindex", *arguments],
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _assert_begun(engine: Engine, moves: int) -> None:
    assert engine.one("select count(*) from rivulet.moves") == moves

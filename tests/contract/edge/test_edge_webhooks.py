"""Database Webhooks: rows are told to an address after the commit, each once."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from infra.local import ports
from tests.contract.conftest import Project
from tests.waiting import eventually

Owner = psycopg.Connection[tuple[Any, ...]]
Request = tuple[str, str, dict[str, str], Any]


class Receiver(ThreadingHTTPServer):
    """Notes what it is sent; answers `418` below `/teapot`, nothing at all below `/silent` until it is closed."""

    def __init__(self) -> None:
        super().__init__((ports.HOST, 0), _Handler)
        self.seen: list[Request] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{ports.HOST}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path.startswith("/silent"):
            self.server.closing.wait(20)
        self.send_response(418 if self.path.startswith("/teapot") else 200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"heard": true}')

    do_GET = do_DELETE = do_POST  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
        pass


@pytest.fixture
def receiver(project: Project) -> Iterator[Receiver]:
    """A server that notes requests; another Supabase could not reach it."""
    if not project.local:
        pytest.skip("another Supabase cannot send to this machine")
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.closing.set()
        made.shutdown()
        thread.join()


@pytest.fixture
def hooked(owner: Owner, receiver: Receiver) -> Iterator[Owner]:
    """A table with a webhook for each change."""
    owner.execute("create table public.contract_hooked (id int primary key, name text)")
    owner.execute(
        "create trigger told after insert or update or delete on public.contract_hooked for each row execute function"
        f" supabase_functions.http_request('{receiver.url}/hook', 'POST',"
        """ '{"Content-Type":"application/json","x-from":"tests"}', '{"a":"b c&d"}', '2000')"""
    )
    yield owner
    owner.execute("drop table public.contract_hooked")


def _seen(receiver: Receiver, number: int) -> list[Request]:
    assert len(receiver.seen) == number
    return receiver.seen


def test_each_change_is_told_after_its_commit(hooked: Owner, receiver: Receiver) -> None:
    with hooked.transaction():
        hooked.execute("insert into public.contract_hooked values (1, 'one')")
        hooked.execute("insert into public.contract_hooked values (2, 'two')")
        assert receiver.seen == []
    eventually(lambda: _seen(receiver, 2))
    hooked.execute("update public.contract_hooked set name = 'uno' where id = 1")
    hooked.execute("delete from public.contract_hooked where id = 1")
    seen = eventually(lambda: _seen(receiver, 4))
    assert {path for _, path, _, _ in seen} == {"/hook?a=b%20c%26d"}
    assert {headers["x-from"] for _, _, headers, _ in seen} == {"tests"}
    told = {body["type"]: body for _, _, _, body in seen}
    assert told["UPDATE"]["record"] == {"id": 1, "name": "uno"}
    assert told["UPDATE"]["old_record"] == {"id": 1, "name": "one"}
    assert (told["DELETE"]["record"], told["INSERT"]["old_record"]) == (None, None)
    assert (told["INSERT"]["table"], told["INSERT"]["schema"]) == ("contract_hooked", "public")


def test_what_is_undone_is_not_told(hooked: Owner, receiver: Receiver) -> None:
    with hooked.transaction(force_rollback=True):
        hooked.execute("insert into public.contract_hooked values (3, 'three')")
    hooked.execute("insert into public.contract_hooked values (4, 'four')")
    [(_, _, _, body)] = eventually(lambda: _seen(receiver, 1))
    assert body["record"]["id"] == 4


def _response(owner: Owner, request: int) -> tuple[Any, ...]:
    row = owner.execute(
        "select status_code, content_type, content, timed_out, error_msg from net._http_response where id = %s",
        [request],
    ).fetchone()
    assert row is not None
    return row


def _ask(owner: Owner, call: str, *values: Any) -> int:
    row = owner.execute(f"select {call}", values).fetchone()
    assert row is not None
    return int(row[0])


def test_answers_and_failures_are_kept(owner: Owner, receiver: Receiver) -> None:
    got = _ask(owner, 'net.http_get(%s, \'{"q": "ü"}\', \'{"x-y": "z"}\')', receiver.url)
    assert eventually(lambda: _response(owner, got)) == (200, "application/json", '{"heard": true}', False, None)
    assert receiver.seen[0][:2] == ("GET", "/?q=%C3%BC")
    teapot = _ask(owner, "net.http_post(%s, '{}')", f"{receiver.url}/teapot")
    assert eventually(lambda: _response(owner, teapot))[0] == 418
    silent = _ask(owner, "net.http_post(%s, '{}', timeout_milliseconds := 100)", f"{receiver.url}/silent")
    assert eventually(lambda: _response(owner, silent))[3] is True
    gone = _ask(owner, "net.http_delete(%s)", f"http://{ports.HOST}:{ports.any_free()}")
    status, _, _, _, error = eventually(lambda: _response(owner, gone))
    assert (status, bool(error)) == (None, True)


def test_people_cannot_read_what_is_sent(owner: Owner) -> None:
    owner.execute("set role authenticated")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("select * from net.http_request_queue")

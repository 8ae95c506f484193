"""What people see when something under the gateway fails."""

import errno
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest
from starlette.types import ASGIApp

from infra.local import ports
from infra.local.gateway.app import create_app
from infra.local.gateway.settings import GatewaySettings
from infra.local.gateway.storage.disk import Sink
from tests import serving
from tests.conftest import Gateway

NOWHERE = "host=127.0.0.1 port=1 user=nobody dbname=none"


def test_a_full_disk(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Sink) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    headers = {"apikey": gateway.database.secret_key}
    with httpx.Client(base_url=gateway.url, headers=headers, timeout=20) as client:
        assert client.post("/storage/v1/bucket", json={"name": "full"}).status_code == 200
        monkeypatch.setattr(Sink, "_drain", full)
        answer = client.post("/storage/v1/object/full/a.txt", content=b"x" * 100)
        assert (answer.status_code, answer.json()["error"]) == (507, "InsufficientStorage")
        assert "no space left" in answer.json()["message"]
    with psycopg.connect(gateway.database.admin_dsn) as admin:
        assert admin.execute("select count(*) from storage.objects where bucket_id = 'full'").fetchone() == (0,)
    assert [path for path in gateway.storage.rglob("*") if path.is_file()] == []


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    return {
        "GATEWAY_ADMIN_DSN": NOWHERE,
        "GATEWAY_AUTHENTICATOR_DSN": NOWHERE,
        "GATEWAY_AUTH_DSN": NOWHERE,
        "GATEWAY_STORAGE_DSN": NOWHERE,
        "GATEWAY_STORAGE_DIR": str(tmp_path / "storage"),
        "JWT_SECRET": "s" * 32,
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_a",
        "SUPABASE_SECRET_KEY": "sb_secret_b",
        **changes,
    }


def test_without_a_database_every_service_says_so(tmp_path: Path) -> None:
    def make(port: int) -> ASGIApp:
        return create_app(GatewaySettings.from_env(environment(tmp_path, GATEWAY_PORT=str(port), LOG_LEVEL="ERROR")))

    with (
        serving.application(make) as url,
        httpx.Client(base_url=url, headers={"apikey": "sb_secret_b"}, timeout=20) as client,
    ):
        assert client.get("/healthz").status_code == 503
        table = client.get("/rest/v1/anything")
        assert (table.status_code, table.json()["code"]) == (503, "PGRST001")
        assert table.headers["retry-after"] == "1"
        person = client.post("/auth/v1/token?grant_type=password", json={"email": "a@b.example", "password": "x"})
        assert (person.status_code, person.json()["error_code"]) == (503, "unexpected_failure")
        bucket = client.get("/storage/v1/bucket")
        assert (bucket.status_code, bucket.json()["statusCode"]) == (503, "503")


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.local.gateway"], env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run(environment(tmp_path, GATEWAY_STORAGE_DIR=str(tmp_path / "file" / "storage")))
    assert ended.returncode == 2
    assert "GATEWAY_STORAGE_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_environment_that_lacks_something(tmp_path: Path) -> None:
    ended = run(environment(tmp_path, JWT_SECRET="short"))
    assert ended.returncode == 2
    assert "JWT_SECRET" in ended.stderr
    assert ended.stdout == ""


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        ended = run(environment(tmp_path, GATEWAY_PORT=str(taken.getsockname()[1])))
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr

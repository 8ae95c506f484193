"""The outside servers of the local stack really start and serve."""

from urllib.parse import urlsplit

import chromadb
import numpy as np
import psycopg
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from tests.databases import Database


def test_chroma_keeps_and_finds_vectors(chroma: str) -> None:
    address = urlsplit(chroma)
    client = chromadb.HttpClient(host=str(address.hostname), port=int(address.port or 0))
    collection = client.create_collection("local_servers", embedding_function=None)
    collection.add(ids=["left", "right"], embeddings=np.eye(2, dtype=np.float32)[::-1])
    assert collection.query(query_embeddings=np.array([[0.9, 0.1]], dtype=np.float32), n_results=1)["ids"] == [
        ["right"]
    ]


def test_redis_serves_clients_that_know_the_password_and_stays_within_its_memory(redis_server: str) -> None:
    with Redis.from_url(redis_server) as client:
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"
        limits = client.config_get("maxmemory*")
    assert limits["maxmemory"] == str(128 * 1024 * 1024)
    assert limits["maxmemory-policy"] == "allkeys-lru"


def test_redis_refuses_clients_without_the_password(redis_server: str) -> None:
    address = urlsplit(redis_server)
    stranger = Redis(host=str(address.hostname), port=int(address.port or 0), retry=Retry(NoBackoff(), retries=0))
    with stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_the_database_decodes_its_log_for_realtime(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        rows = connection.execute(
            "select name, setting from pg_settings"
            " where name in ('wal_level', 'listen_addresses', 'unix_socket_directories', 'TimeZone')"
        ).fetchall()
    assert dict(rows) == {
        "TimeZone": "UTC",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "wal_level": "logical",
    }

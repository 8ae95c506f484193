"""What the parts are told."""

from pathlib import Path

import pytest

from infra.local import environment, parts, redis
from infra.local.gateway.settings import GatewaySettings
from infra.local.models import catalogue
from infra.local.state import Secrets
from schema.settings import Settings

PORTS = {"gateway": 1001, "postgres": 1002, "models": 1003, "chroma": 1004, "redis": 1005}
SECRETS = Secrets()


@pytest.mark.parametrize(
    ("given", "local"),
    [
        ({}, True),
        ({"TOGETHER_API_KEY": ""}, True),
        ({"TOGETHER_API_KEY": "key"}, False),
        ({"TOGETHER_BASE_URL": "http://models.example"}, False),
        ({"TOGETHER_API_KEY": "key", "TOGETHER_BASE_URL": "http://models.example"}, False),
    ],
)
def test_the_local_model_server_runs_unless_the_user_named_another(given: dict[str, str], local: bool) -> None:
    assert environment.runs_local_models(given) is local


def test_what_a_stack_told_a_shell_is_not_taken_for_models_of_the_users_own() -> None:
    assert environment.runs_local_models(environment.application(PORTS, SECRETS, {}))


def test_without_a_redis_server_a_stack_has_no_part_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "program", lambda: None)
    noted: dict[str, str] = {}
    chosen = parts.choose_ports({}, noted.__setitem__)
    assert ("redis" in chosen, "redis" in parts.names(), "apt-get install redis-server" in noted["redis"]) == (
        False,
        False,
        True,
    )
    assert "REDIS_URL" not in environment.listener(chosen, SECRETS, {})
    assert environment.listener(chosen, SECRETS, {"REDIS_URL": "redis://own"})["REDIS_URL"] == "redis://own"


def test_listeners_accept_what_they_are_told() -> None:
    settings = Settings.from_env(environment.listener(PORTS, SECRETS, {}))
    assert settings.supabase_url == "http://127.0.0.1:1001"
    assert settings.entry.setting == "SUPABASE_WORKER_TOKEN"
    assert settings.together_base_url == "http://127.0.0.1:1003"
    assert settings.chroma_url == "http://127.0.0.1:1004"
    assert settings.chat_model.startswith("rivulet/")
    assert settings.embedding_model.startswith("rivulet/")


def test_listeners_are_told_nothing_that_opens_more_than_their_work_needs() -> None:
    given = {"SUPABASE_SERVICE_KEY": "opens-everything", "DATABASE_URL": "postgresql://elsewhere"}
    told = environment.listener(PORTS, SECRETS, given).values()
    passwords = SECRETS.database_passwords.values()
    opening = [SECRETS.secret_key, SECRETS.jwt_secret, *passwords, *given.values()]
    assert [key for key in opening if any(key in value for value in told)] == []


def test_the_names_are_those_of_the_model_server() -> None:
    told = environment.application(PORTS, SECRETS, {})
    assert {told["CHAT_MODEL"], told["EMBEDDING_MODEL"]} <= {model.id for model in catalogue.built_in()}


def test_a_chat_model_of_the_users_own_is_asked_by_the_name_the_server_gives_it() -> None:
    given = {"RIVULET_GGUF": "/models/small-chat.gguf"}
    assert environment.application(PORTS, SECRETS, given)["CHAT_MODEL"] == "gguf/small-chat"
    assert environment.models(PORTS, Path("/models"), given)["RIVULET_GGUF"] == "/models/small-chat.gguf"


def test_the_real_together_is_reached_with_the_users_own_settings() -> None:
    without_models = {name: port for name, port in PORTS.items() if name != "models"}
    given = {"TOGETHER_API_KEY": "key", "CHAT_MODEL": "some/model"}
    settings = Settings.from_env(given | environment.application(without_models, SECRETS, given))
    assert settings.together_api_key.get_secret_value() == "key"
    assert settings.together_base_url is None
    assert settings.chat_model == "some/model"


def test_the_gateway_accepts_what_it_is_told() -> None:
    told = environment.gateway(PORTS, SECRETS, Path("/objects"), {})
    settings = GatewaySettings.from_env(told)
    assert settings.port == 1001
    assert settings.storage_dir == Path("/objects")
    assert settings.jwt_secret == SECRETS.jwt_secret
    assert f":{SECRETS.database_passwords['authenticator']}@127.0.0.1:1002/" in settings.authenticator_dsn


def test_servers_see_nothing_of_the_users_secrets() -> None:
    given = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "private"}
    told = [
        environment.plain(given),
        environment.gateway(PORTS, SECRETS, Path("/objects"), given),
        environment.models(PORTS, Path("/models"), given),
    ]
    assert all("private" not in values.values() for values in told)
    assert all(values["PATH"] == "/bin" for values in told)


def test_the_users_proxy_is_not_asked_for_requests_to_this_machine() -> None:
    told = environment.application(PORTS, SECRETS, {"NO_PROXY": "intranet.example"})
    assert told["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    assert environment.application(PORTS, SECRETS, {})["NO_PROXY"] == "127.0.0.1,localhost"

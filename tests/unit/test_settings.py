"""Settings from the environment, and the sentence that says what is wrong with them."""

import jwt
import pytest

from schema.errors import ConfigurationError
from schema.settings import Settings

GOOD = {
    "SUPABASE_URL": "https://abc.supabase.co/",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "CHROMA_URL": "http://localhost:8000",
    "TOGETHER_API_KEY": "key",
}


def test_a_full_environment_is_read() -> None:
    settings = Settings.from_env(GOOD)

    assert settings.supabase_url == "https://abc.supabase.co"
    assert settings.together_base_url is None
    assert "sb_secret_x" not in repr(settings)


def test_the_older_name_of_the_secret_key_works() -> None:
    older = {"SUPABASE_SERVICE_KEY": "old", **{k: v for k, v in GOOD.items() if k != "SUPABASE_SECRET_KEY"}}

    assert Settings.from_env(older).entry.bearer == "old"


def worker_token(**claims: object) -> str:
    return jwt.encode({"role": "rivulet_worker", **claims}, "k" * 32, algorithm="HS256")


def test_a_workers_token_goes_before_the_secret_key() -> None:
    token = worker_token()
    given = GOOD | {"SUPABASE_WORKER_TOKEN": token, "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x"}

    entry = Settings.from_env({k: v for k, v in given.items() if k != "SUPABASE_SECRET_KEY"}).entry
    assert (entry.apikey, entry.bearer) == ("sb_publishable_x", token)
    assert Settings.from_env(given).entry == entry
    assert Settings.for_operator(given).entry.bearer == "sb_secret_x"
    assert token not in repr(Settings.from_env(given)) + repr(entry)


@pytest.mark.parametrize(
    ("token", "publishable", "said"),
    [
        (worker_token(), "", "^SUPABASE_PUBLISHABLE_KEY is not set: SUPABASE_WORKER_TOKEN needs it"),
        (worker_token(role="service_role"), "x", "^SUPABASE_WORKER_TOKEN is not a worker's token; .*worker-token"),
        ("sb_secret_x", "x", "^SUPABASE_WORKER_TOKEN is not a worker's token"),
        (worker_token(exp=1_600_000_000), "x", "^SUPABASE_WORKER_TOKEN ended on 2020-09-13"),
    ],
)
def test_a_token_that_will_not_do_is_named(token: str, publishable: str, said: str) -> None:
    given = {"SUPABASE_WORKER_TOKEN": token, "SUPABASE_PUBLISHABLE_KEY": publishable}
    with pytest.raises(ConfigurationError, match=said):
        Settings.from_env(GOOD | given)


def test_a_base_url_ending_in_v1_is_not_doubled() -> None:
    settings = Settings.from_env(GOOD | {"TOGETHER_BASE_URL": "http://localhost:8080/v1/"})

    assert settings.together_base_url == "http://localhost:8080"


def test_an_own_model_server_needs_no_key() -> None:
    own = {k: v for k, v in GOOD.items() if k != "TOGETHER_API_KEY"}

    assert Settings.from_env(own | {"TOGETHER_BASE_URL": "http://localhost:8080"}).together_base_url


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named_with_the_way_to_get_it(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is not set: .+"):
        Settings.from_env({k: v for k, v in GOOD.items() if k != name})


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://chroma", "http://chroma:8000"),
        ("http://chroma:9000/", "http://chroma:9000"),
        ("https://api.trychroma.com", "https://api.trychroma.com:443"),
    ],
)
def test_the_vector_store_has_its_own_port_where_none_is_named(url: str, asked: str) -> None:
    assert Settings.from_env(GOOD | {"CHROMA_URL": url}).vectors.address.url == asked


@pytest.mark.parametrize("url", ["https://example.com/chroma", "http://chroma:8000/v1", "http://chroma:8000?a=b"])
def test_a_vector_store_under_a_path_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^CHROMA_URL must name a server and its port alone, without a path"):
        Settings.from_env(GOOD | {"CHROMA_URL": url})


def test_a_malformed_address_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^SUPABASE_URL must be an address like"):
        Settings.from_env(GOOD | {"SUPABASE_URL": "abc.supabase.co"})

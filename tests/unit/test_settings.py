"""Settings from the environment, and the sentence that says what is wrong with them."""

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

    assert Settings.from_env(older).supabase_secret_key.get_secret_value() == "old"


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


def test_a_malformed_address_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^SUPABASE_URL must be an address like"):
        Settings.from_env(GOOD | {"SUPABASE_URL": "abc.supabase.co"})

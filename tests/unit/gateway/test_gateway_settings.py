"""The gateway's environment."""

import pytest

from infra.local.gateway.settings import GatewaySettings, SettingsError

ENVIRONMENT = {
    "GATEWAY_ADMIN_DSN": "a",
    "GATEWAY_AUTHENTICATOR_DSN": "b",
    "GATEWAY_AUTH_DSN": "c",
    "GATEWAY_STORAGE_DSN": "d",
    "GATEWAY_STORAGE_DIR": "/tmp/x",
    "JWT_SECRET": "s" * 32,
    "SUPABASE_PUBLISHABLE_KEY": "p",
    "SUPABASE_SECRET_KEY": "s",
}


def test_defaults_and_what_else_is_in_the_environment() -> None:
    settings = GatewaySettings.from_env({**ENVIRONMENT, "HOME": "/x", "GATEWAY_PORT": "1234"})
    assert (settings.public_url, settings.max_rows) == ("http://127.0.0.1:1234", 1000)


def test_every_fault_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        GatewaySettings.from_env(
            {**ENVIRONMENT, "GATEWAY_PORT": "many", "JWT_SECRET": "short", "GATEWAY_ADMIN_DSN": ""}
        )
    for name in ("GATEWAY_PORT", "JWT_SECRET", "GATEWAY_ADMIN_DSN"):
        assert name in str(refused.value)
    assert "short" not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    shown = repr(GatewaySettings.from_env(ENVIRONMENT))
    assert "s" * 32 not in shown


def test_functions_and_their_addresses() -> None:
    settings = GatewaySettings.from_env({**ENVIRONMENT, "GATEWAY_FUNCTIONS": "a=http://h:1/,b-c=https://x/y"})
    assert settings.function_addresses == {"a": "http://h:1", "b-c": "https://x/y"}
    assert GatewaySettings.from_env(ENVIRONMENT).function_addresses == {}
    for wrong in ("a", "a=ftp://x", "a=http://x,", "a b=http://x"):
        with pytest.raises(SettingsError, match="GATEWAY_FUNCTIONS"):
            GatewaySettings.from_env({**ENVIRONMENT, "GATEWAY_FUNCTIONS": wrong})

"""What the local stack tells its gateway."""

from pathlib import Path

from infra.local import environment, state
from infra.local.gateway.settings import GatewaySettings

PORTS = {"gateway": 1, "postgres": 2}


def settings(**given: str) -> GatewaySettings:
    return GatewaySettings.from_env(environment.gateway(PORTS, state.Secrets(), Path("/tmp/x"), given))


def test_links_of_mails_lead_to_the_web_application() -> None:
    assert settings().site_url == "http://127.0.0.1:3000"
    assert settings(FRONTEND_URL="http://localhost:4000").site_url == "http://localhost:4000"
    assert settings(FRONTEND_URL="http://a", GATEWAY_SITE_URL="http://b").site_url == "http://b"


def test_the_user_may_choose_to_confirm_addresses_and_serve_functions() -> None:
    assert (settings().confirm_email, settings().function_addresses) == (False, {})
    chosen = settings(GATEWAY_CONFIRM_EMAIL="true", GATEWAY_FUNCTIONS="drain=http://127.0.0.1:8080")
    assert (chosen.confirm_email, chosen.function_addresses) == (True, {"drain": "http://127.0.0.1:8080"})


def test_nothing_else_of_the_environment_reaches_it() -> None:
    told = environment.gateway(
        PORTS, state.Secrets(), Path("/tmp/x"), {"GATEWAY_MAX_ROWS": "1", "TOGETHER_API_KEY": "k"}
    )
    assert "GATEWAY_MAX_ROWS" not in told
    assert "TOGETHER_API_KEY" not in told

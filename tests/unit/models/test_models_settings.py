"""The model server's settings."""

from pathlib import Path

import pytest

from infra.local.models.settings import ModelSettings, SettingsError


def test_settings_come_from_the_environment() -> None:
    found = ModelSettings.from_env({"MODELS_PORT": "24001", "MODELS_DIR": "/m", "RIVULET_GGUF": "/a/b.gguf"})
    assert found == ModelSettings(host="127.0.0.1", port=24001, folder=Path("/m"), gguf=Path("/a/b.gguf"))
    assert ModelSettings.from_env({"MODELS_DIR": "/m", "RIVULET_GGUF": ""}).gguf is None


@pytest.mark.parametrize("port", ["", "0", "x", "70000"])
def test_a_bad_variable_is_named(port: str) -> None:
    environment = {"MODELS_PORT": port} if not port else {"MODELS_PORT": port, "MODELS_DIR": "/m"}
    with pytest.raises(SettingsError, match="MODELS_PORT" if port else "MODELS_DIR"):
        ModelSettings.from_env(environment)

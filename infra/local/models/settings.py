"""What the model server is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.models.startup import StartupError

_VARIABLES = {"host": "MODELS_HOST", "port": "MODELS_PORT", "folder": "MODELS_DIR", "gguf": "RIVULET_GGUF"}


class SettingsError(StartupError):
    """The environment is not usable; str() names the variable and what to do."""


class ModelSettings(BaseModel):
    """Where the server listens, where it keeps what it builds, and the chat model of the operator's choice."""

    model_config = ConfigDict(frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=54327, ge=1, le=65535)
    folder: Path
    gguf: Path | None = None

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> ModelSettings:
        """Read the variables; SettingsError if one is missing or malformed."""
        given = {field: environment[name] for field, name in _VARIABLES.items() if environment.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as problem:
            first = problem.errors()[0]
            name = _VARIABLES[str(first["loc"][0])]
            raise SettingsError(f"{name}: {first['msg']}. Set {name} in the server's environment.") from None

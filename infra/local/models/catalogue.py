"""The models this server has, by name."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.models.errors import ApiError

EMBEDDING = "rivulet/all-minilm-l6-v2-int8"
CHAT = "rivulet/extractive-1"
RERANK = "rivulet/minilm-rerank"

CONTEXT_WORDS = 32_768
"""What the extractive answerer reads of a conversation; its tokens are words."""


@dataclass(frozen=True)
class Model:
    """A model as GET /v1/models shows it; `context_length` in the model's own tokens."""

    id: str
    type: str
    organization: str
    license: str
    context_length: int

    def as_json(self) -> dict[str, object]:
        """Together's model object."""
        return {"object": "model", "created": 0, "display_name": self.id.split("/")[-1], **vars(self)}


class Catalogue:
    """Finds a model for a request."""

    def __init__(self, models: list[Model]) -> None:
        self._models = {model.id: model for model in models}

    def find(self, name: str, kind: str) -> Model:
        """The model of that name and type; ApiError 404 with the names there are."""
        model = self._models.get(name)
        if model is None or model.type != kind:
            names = ", ".join(other.id for other in self._models.values() if other.type == kind)
            raise ApiError(
                404,
                "model_not_found",
                f"There is no {kind} model {name[:200]!r} here. This server has: {names}.",
                "model",
            )
        return model

    def as_json(self) -> list[dict[str, object]]:
        """What GET /v1/models answers: like Together, a bare list."""
        return [model.as_json() for model in self._models.values()]


def built_in() -> list[Model]:
    """The models that come with the project."""
    return [
        Model(EMBEDDING, "embedding", "sentence-transformers", "apache-2.0", 256),
        Model(CHAT, "chat", "Rivulet", "mit", CONTEXT_WORDS),
        Model(RERANK, "rerank", "sentence-transformers", "apache-2.0", 256),
    ]

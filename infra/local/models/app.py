"""The model server as an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.models import artefact, catalogue, errors, package
from infra.local.models.catalogue import Catalogue
from infra.local.models.chat import Chat, ChatModel, Extractive
from infra.local.models.embedder import Embedder
from infra.local.models.embeddings import Embeddings
from infra.local.models.encoder import Encoder
from infra.local.models.extractive.answer import Answerer
from infra.local.models.lanes import Lanes
from infra.local.models.rerank import Rerank
from infra.local.models.settings import ModelSettings

if TYPE_CHECKING:
    from infra.local.models.gguf import Gguf


def create_app(settings: ModelSettings) -> Starlette:
    """The server with its models loaded; raises startup.StartupError or OSError if they cannot be."""
    lanes = Lanes()
    own = _own_model(settings.gguf, lanes.width) if settings.gguf else None
    network = artefact.ensure_embedder(settings.folder)
    embedder = Embedder(Encoder(network, package.model_folder() / "tokenizer.json"), lanes)
    chats: dict[str, ChatModel] = {catalogue.CHAT: Extractive(Answerer(embedder.embed))}
    if own:
        chats[own.name] = own
    models = Catalogue([*catalogue.built_in(), *([own.model] if own else [])])

    async def listed(_: Request) -> JSONResponse:
        return JSONResponse(models.as_json())

    async def healthy(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        lanes.close()
        if own:
            await own.close()

    return Starlette(
        routes=[
            Route("/v1/chat/completions", Chat(models, chats).create, methods=["POST"]),
            Route("/v1/embeddings", Embeddings(models, embedder).create, methods=["POST"]),
            Route("/v1/rerank", Rerank(models, embedder).create, methods=["POST"]),
            Route("/v1/models", listed),
            Route("/healthz", healthy),
        ],
        exception_handlers={
            errors.ApiError: errors.refused,
            HTTPException: errors.unroutable,
            ClientDisconnect: _nobody,
            Exception: errors.failed,
        },
        lifespan=lifespan,
    )


def _own_model(path: Path, threads: int) -> Gguf:
    # Few have one, and its client takes a quarter of the server's start to import.
    from infra.local.models.gguf import Gguf

    return Gguf(path, threads)


async def _nobody(_: Request, __: Exception) -> Response:
    """The client has gone; nobody reads this."""
    return Response(status_code=499)

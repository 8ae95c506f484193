"""Serverless functions under functions-framework: the same handlers as the listeners', woken over HTTP.

Entry points, each served by a process of its own; what they take and answer is told where they are implemented:

    drain        a webhook or a scheduler rings: jobs are claimed and done     functions/serve/drain.py
    drain_event  the same for a CloudEvent                                     functions/serve/events.py
    search       passages for a person                                         functions/serve/search.py
    ask          a question for a person, its answer streamed                  functions/serve/ask.py
    health       whether everything needed can be reached                      functions/serve/health.py

Serve one, from any folder:

    functions-framework --source functions/main.py --target drain --port 8080
    python -m functions_framework --source functions/main.py --target drain --port 8080

Each also answers `GET /metrics` for Prometheus, with the key that the functions have themselves as bearer token.
With `--signature-type cloudevent` for `drain_event`. The functions are asynchronous, so the framework serves them by
ASGI of itself; `WORKERS` sets the number of processes. Settings are environment variables, see `schema/settings.py`.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

# The framework loads this file by its path and knows nothing of the project around it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import functions_framework.aio
from cloudevents.http import CloudEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from functions.serve.http import Act, refuse, reply
from functions.service import Service
from functions.telemetry import start, tracing
from schema.errors import ConfigurationError
from schema.settings import Settings


def _read_settings() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except ConfigurationError as error:
        sys.exit(str(error))


SETTINGS = _read_settings()
NAME = f"rivulet-{os.environ.get('FUNCTION_TARGET', 'function')}"
start.configure(SETTINGS, NAME)
# One for each event loop: connections belong to the loop that opened them, and the framework forks after loading this.
_services: WeakKeyDictionary[asyncio.AbstractEventLoop, Service] = WeakKeyDictionary()


@functions_framework.aio.http
async def drain(request: Request) -> Response:
    """Do the jobs that are there."""
    return await _reply(request, "POST", lambda service: service.drain)


@functions_framework.aio.cloud_event
async def drain_event(event: CloudEvent) -> None:
    """Do the jobs that are there."""
    try:
        await _service().drain_event(event)
    except Exception as error:
        told = refuse(error)
        raise HTTPException(told.status_code, bytes(told.body).decode()) from error


@functions_framework.aio.http
async def search(request: Request) -> Response:
    """Find passages for a person."""
    return await _reply(request, "POST", lambda service: service.search, SETTINGS.frontend_url)


@functions_framework.aio.http
async def ask(request: Request) -> Response:
    """Put a person's question and stream the answer."""
    return await _reply(request, "POST", lambda service: service.ask, SETTINGS.frontend_url)


@functions_framework.aio.http
async def health(request: Request) -> Response:
    """Tell whether everything needed can be reached."""
    return await _reply(request, "GET", lambda service: service.health, SETTINGS.frontend_url)


async def _reply(request: Request, method: str, entry: Callable[[Service], Act], page: str | None = None) -> Response:
    async def act(request: Request) -> Response:
        return await entry(_service())(request)

    if request.url.path == "/metrics":
        return await reply(request, "GET", lambda request: _service().metrics(request))
    return await reply(request, method, act, page)


def _service() -> Service:
    loop = asyncio.get_running_loop()
    if loop not in _services:
        tracing.configure(SETTINGS.traces_url, NAME)  # here, for what sends them does not survive a fork
        _services[loop] = Service(SETTINGS)
    return _services[loop]

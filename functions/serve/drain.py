"""`drain`: a webhook or a scheduler rings, and the queues' jobs are done.

POST. The caller shows that it may, in one of two ways:
- a webhook is signed, see `functions.serve.signature`; one that is sent again is answered 200 and does nothing;
- a scheduler has the key that the functions have themselves, as `Authorization: Bearer …`.

Which queues, and for how long at most, may stand in the query (`?queue=parse&queue=embed&seconds=20`) or in a JSON body
(`{"queues": ["parse"], "seconds": 20}`); all of them otherwise. What else a body holds does not matter.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.serve.http import bears, parse, read_body
from functions.serve.refusal import Refusal
from functions.serve.signature import verify
from functions.work.drain import Drained
from functions.work.drains import Drains
from schema.jobs import Queue
from schema.serving import Inbox

WEBHOOK = "webhook"  # the source under which webhooks are kept in the inbox


class Ring(BaseModel):
    """What is rung for."""

    model_config = ConfigDict(extra="ignore")

    queues: Sequence[Queue] = Field(default=tuple(Queue), min_length=1, max_length=2 * len(Queue))
    seconds: float | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class DrainEntry:
    """The entry point; `webhook_key` None: webhooks are refused."""

    drains: Drains
    inbox: Inbox
    key: str
    webhook_key: bytes | None
    most_seconds: float

    async def __call__(self, request: Request) -> Response:
        """Check the caller, do the work, count."""
        body = await read_body(request)
        message = self._check(request, body)
        ring = _ring(request, body)
        if message is not None and not await self.inbox.receive(WEBHOOK, message):
            return JSONResponse({"status": "repeated"})
        seconds = min(ring.seconds or self.most_seconds, self.most_seconds)
        return _report(await self.drains.drain(list(dict.fromkeys(ring.queues)), seconds))

    def _check(self, request: Request, body: bytes) -> str | None:
        """The id of a signed message, None for a scheduler. Raises `Refusal`."""
        if "webhook-signature" in request.headers and self.webhook_key is not None:
            return verify(request.headers, body, self.webhook_key, time.time())
        if bears(request, self.key):
            return None
        raise Refusal(401, "not_authenticated", "Sign the webhook, or send the service's own key as bearer token.")


def _ring(request: Request, body: bytes) -> Ring:
    asked: dict[str, Any] = parse(body, Ring).model_dump(exclude_unset=True) if body.strip() else {}
    if queues := request.query_params.getlist("queue"):
        asked["queues"] = queues
    if seconds := request.query_params.get("seconds"):
        asked["seconds"] = seconds
    try:
        return Ring.model_validate(asked)
    except ValidationError as error:
        names = ", ".join(Queue)
        raise Refusal(422, "invalid_request", f"queue is one of {names}; seconds is a number above 0.") from error


def _report(drained: Drained | None) -> Response:
    """The counts; None: a drain of this process that is going on looks again."""
    if drained is None:
        return JSONResponse({"status": "draining"})
    if drained.failure is not None:
        raise drained.failure
    return JSONResponse(
        {
            "status": "empty" if drained.empty else "time_is_up",
            "seconds": round(drained.seconds, 3),
            "queues": {queue.value: counts for queue, counts in drained.outcomes.items()},
        }
    )

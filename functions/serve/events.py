"""`drain_event`: a CloudEvent rings, and all queues' jobs are done.

The framework passes the event alone, without the headers that could prove its sender. So events are taken only where
the platform lets nobody else through (Eventarc to Cloud Run with IAM, say), which an operator has to confirm.
"""

from dataclasses import dataclass

import structlog
from cloudevents.http import CloudEvent

from functions.work.drains import Drains
from schema.errors import ConfigurationError
from schema.jobs import Queue
from schema.serving import Inbox

log = structlog.get_logger()


@dataclass(frozen=True)
class EventEntry:
    """The entry point; an event that comes again (same source, same id) does nothing."""

    drains: Drains
    inbox: Inbox
    trusted: bool
    most_seconds: float

    async def __call__(self, event: CloudEvent) -> None:
        """Do the work. Raises what makes a sender try again; bad input does not, as it would stay bad."""
        if not self.trusted:
            raise ConfigurationError(
                "RIVULET_TRUST_EVENTS is not set: set it to true where the platform lets only trusted senders through."
            )
        source, event_id = str(event["source"]), str(event["id"])
        if len(source) > 500 or len(event_id) > 500:
            log.warning("event_refused", reason="its source or id is longer than 500 characters")
        elif await self.inbox.receive(source, event_id):
            drained = await self.drains.drain(list(Queue), self.most_seconds)
            if drained is not None and drained.failure is not None:
                raise drained.failure

"""Somebody who watches a conversation, and notes every text that they see."""

import asyncio
import math
import random
import time
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from infra.cli.answer_reader import AnswerReader
from infra.cli.person import Person
from infra.cli.rows import AnswerRow
from infra.cli.subscription import Heard, Look, Subscription
from tests.waiting import eventually_async

AWAY_SECONDS = (0.1, 2.0)
THERE_SECONDS = (0.5, 4.0)


@dataclass
class Seen:
    """What a reader saw of one answer: by attempt, the longest text, and whether one ever shrank or changed."""

    reader: AnswerReader
    longest: dict[int, str] = field(default_factory=lambda: defaultdict(str))
    broken: int = 0
    first_at: float | None = None  # when the first words were seen, by the monotonic clock

    def note(self) -> None:
        """Note the text as it is now."""
        fence, text = self.reader._known.fence, self.reader.text
        if text and self.first_at is None:
            self.first_at = time.monotonic()
        if self.reader.final is None:
            self.broken += not text.startswith(self.longest[fence])
            self.longest[fence] = text


class Reader:
    """Follows a conversation; one that is `restless` is away for random spells."""

    def __init__(self, person: Person, http: httpx.AsyncClient, conversation: uuid.UUID, restless: bool) -> None:
        self.seen: dict[uuid.UUID, Seen] = {}
        self.hears = asyncio.Event()
        self._person = person
        self._http = http
        self.conversation = conversation
        self._restless = restless

    def expect(self, question: uuid.UUID) -> None:
        """A question was asked, and will be answered."""
        self.seen[question] = Seen(AnswerReader(question))

    async def until_the_end_of(self, question: uuid.UUID, within: float) -> None:
        """Wait until this reader knows that the answer has ended."""

        def has_ended() -> None:
            assert self.seen[question].reader.final is not None

        await eventually_async(has_ended, within)

    async def follow(self) -> None:
        """Watch until cancelled."""
        while True:
            async with Subscription(self._person, [f"conversation:{self.conversation}"], look_seconds=2.0) as news:
                await news.hears(within=20)
                self.hears.set()
                leave_at = time.monotonic() + (random.uniform(*THERE_SECONDS) if self._restless else math.inf)
                async for item in news:
                    await self._take(item)  # to its end: requests that are cancelled would use up the connections
                    if time.monotonic() > leave_at:
                        break
            await asyncio.sleep(random.uniform(*AWAY_SECONDS))

    async def _take(self, item: object) -> None:
        unfinished = [seen for seen in self.seen.values() if seen.reader.final is None]
        if isinstance(item, Heard):
            for seen in unfinished:
                seen.reader.hear(item.event, item.payload)
                seen.note()
        if unfinished and (isinstance(item, Look) or any(seen.reader.behind for seen in unfinished)):
            await self._read(unfinished)

    async def _read(self, unfinished: list[Seen]) -> None:
        headers = {"apikey": self._person.project.key, "Authorization": f"Bearer {await self._person.token()}"}
        questions = ",".join(str(seen.reader._question_id) for seen in unfinished)
        parameters = {"select": "*", "conversation_id": f"eq.{self.conversation}", "reply_to": f"in.({questions})"}
        with suppress(httpx.HTTPError):
            url = f"{self._person.project.url}/rest/v1/messages"
            reply = await self._http.get(url, params=parameters, headers=headers)
            answers = reply.raise_for_status().json()
            rows = {row["reply_to"]: AnswerRow.model_validate(row) for row in answers}
            for seen in unfinished:
                if (row := rows.get(str(seen.reader._question_id))) is not None:
                    seen.reader.read(row)
                    seen.note()

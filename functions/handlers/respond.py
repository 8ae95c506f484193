"""respond: a question → retrieved passages → a streamed, cited answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from functions.handlers.answering.assist import Assistant
from functions.handlers.answering.draft import Draft
from functions.handlers.answering.replay import Replays, played
from functions.handlers.answering.write import write
from functions.handlers.retrieval.retrieve import Retriever
from functions.pipeline.answer import Source, Written, make_answer
from functions.pipeline.models import facts_of
from functions.pipeline.prompt import build_prompt
from functions.pipeline.sieve import Sieve
from functions.telemetry import answers
from schema.answers import Answer, Delta, Question, Sampling
from schema.errors import PermanentError, RateLimitedError, StoppedError, SupersededError, TransientError
from schema.jobs import Claim
from schema.ports import Announcer, AnswerStore, Generator, Limit

END_SECONDS = 10.0  # of the job's time, kept for its end
TITLE_SECONDS = 1.0  # that a finished answer waits for the conversation's title
PUT_OFF_SECONDS = 15.0  # a question over the limit waits in the queue for no longer than this
ANSWER = Sampling()


@dataclass(frozen=True)
class RespondHandler:
    """Answers a question and lets everybody who watches the conversation see it appear.

    `models` are those that `generator` asks, in order of preference.
    """

    store: AnswerStore
    retriever: Retriever
    generator: Generator
    announcer: Announcer
    models: Sequence[str]
    limit: Limit
    replays: Replays | None

    async def __call__(self, claim: Claim) -> None:
        """Do one respond job."""
        attempt = _Attempt(claim, time.monotonic())
        await self._admit(claim)
        question = await self.store.start_respond(claim)
        assistant = Assistant(self.generator, self.models[0])
        source = await self._find(question, assistant)
        attempt.retrieved_at = time.monotonic()
        draft = Draft(claim, question.conversation_id, self.store, self.announcer, _sieve(question, source))
        title = asyncio.create_task(_title(question, assistant, draft), name="title")
        try:
            attempt.replayed = await self.replays.find(question, source) if self.replays else None
            await self._write(attempt, draft, source)
            answer = await self._complete(
                attempt, draft, source, await _in_time(title) if draft.begun.is_set() else None
            )
            if self.replays and not attempt.replayed:
                await self.replays.keep(question, source, answer)
        finally:
            title.cancel()
            await asyncio.wait([title])  # its model call ends with it

    async def _admit(self, claim: Claim) -> None:
        """Count the question: one over the limit is put off, and ends where that would take long."""
        try:
            await self.limit.admit(claim.tenant_id, claim.subject_id)
        except RateLimitedError as error:
            if error.retry_after_seconds <= PUT_OFF_SECONDS:
                raise
            raise PermanentError(error.code, error.message) from error

    async def _find(self, question: Question, assistant: Assistant) -> Source:
        """The passages for a question, and the prompt made of them."""
        query = await assistant.query(question)
        retrieved = await self.retriever.retrieve(
            question.user_id, query.text, question.library_id, scope=question.scope
        )
        prompt = build_prompt(question.question, retrieved.passages, question.history, room_for(self.models))
        return Source(query.text, query.rewritten_by, retrieved, prompt, ANSWER, self.models, question.unread)

    async def _write(self, attempt: "_Attempt", draft: Draft, source: Source) -> None:
        """Let the model write; of an answer that the person stopped, what there is of it is kept."""
        try:
            deltas = self._deltas(attempt, source)
            await write(draft, deltas, attempt.seconds_left())
        except StoppedError:
            await draft.end("stopped")
        except asyncio.CancelledError:
            await self._interrupted(attempt, draft, source)
            raise
        if not draft.text:
            _explain_silence(draft)

    def _deltas(self, attempt: "_Attempt", source: Source) -> AsyncGenerator[Delta, None]:
        if attempt.replayed:
            return played(attempt.replayed)
        return self.generator.stream(source.prompt.turns, ANSWER, attempt.claim.tenant_id)

    async def _interrupted(self, attempt: "_Attempt", draft: Draft, source: Source) -> None:
        """This worker was told to stop: by the person, or because it ends and the next one starts over."""
        try:
            await draft.save()
        except StoppedError:
            await draft.end("stopped")
            with suppress(SupersededError):  # the answer is kept as it is, and the job has ended
                await self._complete(attempt, draft, source, None)

    async def _complete(self, attempt: "_Attempt", draft: Draft, source: Source, title: str | None) -> Answer:
        written = Written(
            text=draft.text,
            model=draft.model,
            usage=draft.usage,
            finish_reason=draft.finish_reason or "stop",
            forged=draft.sieve.forged,
            links=draft.sieve.links,
            replayed=attempt.replayed is not None,
        )
        answer = make_answer(written, source, attempt.timings(draft.first_token_at), title)
        await self.store.complete_respond(attempt.claim, answer)
        answers.count(answer, source.retrieved.timings)
        return answer


def room_for(models: Sequence[str]) -> int:
    """Tokens for a prompt that each of the models can read, with its answer."""
    return min(facts_of(model).window for model in models) - ANSWER.max_tokens


@dataclass
class _Attempt:
    """One run of the job, and its times (monotonic clock)."""

    claim: Claim
    started_at: float
    retrieved_at: float = 0.0
    replayed: Delta | None = None

    def seconds_left(self) -> float:
        """For the model, of the time that the job has."""
        return self.started_at + self.claim.deadline_seconds - END_SECONDS - time.monotonic()

    def timings(self, first_token_at: float | None) -> dict[str, int]:
        """In milliseconds, from the start of this attempt; `queued` is the time before it."""
        now = time.monotonic()
        since_start = {"retrieve": self.retrieved_at, "first_token": first_token_at or now, "total": now}
        took = {name: round((at - self.started_at) * 1000) for name, at in since_start.items()}
        return {"queued": self.claim.waited_ms, **took}


def _sieve(question: Question, source: Source) -> Sieve:
    passages = source.prompt.passages
    said = [question.question, *(turn.content for turn in question.history)]
    return Sieve(len(passages), [*said, *(text for passage in passages for text in (passage.title, passage.text))])


def _explain_silence(draft: Draft) -> None:
    """Raise why there is no text. A stopped answer may be empty."""
    if draft.finish_reason == "content_filter":
        raise PermanentError("content_filter", "The model's provider withheld the answer to this question.")
    if draft.finish_reason != "stopped":
        raise TransientError("model_silent", "The model gave no answer.")


async def _title(question: Question, assistant: Assistant, draft: Draft) -> str | None:
    """A name for the conversation, asked for once the answer has begun: a model that does one thing at a time must not
    keep the answer waiting.
    """
    await draft.begun.wait()
    return await assistant.title(question)


async def _in_time(title: "asyncio.Task[str | None]") -> str | None:
    """The title, if it is there in a moment: no answer is held up for long by its conversation's name."""
    await asyncio.wait([title], timeout=TITLE_SECONDS)
    return title.result() if title.done() and not title.exception() else None

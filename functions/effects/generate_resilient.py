"""A model and those that stand in for it: `Generator`.

Until the first words, what can be done depends on what went wrong: a flicker is tried again in place; a model that is
busy, unknown or resting is passed over for the next; a refused key concerns them all. Once words have been seen, only a
new attempt of the job can start over, under a fence of its own.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol
from uuid import UUID

import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exception, wait_random_exponential

from functions.effects.breaker import REST_SECONDS, Breaker
from functions.effects.budget import REFUSED_WITHOUT_A_TIME_SECONDS, Budget, estimated_tokens, wait_for_share
from schema.answers import Delta, Sampling, Turn
from schema.errors import JobError, PermanentError, RateLimitedError, TransientError

FIRST_WORDS_SECONDS = 30.0
TRIES = 2  # of one model, before the next one is asked
PATIENCE_SECONDS = 2.0  # a busy model that asks for no more than this is waited for

log = structlog.get_logger()


class Model(Protocol):
    """A `Generator` with a name."""

    model: str

    def stream(self, turns: Sequence[Turn], sampling: Sampling) -> AsyncGenerator[Delta, None]:
        """As `Generator` has it."""


class ResilientGenerator:
    """Implements `Generator` by models in order of preference. Those that have a budget keep to it."""

    def __init__(self, models: Sequence[Model], breaker: Breaker, budgets: Mapping[str, Budget] | None = None) -> None:
        self._models = models
        self._breaker = breaker
        self._budgets = budgets or {}

    async def stream(
        self, turns: Sequence[Turn], sampling: Sampling, tenant: UUID | None = None
    ) -> AsyncGenerator[Delta, None]:
        """The answer of the first model that gives one."""
        model, opening, deltas = await self._open(turns, sampling, tenant)
        async with aclosing(deltas):
            try:
                for delta in opening:
                    yield delta
                async for delta in deltas:
                    yield delta
            except TransientError:
                await self._breaker.failed(model.model)
                raise
        self._breaker.succeeded(model.model)

    async def _open(
        self, turns: Sequence[Turn], sampling: Sampling, tenant: UUID | None
    ) -> tuple[Model, list[Delta], AsyncGenerator[Delta, None]]:
        """The first model that begins to answer, how it begins, and the rest."""
        errors: list[JobError] = []
        for model in self._models:
            if not await self._breaker.allows(model.model):
                continue
            try:
                return model, *await self._ask(model, turns, sampling, tenant)
            except (PermanentError, RateLimitedError, TransientError) as error:
                errors.append(error)
                log.warning("model_passed_over", model=model.model, code=error.code, error=error.message)
                if error.code == "model_refused_key":
                    break
                if isinstance(error, TransientError):
                    await self._breaker.failed(model.model)
        raise _most_hopeful(errors)

    async def _ask(
        self, model: Model, turns: Sequence[Turn], sampling: Sampling, tenant: UUID | None
    ) -> tuple[list[Delta], AsyncGenerator[Delta, None]]:
        """How one model begins to answer, once it is the tenant's turn."""
        budget = self._budgets.get(model.model)
        if budget is None or tenant is None:
            return await _patiently(model, turns, sampling)
        blocked = await budget.blocked()
        if blocked > PATIENCE_SECONDS:  # another model may answer sooner
            raise RateLimitedError("model_busy", "The model is busy.", blocked)
        asked = sum(estimated_tokens(turn.content) for turn in turns)
        await wait_for_share(budget, str(tenant), asked + sampling.max_tokens)
        try:
            return await _patiently(model, turns, sampling)
        except RateLimitedError as error:
            await budget.refused(error.retry_after_seconds or REFUSED_WITHOUT_A_TIME_SECONDS)
            raise


def _most_hopeful(errors: Sequence[JobError]) -> JobError:
    """What to say when no model answers: while one of them may answer later, the question is not lost."""
    resting = RateLimitedError("model_rests", "The model service does not answer at the moment.", REST_SECONDS)
    passing = [error for error in errors if not isinstance(error, PermanentError)]
    return (passing or list(errors) or [resting])[0]


async def _patiently(
    model: Model, turns: Sequence[Turn], sampling: Sampling
) -> tuple[list[Delta], AsyncGenerator[Delta, None]]:
    attempts = AsyncRetrying(
        retry=retry_if_exception(_is_flicker),
        wait=wait_random_exponential(multiplier=0.2, max=1.0) + wait_exception(_asked_for),
        stop=stop_after_attempt(TRIES),
        reraise=True,
    )

    async def attempt() -> tuple[list[Delta], AsyncGenerator[Delta, None]]:
        return await _begin(model, turns, sampling)

    return await attempts(attempt)


async def _begin(
    model: Model, turns: Sequence[Turn], sampling: Sampling
) -> tuple[list[Delta], AsyncGenerator[Delta, None]]:
    """Everything up to the first words, and the rest."""
    deltas = model.stream(turns, sampling)
    opening: list[Delta] = []
    try:
        async with asyncio.timeout(FIRST_WORDS_SECONDS):
            async for delta in deltas:
                opening.append(delta)
                if delta.text or delta.finish_reason:
                    break
    except TimeoutError as error:
        await deltas.aclose()
        raise TransientError("model_slow", "The model takes too long to begin.") from error
    except BaseException:
        await deltas.aclose()
        raise
    return opening, deltas


def _is_flicker(error: BaseException) -> bool:
    """Whether the same model may answer in a moment."""
    match error:
        case RateLimitedError():
            return error.retry_after_seconds <= PATIENCE_SECONDS
        case TransientError():
            return error.code != "model_slow"
    return False


def _asked_for(error: BaseException) -> float:
    return error.retry_after_seconds if isinstance(error, RateLimitedError) else 0.0

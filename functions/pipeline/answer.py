"""Puts a finished answer together: its text, what it rests on, how it ended, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.pipeline.cite import Cited, cite
from functions.pipeline.models import cost_usd
from functions.pipeline.prompt import Prompt
from schema.answers import Answer, FinishReason, Provenance, Retrieved, Sampling, Usage, Verdict


@dataclass(frozen=True)
class Source:
    """What an answer was made from; `models` in order of preference; `unread` documents could not be searched yet."""

    query: str
    rewritten_by: str | None
    retrieved: Retrieved
    prompt: Prompt
    sampling: Sampling
    models: Sequence[str]
    unread: int = 0


@dataclass(frozen=True)
class Written:
    """What the model wrote, sieved: `forged` markers and `links` were left out."""

    text: str
    model: str
    usage: Usage | None
    finish_reason: FinishReason
    forged: int
    links: int
    replayed: bool


def make_answer(written: Written, source: Source, timings: dict[str, int], title: str | None) -> Answer:
    """The answer as its row keeps it."""
    cited = cite(written.text, source.prompt.passages)
    return Answer(
        content=written.text,
        model=written.model,
        usage=_priced(written),
        timings=timings,
        citations=cited.citations,
        metadata=_verdict(written, cited, source),
        provenance=_provenance(source),
        title=title,
    )


def _priced(written: Written) -> Usage | None:
    usage = written.usage
    return usage and usage.model_copy(update={"cost_usd": cost_usd(written.model, usage)})


def _verdict(written: Written, cited: Cited, source: Source) -> Verdict:
    return Verdict(
        passages=len(source.prompt.passages),
        finish_reason=written.finish_reason,
        refused=cited.refused,
        supported=cited.refused or (bool(cited.citations) and not cited.doubts),
        doubts=cited.doubts,
        forged_markers=written.forged,
        removed_links=written.links,
        unread=source.unread,
        replayed=written.replayed,
    )


def _provenance(source: Source) -> Provenance:
    return Provenance(
        query=source.query,
        rewritten_by=source.rewritten_by,
        candidates=source.retrieved.candidates,
        passages=[passage.chunk_id for passage in source.prompt.passages],
        prompt_sha256=source.prompt.sha256,
        prompt_tokens=source.prompt.tokens,
        parameters={"models": list(source.models), **source.sampling.model_dump()},
        embedding_model=source.retrieved.embedding_model or None,
        notes=source.retrieved.notes,
    )

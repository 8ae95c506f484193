"""What a finished answer adds to the metrics."""

from collections.abc import Mapping

from functions.telemetry.metrics import ANSWER, ANSWERS, FIRST_TOKEN, MODEL_COST, REMOVED, RETRIEVAL
from schema.answers import Answer


def count(answer: Answer, steps: Mapping[str, int]) -> None:
    """Count an answer; `steps` are those of its search, in milliseconds."""
    verdict, took = answer.metadata, answer.timings
    ANSWERS.labels(verdict.finish_reason, str(verdict.supported).lower()).inc()
    FIRST_TOKEN.observe((took["queued"] + took["first_token"]) / 1000)
    ANSWER.observe((took["queued"] + took["total"]) / 1000)
    REMOVED.labels("marker").inc(verdict.forged_markers)
    REMOVED.labels("link").inc(verdict.removed_links)
    for step, milliseconds in steps.items():
        RETRIEVAL.labels(step).observe(milliseconds / 1000)
    if answer.usage and answer.usage.cost_usd:
        MODEL_COST.labels(answer.model).inc(answer.usage.cost_usd)

"""Status, headers and body of a good answer."""

from dataclasses import dataclass, field
from urllib.parse import quote as url_quote

import orjson

from infra.local.gateway.data_api.errors import ApiError
from infra.local.gateway.data_api.execute import Outcome
from infra.local.gateway.data_api.plan import Plan
from infra.local.gateway.data_api.preferences import Accept, Preferences

SAID = {
    "read": ("count",),
    "call": ("count", "max-affected"),
    "insert": ("resolution", "missing", "return", "count", "handling", "max-affected"),
    "update": ("missing", "return", "count", "handling", "max-affected"),
    "delete": ("return", "count", "handling", "max-affected"),
}


@dataclass(slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def respond(plan: Plan, outcome: Outcome, preferences: Preferences, accept: Accept, schema: str, name: str) -> Answer:
    """Return the answer to a plan that went well; raises ApiError for an impossible range or a bad response setting."""
    answer = (
        _written(plan, outcome, preferences, name)
        if plan.kind in ("insert", "update", "delete")
        else _shown(plan, outcome)
    )
    if answer.body or answer.status == 200:
        answer.headers["content-type"] = accept.content_type
    if plan.kind in ("read", "call") and not plan.silent:
        answer.headers["content-profile"] = schema
    applied = preferences.applied(*SAID[plan.kind])
    if applied:
        answer.headers["preference-applied"] = applied
    _obey(answer, outcome)
    return answer


def _shown(plan: Plan, outcome: Outcome) -> Answer:
    """Return the answer of a read or a call."""
    if plan.silent:
        return Answer(204)
    total = outcome.total
    if total is not None and plan.offset > total:
        raise ApiError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            f"An offset of {plan.offset} was requested, but there are only {total} rows.",
        )
    partial = total is not None and outcome.rows < total
    return Answer(
        206 if partial else 200, outcome.body, {"content-range": content_range(plan.offset, outcome.rows, total)}
    )


def _written(plan: Plan, outcome: Outcome, preferences: Preferences, name: str) -> Answer:
    counted = outcome.rows if preferences.get("count") else None
    first = 0 if plan.kind == "update" else 1  # PostgREST shows the rows' range for updates alone
    headers = {"content-range": content_range(first, outcome.rows if plan.kind == "update" else 0, counted)}
    whole = preferences.get("return") == "representation"
    if plan.key and outcome.body:
        headers["location"] = _location(plan, outcome, name)
    if plan.kind == "insert":
        status = 200 if outcome.total == 0 else 201  # an upsert that only updated made nothing
        return Answer(status, outcome.body if whole else b"", headers)
    return Answer(200 if whole else 204, outcome.body if whole else b"", headers)


def content_range(offset: int, rows: int, total: int | None) -> str:
    """Return ``Content-Range``: first and last row shown, and the total or ``*``."""
    span = f"{offset}-{offset + rows - 1}" if rows and total != 0 else "*"
    return f"{span}/{'*' if total is None else total}"


def _location(plan: Plan, outcome: Outcome, name: str) -> str:
    row = orjson.loads(outcome.body)
    conditions = "&".join(f"{url_quote(key)}=eq.{url_quote(_plain(row[key]))}" for key in plan.key)
    return f"/{url_quote(name)}?{conditions}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _obey(answer: Answer, outcome: Outcome) -> None:
    """Apply what the database said through ``response.headers`` and ``response.status``."""
    if outcome.headers:
        answer.headers.update(_asked_headers(outcome.headers))
    if outcome.status:
        if not (outcome.status.isdigit() and 200 <= int(outcome.status) <= 599):
            raise ApiError(500, "PGRST112", "response.status guc must be a valid status code")
        answer.status = int(outcome.status)


def _asked_headers(document: bytes) -> dict[str, str]:
    try:
        pairs = [(name, value) for item in orjson.loads(document) for name, value in item.items()]
    except (ValueError, TypeError, AttributeError):
        pairs = [("", None)]
    if not all(name and isinstance(value, str) for name, value in pairs):
        raise ApiError(
            500,
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a single key and a string value",
        )
    return {name.lower(): value for name, value in pairs}

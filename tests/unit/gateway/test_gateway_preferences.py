"""What the client wishes: Prefer, Accept, Range."""

import pytest

from infra.local.gateway.data_api.errors import ApiError, status_of
from infra.local.gateway.data_api.preferences import parse_accept, parse_prefer, parse_range
from infra.local.gateway.data_api.respond import content_range
from infra.local.gateway.wire import DatabaseError


def test_prefer() -> None:
    preferences = parse_prefer("return=representation, count=exact,nonsense=1, max-affected=5")
    assert (preferences.get("return"), preferences.get("count"), preferences.max_affected) == (
        "representation",
        "exact",
        None,
    )
    assert parse_prefer("handling=strict,max-affected=5").max_affected == 5
    assert preferences.applied("return", "count", "resolution") == "return=representation, count=exact"
    with pytest.raises(ApiError) as refused:
        parse_prefer("handling=strict, nonsense=1")
    assert (refused.value.code, refused.value.details) == ("PGRST122", "Invalid preferences: nonsense=1")


@pytest.mark.parametrize(
    ("header", "shape", "strip"),
    [
        ("", "array", False),
        ("*/*", "array", False),
        ("text/html, application/json;q=0.9", "array", False),
        ("application/vnd.pgrst.object+json", "object", False),
        ("application/vnd.pgrst.object+json;nulls=stripped", "object", True),
        ("application/vnd.pgrst.array+json;nulls=stripped", "array", True),
        ("text/csv", "csv", False),
    ],
)
def test_accept(header: str, shape: str, strip: bool) -> None:
    accept = parse_accept(header)
    assert (accept.shape, accept.strip_nulls) == (shape, strip)


def test_accept_of_something_else() -> None:
    with pytest.raises(ApiError) as refused:
        parse_accept("application/vnd.pgrst.plan+json")
    assert (refused.value.status, refused.value.code) == (406, "PGRST107")


@pytest.mark.parametrize(
    ("header", "wanted"), [(None, (0, None)), ("0-9", (0, 10)), ("5-", (5, None)), ("x", (0, None)), ("7-7", (7, 1))]
)
def test_range(header: str | None, wanted: tuple[int, int | None]) -> None:
    assert parse_range(header) == wanted


def test_range_backwards() -> None:
    with pytest.raises(ApiError) as refused:
        parse_range("5-1")
    assert (refused.value.status, refused.value.code) == (416, "PGRST103")


def test_content_range() -> None:
    assert content_range(10, 5, 100) == "10-14/100"
    assert content_range(0, 0, None) == "*/*"
    assert content_range(0, 0, 0) == "*/0"


@pytest.mark.parametrize(
    ("state", "message", "anonymous", "status"),
    [
        ("23505", "", False, 409),
        ("42501", "", True, 401),
        ("42501", "", False, 403),
        ("22023", 'role "x" does not exist', False, 401),
        ("22023", "other", False, 400),
        ("21000", "query returned more than one row", False, 500),
        ("21000", "UPDATE requires a WHERE clause", False, 400),
        ("PT499", "", False, 499),
        ("08006", "", False, 503),
        ("99999", "", False, 400),
    ],
)
def test_status_of_database_errors(state: str, message: str, anonymous: bool, status: int) -> None:
    assert status_of(DatabaseError(state, message), anonymous) == status

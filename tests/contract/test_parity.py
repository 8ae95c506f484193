"""Listeners and functions do the same: see `tests.parity`, which runs it with more events."""

from pathlib import Path

from tests import databases
from tests.parity.rows import differences
from tests.parity.run import Services, compare

EVENTS = 100


def test_the_same_events_leave_identical_rows(
    server: databases.Server, chroma: str, model_server: str, tmp_path: Path
) -> None:
    report = compare(EVENTS, Services(server, chroma, model_server, tmp_path))

    assert report.differences == []
    assert report.rows["jobs"] == 0
    # What was compared is what was meant to be: documents, one of them empty, and cited, failed and stopped answers.
    assert report.rows["documents"] == 15
    assert report.rows["messages"] == 130
    assert report.rows["citations"] >= 30
    assert report.rows["vectors"] == report.rows["chunks"] == 28


def test_a_difference_would_be_seen() -> None:
    one, changed, doubled = {"chunks": [{"id": 1}]}, {"chunks": [{"id": 2}]}, {"chunks": [{"id": 1}, {"id": 1}]}

    assert differences(one, one) == []
    assert len(differences(one, changed)) == 2
    assert differences(one, doubled) == ["chunks: 1 rows by listeners, 2 by functions"]

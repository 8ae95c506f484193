"""Measures and collections of `rivulet eval`."""

import math
from pathlib import Path

import pytest

from infra.cli.errors import CommandError
from infra.cli.evaluation.answers import Answered, measure
from infra.cli.evaluation.dataset import SMALL, Answers, read_dataset
from infra.cli.evaluation.measures import exact, ndcg, percentile, recall, reciprocal_rank, token_f1
from infra.cli.evaluation.run import Report
from infra.cli.evaluation.screen import as_json, as_plot


def test_ndcg_by_hand() -> None:
    assert ndcg(["a", "b"], {"a": 1}) == 1
    assert ndcg(["b", "a"], {"a": 1}) == pytest.approx(1 / math.log2(3))
    assert ndcg(["b", "a"], {"a": 3, "b": 1}) == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert ndcg([*"bcdefghijk", "a"], {"a": 1}) == 0


def test_recall_and_reciprocal_rank() -> None:
    assert recall(["a", "x", "b"], {"a": 1, "b": 1}, 2) == 0.5
    assert reciprocal_rank(["x", "a"], {"a": 1}) == 0.5
    assert reciprocal_rank(["x"], {"a": 1}) == 0


def test_answers_are_compared_by_words() -> None:
    assert exact("The Weir!", ["weir"]) == 1
    assert token_f1("in 1903 by Falk", ["1903"]) == pytest.approx(2 / 5)
    assert token_f1("no", ["yes"]) == 0


def test_percentile_is_one_of_the_values() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 0.95) == 3


def test_the_small_set_is_whole() -> None:
    small = read_dataset(SMALL)
    known = {text.id for text in small.corpus}
    assert all(set(relevant) <= known for relevant in small.relevant.values())
    assert set(small.queries) == set(small.relevant)


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "?"}\n')
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "text": "x"}\n{"text": "y"}\n')
    with pytest.raises(CommandError, match=r"corpus\.jsonl, line 2"):
        read_dataset(tmp_path)
    (tmp_path / "qrels" / "test.tsv").unlink()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "text": "x"}\n')
    with pytest.raises(CommandError, match=r"test\.tsv"):
        read_dataset(tmp_path)


def test_a_report_is_one_object_and_a_picture() -> None:
    arms = {arm: {"ndcg@10": 0.5, "recall@10": 0.25} for arm in ("dense", "lexical", "fused")}
    report = Report("a&b", 1, 2, 3, 0, arms, 1.0, 2.0)
    assert as_json(report)["fused"] == {"ndcg@10": 0.5, "recall@10": 0.25}
    assert as_json(report)["p95_ms"] == 2.0
    assert "a&amp;b" in as_plot(report)
    assert as_plot(report).count("<rect") == 3 * 2 + 3


def test_answers_are_measured_by_their_citations_and_refusals() -> None:
    right = Answered("In 1903 [1].", {"supported": True}, [(1, "in 1903", "built in 1903 by Falk")], False)
    forged = Answered("In 1904 [2].", {"supported": False}, [(1, "in 1904", "built in 1903")], False)
    refused = Answered("No.", {"refused": True}, [], False)
    asked = {
        "a": Answers("?", ["in 1903"]),
        "b": Answers("?", ["in 1903"]),
        "c": Answers("?", []),
        "d": Answers("?", ["x"]),
    }
    figures = measure({"a": right, "b": forged, "c": refused, "d": refused}, asked)
    assert figures["citation_validity"] == 0.5
    assert figures["support"] == 0.5
    assert figures["refusals_of_unanswerable"] == 1
    assert figures["refusals_of_answerable"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["exact"] == pytest.approx(1 / 3, abs=1e-4)

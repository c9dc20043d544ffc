"""Assessing a cell: what is reported, plugin metrics, checks of what strategies return."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from imbench.errors import UsageError
from imbench.scoring import POLICIES, Measured, assess, check_decided, check_scores, decision_metrics, score_metrics


@pytest.fixture
def cell():
    rng = np.random.default_rng(0)

    def part(rows):
        labels = (np.arange(rows) < rows // 20).astype(np.int64)
        p = 1 / (1 + np.exp(-rng.normal(size=rows) - 2.5 * labels + 3))
        return np.stack([1 - p, p], axis=1).astype(np.float32), labels

    scores, labels = part(400)
    validation_scores, validation_labels = part(300)
    return {
        "scores": scores,
        "labels": labels,
        "validation_scores": validation_scores,
        "validation_labels": validation_labels,
        "prior": np.array([0.95, 0.05]),
        "training_counts": np.array([950, 50]),
    }


def test_reports_every_metric_under_every_policy_ready_for_json(cell):
    got = assess(**cell)
    expected = score_metrics(cell["scores"], cell["labels"], training_counts=cell["training_counts"])
    assert got.metrics == dict(expected.values)
    assert list(got.decisions) == list(got.policies) == list(POLICIES)
    assert got.policies["prior"] == "positive if score > 0.05"
    assert got.decisions["tuned"]["balanced_accuracy"] > got.decisions["argmax"]["balanced_accuracy"]
    assert got.undefined == {}
    assert json.loads(json.dumps(got.metrics, allow_nan=False)) == got.metrics
    json.dumps(got.decisions, allow_nan=False)


def test_a_strategys_own_decisions_are_reported_beside_the_policies(cell):
    decided = np.ones(400, np.int64)
    got = assess(**cell, decided=decided, policies=("prior",))
    expected = decision_metrics(decided, cell["labels"], training_counts=cell["training_counts"])
    assert list(got.decisions) == ["prior", "own"]
    assert got.decisions["own"] == dict(expected.values)


def test_undefined_metrics_are_none_with_a_reason(cell):
    got = assess(**{**cell, "labels": np.zeros(400, np.int64)})
    assert got.metrics["ap"] is None
    assert all(got.decisions[policy]["recall"] is None for policy in POLICIES)
    nothing = {
        name for block in (got.metrics, *got.decisions.values()) for name, value in block.items() if value is None
    }
    assert set(got.undefined) == nothing
    assert got.undefined["ap"] == got.undefined["recall"] == "no positives in the test"


def test_a_fallback_of_tuned_is_reported(cell):
    got = assess(**{**cell, "validation_labels": np.zeros(300, np.int64)})
    assert got.policies["tuned"] == "positive if score > 0.05 (as prior: no rows of class 1 in validation)"
    assert got.decisions["tuned"] == got.decisions["prior"]


def test_float64_scores_are_assessed_as_the_float32_that_is_stored(cell):
    wide = {**cell, "scores": cell["scores"].astype(np.float64) + 1e-10}
    assert assess(**wide) == assess(**{**wide, "scores": wide["scores"].astype(np.float32)})


def test_metrics_of_plugins_are_added_and_their_failures_stay_theirs(cell):
    def broken(scores, labels):
        raise RuntimeError("no users\nin this set")

    def tampering(scores, labels):
        labels[:] = 1
        return 1.0

    extra = {
        "mean": lambda scores, labels: scores[:, 1].mean(),
        "broken": broken,
        "tampering": tampering,
        "nan": lambda scores, labels: float("nan"),
        "none": lambda scores, labels: None,
        "infinite": lambda scores, labels: np.inf,
        "ap": lambda scores, labels: 1.0,
    }
    plain, got = assess(**cell), assess(**cell, extra=extra)
    assert got.metrics["mean"] == pytest.approx(float(cell["scores"][:, 1].mean()))
    assert got.undefined["broken"] == "RuntimeError: no users in this set"
    assert got.undefined["tampering"].startswith("ValueError: assignment destination is read-only")
    assert got.undefined["nan"] == "the metric returned nan"
    assert got.undefined["none"].startswith("TypeError")
    assert got.undefined["infinite"] == "the metric returned inf"
    assert got.undefined["extra:ap"] == "imbench has a metric of that name"
    assert {name: got.metrics[name] for name in plain.metrics} == plain.metrics
    assert got.decisions == plain.decisions
    assert set(got.undefined) == {name for name, value in got.metrics.items() if value is None}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"policies": ("argmx",)}, UsageError, "did you mean 'argmax'"),
        ({"decided": np.full(400, 2)}, ValueError, "own decisions: expected labels in 0 … 1"),
        ({"scores": np.ones((400, 2))}, ValueError, "scores: expected rows of scores that sum to 1, got 2 in row 0"),
        ({"validation_scores": np.ones((300, 2))}, ValueError, "validation scores: expected rows"),
        ({"prior": np.array([0.5, 0.4])}, ValueError, "prior: expected"),
    ],
)
def test_malformed_input_is_named(cell, change, error, message):
    with pytest.raises(error, match=message):
        assess(**{**cell, **change})


GOOD = np.array([[0.25, 0.75], [1.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_that_are_scores(dtype):
    assert check_scores(GOOD.astype(dtype), 2, 2) == ""
    assert check_scores(GOOD.astype(dtype) * (1 + 9e-4), 2, 2) == ""
    assert check_scores(np.empty((0, 2), dtype), 0, 2) == ""
    assert check_scores(np.full((2, 1000), 1e-3, dtype), 2, 1000) == ""


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (GOOD[:1], "expected scores of shape (2, 2), got (1, 2)"),
        (np.array([1, 0]), "expected scores of shape (2, 2), got (2,): labels instead of scores?"),
        (np.array([[0, 1], [1, 0]]), "expected floating scores, got int64"),
        (np.array([["a", "b"], ["c", "d"]]), "expected floating scores, got <U1"),
        (np.array([[0.5, 0.5], [np.nan, np.inf]]), "expected finite scores, got 2 NaN or infinite, first in row 1"),
        (np.array([[0.5, 0.5], [1.5, -0.5]]), "expected scores ≥ 0, got -0.5 in row 1: logits?"),
        (np.array([[0.5, 0.5], [0.5, 0.502]]), "expected rows of scores that sum to 1, got 1.002 in row 1"),
        (np.zeros((2, 2)), "expected rows of scores that sum to 1, got 0 in row 0"),
    ],
)
def test_scores_that_are_none_have_a_reason(scores, reason):
    assert check_scores(scores, 2, 2) == reason


@pytest.mark.parametrize(
    ("decided", "reason"),
    [
        (np.array([0, 1], np.uint8), ""),
        (np.array([0]), "expected labels of shape (2,), got (1,)"),
        (np.array([0.0, 1.0]), "expected integer labels, got float64"),
        (np.array([0, 2]), "expected labels in 0 … 1, got 0 … 2"),
    ],
)
def test_decisions_have_a_reason_unless_they_are_labels(decided, reason):
    assert check_decided(decided, 2, 2) == reason


@pytest.mark.parametrize(
    ("values", "undefined"), [({"a": np.nan}, {}), ({"a": 1.0}, {"a": "why"}), ({"a": np.inf}, {}), ({}, {"a": "why"})]
)
def test_measured_refuses_a_nan_without_a_reason_and_the_reverse(values, undefined):
    with pytest.raises(ValueError, match="expected"):
        Measured(values=values, undefined=undefined)


def test_scoring_loads_neither_torch_nor_scikit_learn():
    code = (
        "import sys, imbench.scoring; print([m for m in ('torch', 'sklearn', 'scipy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

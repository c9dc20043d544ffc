"""Label metrics: parity with scikit-learn and imbalanced-learn, edge behaviour, invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score, specificity_score
from numpy.testing import assert_allclose
from sklearn import metrics as oracle

from imbench.scoring import decision_metrics

quick = settings(max_examples=60, deadline=None)
OVER_CLASSES = ("balanced_accuracy", "macro_f1", "worst_recall", "g_mean", "mcc")


def measured(predicted, labels, counts):
    return decision_metrics(np.asarray(predicted), np.asarray(labels), training_counts=np.asarray(counts))


@st.composite
def decisions(draw, absent: bool = False):
    """(predicted, labels, C). Every class occurs in the labels unless `absent`; predictions are free."""
    n_classes, rows = draw(st.integers(2, 5)), draw(st.integers(1, 50))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    classes = rng.permutation(n_classes)
    labels = rng.choice(classes[: draw(st.integers(1, n_classes))] if absent else classes, rows)
    labels = labels if absent else np.concatenate([labels, classes])
    skill = draw(st.sampled_from([0.0, 0.5, 1.0]))
    guesses = rng.choice(classes[: draw(st.integers(1, n_classes))], len(labels))
    return np.where(rng.random(len(labels)) < skill, labels, guesses), labels, n_classes


@quick
@given(decisions())
def test_equal_to_scikit_learn_and_imbalanced_learn(case):
    predicted, labels, n_classes = case
    got = measured(predicted, labels, [50] * n_classes).values
    recalls = oracle.recall_score(labels, predicted, average=None)
    expected = {
        "balanced_accuracy": oracle.balanced_accuracy_score(labels, predicted),
        "macro_f1": oracle.f1_score(labels, predicted, average="macro"),
        "worst_recall": recalls.min(),
        "g_mean": geometric_mean_score(labels, predicted, average="multiclass"),
        "mcc": oracle.matthews_corrcoef(labels, predicted),
    } | {f"recall_{c}": recalls[c] for c in range(n_classes)}
    if n_classes == 2:
        expected |= {
            "precision": oracle.precision_score(labels, predicted, zero_division=0),
            "recall": oracle.recall_score(labels, predicted),
            "f1": oracle.f1_score(labels, predicted),
            "specificity": specificity_score(labels, predicted),
        }
    for name, value in expected.items():
        assert_allclose(got[name], value, atol=1e-9, err_msg=name)


@quick
@given(decisions(absent=True))
def test_classes_absent_from_the_test_are_left_out(case):
    predicted, labels, n_classes = case
    got = measured(predicted, labels, [50] * n_classes)
    present = np.unique(labels)
    for c in set(range(n_classes)) - set(present):
        assert got.undefined[f"recall_{c}"] == f"no rows of class {c} in the test"
    if len(present) == 1:
        assert all(got.undefined[name] == "the test rows are all of one class" for name in OVER_CLASSES)
        return
    recalls = oracle.recall_score(labels, predicted, labels=present, average=None)
    assert_allclose(got.values["balanced_accuracy"], recalls.mean(), atol=1e-9)
    assert_allclose(got.values["g_mean"], np.prod(recalls) ** (1 / len(present)), atol=1e-9)
    assert_allclose(
        got.values["macro_f1"], oracle.f1_score(labels, predicted, labels=present, average="macro"), atol=1e-9
    )
    assert_allclose(got.values["mcc"], oracle.matthews_corrcoef(labels, predicted), atol=1e-9)


@quick
@given(decisions(absent=True), st.integers(0, 2**32))
def test_what_is_undefined_does_not_depend_on_the_decisions(case, seed):
    predicted, labels, n_classes = case
    other = np.random.default_rng(seed).integers(0, n_classes, len(labels))
    counts = [500, 50, 5, 50, 50][:n_classes]
    assert measured(predicted, labels, counts).undefined == measured(other, labels, counts).undefined


@quick
@given(decisions(absent=True), st.integers(0, 2**32))
def test_macro_metrics_do_not_depend_on_the_order_of_classes(case, seed):
    predicted, labels, n_classes = case
    new_of_old = np.random.default_rng(seed).permutation(n_classes)
    before = measured(predicted, labels, [50] * n_classes).values
    after = measured(new_of_old[predicted], new_of_old[labels], [50] * n_classes).values
    for name in OVER_CLASSES:
        assert_allclose(after[name], before[name], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_all_negative_decisions_have_mcc_zero_precision_zero_and_specificity_one(share):
    labels = (np.arange(200) < 200 * share).astype(np.int64)
    got = measured(np.zeros(200, np.int64), labels, [190, 10])
    assert got.undefined == {}
    expected = {"mcc": 0, "precision": 0, "recall": 0, "f1": 0, "g_mean": 0, "worst_recall": 0, "specificity": 1}
    assert {name: got.values[name] for name in expected} == expected
    assert got.values["balanced_accuracy"] == 0.5
    assert measured(np.ones(200, np.int64), labels, [190, 10]).values["mcc"] == 0


def test_macro_f1_is_the_mean_of_f1_not_f1_of_means():
    predicted, labels = np.array([0] * 90 + [1] * 10), np.array([0] * 88 + [1] * 2 + [0] * 7 + [1] * 3)
    f1 = oracle.f1_score(labels, predicted, average=None)
    precision, recall = (
        oracle.precision_score(labels, predicted, average="macro"),
        oracle.recall_score(labels, predicted, average="macro"),
    )
    got = measured(predicted, labels, [95, 5]).values["macro_f1"]
    assert_allclose(got, f1.mean(), atol=1e-12)
    assert abs(got - 2 * precision * recall / (precision + recall)) > 1e-3


def test_a_test_without_positives_says_so_for_each_metric_of_the_positive():
    got = measured([0, 1, 0], [0, 0, 0], [30, 3])
    reason = "no positives in the test"
    assert {name: got.undefined[name] for name in ("precision", "recall", "f1")} == {
        "precision": reason, "recall": reason, "f1": reason,
    }  # fmt: skip
    assert_allclose(got.values["specificity"], 2 / 3)
    assert measured([0, 1], [1, 1], [3, 30]).undefined["specificity"] == "no negatives in the test"


def test_no_rows_are_undefined_throughout():
    got = measured(np.empty(0, np.int64), np.empty(0, np.int64), [30, 3])
    assert set(got.undefined) == set(got.values)


def test_groups_by_training_rows_with_their_bounds():
    counts = [101, 100, 20, 19, 500]
    labels = np.array([0, 0, 1, 2, 2, 3, 4, 4])
    predicted = np.array([0, 1, 1, 2, 0, 0, 4, 4])
    got = measured(predicted, labels, counts).values
    assert_allclose(got["recall_many"], (0.5 + 1.0) / 2)
    assert_allclose(got["recall_medium"], (1.0 + 0.5) / 2)
    assert got["recall_few"] == 0.0


def test_empty_groups_say_why():
    got = measured([0, 1], [0, 1], [200, 200, 5])
    assert got.undefined["recall_medium"] == "no class with 20 … 100 training rows"
    assert got.undefined["recall_few"] == "no class with 0 … 19 training rows occurs in the test"
    assert math.isnan(got.values["recall_few"])


def test_many_classes_are_not_listed_one_by_one():
    labels = np.arange(21)
    assert "recall_0" not in measured(labels, labels, [30] * 21).values
    assert measured(labels[:20], labels[:20], [30] * 20).values["recall_19"] == 1.0


def test_mcc_of_many_rows_does_not_overflow():
    labels = np.repeat([0, 1], [300_000, 300])
    predicted = np.concatenate([np.repeat([0, 1], [299_000, 1_000]), np.repeat([0, 1], [100, 200])])
    expected = oracle.matthews_corrcoef(labels, predicted)
    assert_allclose(measured(predicted, labels, [9, 9]).values["mcc"], expected, atol=1e-9)


def test_narrow_integer_decisions_do_not_overflow():
    labels = np.arange(20)
    assert measured(labels.astype(np.int8), labels.astype(np.uint8), [30] * 20).values["balanced_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("predicted", "message"), [([0, 2], "0 … 1"), ([-1, 0], "0 … 1"), ([0], "shape"), ([0.0, 1.0], "integer")]
)
def test_what_is_no_label_is_refused(predicted, message):
    with pytest.raises(ValueError, match=message):
        measured(predicted, [0, 1], [30, 3])

"""Score metrics: parity with scikit-learn and scipy, what is undefined when, invariances, float32 extremes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import ks_2samp
from sklearn import metrics as oracle

from imbench.scoring import score_metrics
from imbench.scoring.probability import ECE_BINS, RANKING_METRICS

quick = settings(max_examples=80, deadline=None)


@st.composite
def cells(draw, at_least=2, at_most=5):
    """(scores, labels, C): ties, constant scores, scores of exactly 0 and 1, absent classes, single rows."""
    n_classes, rows = draw(st.integers(at_least, at_most)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["fine", "ties", "constant", "hard"]))
    weights = {
        "fine": lambda: rng.random((rows, n_classes)),
        "ties": lambda: rng.integers(0, 3, (rows, n_classes)) + 0.1,
        "constant": lambda: np.ones((rows, n_classes)),
        "hard": lambda: np.eye(n_classes)[rng.integers(0, n_classes, rows)],
    }[kind]()
    present = rng.permutation(n_classes)[: draw(st.integers(1, n_classes))]
    return weights / weights.sum(axis=1, keepdims=True), rng.choice(present, rows), n_classes


def measured(scores, labels, counts=None):
    n_classes = scores.shape[1]
    counts = np.arange(n_classes, 0, -1) * 10 if counts is None else np.asarray(counts)
    return score_metrics(scores, labels, training_counts=counts)


def binary(p, labels, **kwargs):
    p = np.asarray(p)
    return measured(np.stack([1 - p, p], axis=1), np.asarray(labels), **kwargs)


@quick
@given(cells())
def test_ranking_metrics_equal_scikit_learn_and_scipy(cell):
    scores, labels, n_classes = cell
    got = measured(scores, labels)
    classes = [1] if n_classes == 2 else range(n_classes)
    scored = [c for c in classes if 0 < (labels == c).sum() < len(labels)]
    if not scored:
        assert all(name in got.undefined and math.isnan(got.values[name]) for name in RANKING_METRICS)
        return
    ap = [oracle.average_precision_score(labels == c, scores[:, c]) for c in scored]
    share = [np.mean(labels == c) for c in scored]
    auc = [oracle.roc_auc_score(labels == c, scores[:, c]) for c in scored]
    ks = [
        ks_2samp(scores[labels != c, c], scores[labels == c, c], alternative="greater", method="asymp").statistic
        for c in scored
    ]
    assert_allclose(got.values["ap"], np.mean(ap), atol=1e-9)
    assert_allclose(got.values["ap_lift"], np.mean((np.array(ap) - share) / (1 - np.array(share))), atol=1e-9)
    assert_allclose(got.values["roc_auc"], np.mean(auc), atol=1e-9)
    assert_allclose(got.values["ks"], np.mean(ks), atol=1e-9)
    if n_classes > 2:
        assert got.values["classes_scored"] == len(scored)


@quick
@given(cells())
def test_probability_metrics_equal_scikit_learn(cell):
    scores, labels, n_classes = cell
    got = measured(scores, labels)
    classes = np.arange(n_classes)
    assert_allclose(got.values["log_loss"], oracle.log_loss(labels, y_proba=scores, labels=classes), atol=1e-9)
    assert_allclose(got.values["brier"], oracle.brier_score_loss(labels, scores, labels=classes), atol=1e-9)
    if len(set(labels)) == 1:
        assert "brier_skill" in got.undefined
    else:
        assert_allclose(
            got.values["brier_skill"], oracle.d2_brier_score(labels, scores, labels=classes), rtol=1e-9, atol=1e-9
        )


def test_macro_auc_is_scikit_learns_one_vs_rest_when_all_classes_occur():
    rng = np.random.default_rng(0)
    scores, labels = rng.dirichlet(np.ones(4), 80), np.arange(80) % 4
    expected = oracle.roc_auc_score(labels, scores, multi_class="ovr", average="macro")
    assert_allclose(measured(scores, labels).values["roc_auc"], expected, atol=1e-12)


@quick
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.7]), st.booleans()), min_size=2, max_size=6))
def test_precision_at_k_is_the_mean_over_every_order_of_the_ties(rows):
    p, labels = np.array([row[0] for row in rows]), np.array([int(row[1]) for row in rows])
    k = labels.sum()
    if not 0 < k < len(labels):
        return
    hits = []
    for order in itertools.permutations(range(len(p))):
        order = np.array(order)
        ranked = order[np.argsort(-p[order], kind="stable")]
        hits.append(labels[ranked[:k]].sum())
    got = binary(p, labels).values
    assert_allclose([got["precision_at_k"], got["recall_at_k"]], np.mean(hits) / k, atol=1e-12)


def naive_ece(p, positive, bins):
    """Bin by bin in plain loops: a row's bin is given by how many rows score strictly higher."""
    total = 0.0
    in_bin = [sum(q > value for q in p) * bins // len(p) for value in p]
    for b in range(bins):
        rows = [i for i in range(len(p)) if in_bin[i] == b]
        if rows:
            gap = np.mean([p[i] for i in rows]) - np.mean([positive[i] for i in rows])
            total += len(rows) / len(p) * abs(gap)
    return total


@quick
@given(cells())
def test_minority_ece_equals_the_definition_on_the_smallest_training_class(cell):
    scores, labels, n_classes = cell
    for smallest in range(n_classes):
        counts = np.full(n_classes, 50)
        counts[smallest] = 7
        expected = naive_ece(scores[:, smallest], labels == smallest, ECE_BINS)
        assert_allclose(measured(scores, labels, counts).values["minority_ece"], expected, atol=1e-12)


def test_the_minority_class_needs_training_rows_and_the_last_of_equals_is_taken():
    rng = np.random.default_rng(1)
    scores, labels = rng.dirichlet(np.ones(3), 50), rng.integers(0, 3, 50)
    for counts, smallest in (([5, 5, 5], 2), ([5, 3, 0], 1), ([2, 2, 9], 1)):
        expected = naive_ece(scores[:, smallest], labels == smallest, ECE_BINS)
        assert_allclose(measured(scores, labels, counts).values["minority_ece"], expected, atol=1e-12)


def test_equal_mass_bins_see_a_rare_class_where_equal_width_bins_do_not():
    # 1 % positives, all in the lower half of a score that never leaves the first equal-width bin.
    p = np.linspace(0.0, 0.02, 1000)
    labels = np.zeros(1000, np.int64)
    labels[:10] = 1
    assert_allclose(p.mean(), labels.mean(), atol=1e-9)
    assert binary(p, labels).values["minority_ece"] > 0.008


@quick
@given(cells(at_most=2), st.sampled_from([lambda p: p**3, lambda p: p / 2, lambda p: (p + p**2) / 3]))
def test_ranking_is_unchanged_by_strictly_rising_transforms(cell, rising):
    scores, labels, _ = cell
    p = scores[:, 1]
    before, after = binary(p, labels), binary(rising(p), labels)
    for name in RANKING_METRICS:
        assert_allclose(after.values[name], before.values[name], atol=1e-12)


@quick
@given(cells(at_least=3), st.integers(0, 2**32))
def test_macro_metrics_do_not_depend_on_the_order_of_classes_or_rows(cell, seed):
    scores, labels, n_classes = cell
    rng = np.random.default_rng(seed)
    rows, new_of_old = rng.permutation(len(labels)), rng.permutation(n_classes)
    counts = np.arange(n_classes, 0, -1) * 10
    renamed_scores, renamed_counts = np.empty_like(scores), np.empty_like(counts)
    renamed_scores[:, new_of_old], renamed_counts[new_of_old] = scores[rows], counts
    before = measured(scores, labels, counts)
    after = measured(renamed_scores, new_of_old[labels[rows]], renamed_counts)
    assert before.undefined == after.undefined
    for name, value in before.values.items():
        assert_allclose(after.values[name], value, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("label", "reason"),
    [(0, "no positives in the test"), (1, "no negatives in the test")],
    ids=["negative", "positive"],
)
def test_one_class_leaves_ranking_undefined_with_a_reason_but_not_the_losses(label, reason):
    got = binary([0.2, 0.9], [label, label])
    assert {name: got.undefined[name] for name in RANKING_METRICS} == dict.fromkeys(RANKING_METRICS, reason)
    assert got.undefined["brier_skill"] == "the test rows are all of one class"
    assert math.isfinite(got.values["log_loss"])
    assert math.isfinite(got.values["brier"])


def test_no_rows_leave_everything_undefined():
    for n_classes in (2, 3):
        got = measured(np.empty((0, n_classes)), np.empty(0, np.int64))
        assert set(got.undefined) | {"classes_scored"} >= set(got.values)
        assert set(got.undefined.values()) == {"no test rows"}


def test_an_absent_class_is_left_out_of_the_mean_not_counted_as_zero():
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    got = measured(scores, np.array([0, 1, 0]))
    assert got.values["roc_auc"] == got.values["ap"] == 1.0
    assert got.values["classes_scored"] == 2


def test_constant_scores_have_ap_of_the_prevalence_and_no_lift():
    got = binary(np.full(200, 0.3), (np.arange(200) < 10).astype(np.int64)).values
    assert_allclose(
        [got["ap"], got["roc_auc"], got["ks"], got["ap_lift"], got["precision_at_k"]], [0.05, 0.5, 0, 0, 0.05]
    )


def test_float32_extremes_keep_their_order_and_finite_losses():
    p = np.array([0.0, -0.0, 1e-45, 1e-38, 2e-38, 0.5, np.nextafter(np.float32(1), np.float32(0)), 1.0], np.float32)
    labels = np.array([0, 0, 0, 1, 0, 1, 0, 1])
    scores = np.stack([1 - p, p], axis=1)
    got = measured(scores, labels)
    assert got.undefined == {}
    assert_allclose(got.values["roc_auc"], oracle.roc_auc_score(labels, p), atol=1e-12)
    assert_allclose(got.values["ap"], oracle.average_precision_score(labels, p), atol=1e-12)
    assert_allclose(got.values["log_loss"], oracle.log_loss(labels, y_proba=scores, labels=[0, 1]), rtol=1e-5)
    surely_wrong = measured(np.array([[1, 0]], np.float32), np.array([1])).values["log_loss"]
    assert_allclose(surely_wrong, -math.log(np.finfo(np.float32).eps), rtol=1e-6)


@quick
@given(cells())
def test_float32_scores_rank_as_the_same_numbers_in_float64(cell):
    scores, labels, _ = cell
    narrow = scores.astype(np.float32)
    for name in RANKING_METRICS:
        assert_allclose(
            measured(narrow, labels).values[name], measured(narrow.astype(np.float64), labels).values[name], atol=1e-12
        )


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([[0.5, 0.6]], [0], "sum to 1"),
        ([[1.5, -0.5]], [0], "scores ≥ 0"),
        ([[np.nan, 1.0]], [0], "finite"),
        ([[0.5, 0.5]], [2], "labels in 0 … 1"),
        ([[0.5, 0.5]], [0, 1], "shape"),
    ],
)
def test_what_is_no_score_is_refused(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        measured(np.array(scores), np.array(labels))

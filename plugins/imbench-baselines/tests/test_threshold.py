"""Decisions fitted on validation, against scikit-learn's metrics over every possible decision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef, recall_score

from imbench import Validation
from imbench.scoring.policies import fit_policy
from imbench_baselines.threshold import Threshold

METRICS = {
    "balanced_accuracy": balanced_accuracy_score,
    "f1": lambda y, d: f1_score(y, d, average="binary" if y.max() == 1 else "macro", zero_division=0),
    "gmean": lambda y, d: recall_score(y, d, average=None).prod() ** (1 / (y.max() + 1)),
    "mcc": matthews_corrcoef,
}
every_metric = pytest.mark.parametrize("metric", METRICS)
property_of = settings(deadline=None, max_examples=12)
#: Records of parity may go on from example to example: the largest counts.
recorded = settings(property_of, suppress_health_check=[HealthCheck.function_scoped_fixture])


def binary(p):
    p = np.asarray(p, dtype=np.float64)
    return np.stack([1 - p, p], axis=1)


@st.composite
def validations(draw, n_classes):
    """Scores with ties and labels that follow them, every class present."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.dirichlet(np.geomspace(2, 0.2, n_classes), size=draw(st.integers(n_classes, 60)))
    labels = (scores.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)
    labels[:n_classes] = np.arange(n_classes)
    if n_classes == 2:
        scores = binary(np.round(scores[:, 1], draw(st.sampled_from([1, 2, 6]))))
    scores = scores.astype(np.float32).astype(np.float64)
    return Validation(scores, labels)


def prior_of(labels, n_classes):
    return np.bincount(labels, minlength=n_classes) / len(labels)


@pytest.mark.parity
@every_metric
@recorded
@given(validations(2))
def test_no_other_threshold_is_better(parity, metric, validation):
    prior = prior_of(validation.labels, 2)
    decided = Threshold(metric)(validation, prior)(validation.scores)
    p = validation.scores[:, 1]
    measure = METRICS[metric]
    between = [measure(validation.labels, (p > cut).astype(int)) for cut in np.unique(p)[:-1]]
    constant = max(measure(validation.labels, np.full(len(p), label)) for label in (0, 1))
    if between and max(between) > constant + 1e-9:
        reached = measure(validation.labels, decided)
        assert reached == pytest.approx(max(between))
        parity("threshold", "best of all thresholds by scikit-learn's metrics, two classes", (reached, max(between)))
    else:
        np.testing.assert_array_equal(decided, p > np.float32(prior[1]))


@pytest.mark.parity
@every_metric
@recorded
@given(validations(4))
def test_no_other_power_of_the_prior_is_better(parity, metric, validation):
    prior = prior_of(validation.labels, 4)
    decided = Threshold(metric)(validation, prior)(validation.scores)
    measure = METRICS[metric]
    tried = [
        measure(validation.labels, (validation.scores / prior**power).argmax(axis=1)) for power in np.linspace(0, 2, 21)
    ]
    constant = max(measure(validation.labels, np.full(len(decided), label)) for label in range(4))
    if max(tried) > constant + 1e-9:
        reached = measure(validation.labels, decided)
        assert reached == pytest.approx(max(tried))
        parity(
            "threshold", "best of 21 powers of the prior by scikit-learn's metrics, four classes", (reached, max(tried))
        )
    else:
        np.testing.assert_array_equal(decided, (validation.scores / prior).argmax(axis=1))


@pytest.mark.parametrize("n_classes", [2, 4])
def test_erm_threshold_decides_like_the_tuned_policy(n_classes):
    """The baseline of every leaderboard and the policy of the same meaning agree row by row."""

    @property_of
    @given(validations(n_classes))
    def agree(validation):
        prior = prior_of(validation.labels, n_classes)
        policy = fit_policy(
            "tuned",
            validation_scores=validation.scores.astype(np.float32),
            validation_labels=validation.labels,
            prior=prior,
        )
        ours = Threshold()(validation, prior)(validation.scores)
        np.testing.assert_array_equal(ours, policy(validation.scores.astype(np.float32)))

    agree()


def test_of_two_equally_good_thresholds_baseline_and_policy_take_one():
    scores = np.array([[0.2, 0.8], [0.9, 0.1], [0.95, 0.05], [0.99, 0.01]])
    labels = np.array([1, 0, 1, 0])  # above 0.45 and above 0.03 both have a balanced accuracy of 0.75
    validation, prior = Validation(scores, labels), np.array([0.5, 0.5])
    policy = fit_policy(
        "tuned", validation_scores=scores.astype(np.float32), validation_labels=labels, prior=prior
    )  # fmt: skip
    np.testing.assert_array_equal(Threshold()(validation, prior)(scores), policy(scores.astype(np.float32)))
    assert Threshold()(validation, prior)(scores).tolist() == [1, 1, 1, 0]


def test_rare_scores_get_a_threshold_among_them():
    """A grid of 0.01, 0.02, … would decide the majority for all of these."""
    validation = Validation(binary([0.001, 0.002, 0.003, 0.004, 0.005]), np.array([0, 0, 0, 1, 1]))
    decide = Threshold()(validation, np.array([0.996, 0.004]))
    assert decide(binary([0.0034, 0.0036])).tolist() == [0, 1]


def test_neighbouring_floats_are_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)
    decide = Threshold()(Validation(binary([low, high]), np.array([0, 1])), np.array([0.5, 0.5]))
    assert decide(binary([low, high])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "why"),
    [([0, 0, 0], "no positives"), ([1, 1, 1], "no negatives"), ([], "no rows"), ([1, 0, 1], "constant scores")],
)
def test_falls_back_to_the_prior(labels, why):
    scores = binary([0.3] * len(labels)) if why == "constant scores" else binary([0.1, 0.3, 0.6][: len(labels)])
    decide = Threshold("mcc")(Validation(scores, np.array(labels, dtype=np.int64)), np.array([0.8, 0.2]))
    assert decide(binary([0.19, np.float32(0.2), 0.21])).tolist() == [0, 0, 1], why


def test_a_class_without_training_rows_is_never_decided():
    scores = np.array([[0.1, 0.9, 0.0], [0.05, 0.05, 0.9]])
    decide = Threshold()(Validation(scores, np.array([0, 1])), np.array([0.9, 0.1, 0.0]))
    assert decide(scores).tolist() == [1, 1]
    assert Threshold()(Validation(binary([0.2]), np.array([0])), np.array([1.0, 0.0]))(binary([1.0])).tolist() == [0]
    assert Threshold()(Validation(binary([0.2]), np.array([0])), np.array([0.0, 1.0]))(binary([0.0])).tolist() == [1]

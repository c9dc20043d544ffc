"""Decision policies: what each decides, optimality of the tuned one, ties, fallbacks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from imbench.errors import UsageError
from imbench.scoring import POLICIES, describe, fit_policy

quick = settings(max_examples=60, deadline=None)


def binary(p):
    p = np.asarray(p, np.float32)
    return np.stack([1 - p, p], axis=1)


def fitted(name, scores, labels, prior):
    return fit_policy(name, validation_scores=scores, validation_labels=np.asarray(labels), prior=np.asarray(prior))


@st.composite
def validations(draw, n_classes):
    """Scores and labels with every class, skilled or not, with or without ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, draw(st.integers(0, 40)))])
    weights = rng.random((len(labels), n_classes)) + draw(st.sampled_from([0.0, 0.5])) * np.eye(n_classes)[labels]
    if draw(st.booleans()):
        weights = np.ceil(weights * 3)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32), labels


@st.composite
def priors(draw, n_classes):
    weights = draw(st.lists(st.floats(0.01, 1.0), min_size=n_classes, max_size=n_classes))
    return np.array(weights) / sum(weights)


@quick
@given(validations(n_classes=2), priors(n_classes=2))
def test_binary_prior_is_the_threshold_at_the_prior(validation, prior):
    scores, labels = validation
    expected = scores[:, 1] > np.float32(prior[1])
    assert (fitted("prior", scores, labels, prior)(scores) == expected).all()


@quick
@given(st.integers(3, 5).flatmap(lambda c: st.tuples(validations(n_classes=c), priors(n_classes=c))))
def test_multiclass_prior_is_the_largest_ratio(case):
    (scores, labels), prior = case
    ratio = scores / prior
    decided = fitted("prior", scores, labels, prior)(scores)
    rows = np.arange(len(labels))
    # Equal up to float32 rounding: near-ties may go either way.
    assert (ratio[rows, decided] >= ratio.max(axis=1) * (1 - 1e-5)).all()
    assert (fitted("argmax", scores, labels, prior)(scores) == scores.argmax(axis=1)).all()


@quick
@given(validations(n_classes=2), priors(n_classes=2))
def test_no_threshold_beats_the_tuned_one_on_validation(validation, prior):
    scores, labels = validation
    policy = fitted("tuned", scores, labels, prior)
    p = scores[:, 1].astype(np.float64)
    thresholds = [-1.0, *np.unique(p)]
    best = max(balanced_accuracy_score(labels, p > threshold) for threshold in thresholds)
    if policy.fallback:
        assert best <= 0.5 + 1e-12
        assert (policy(scores) == fitted("prior", scores, labels, prior)(scores)).all()
    else:
        assert balanced_accuracy_score(labels, policy(scores)) == pytest.approx(best, abs=1e-12)


@quick
@given(st.integers(3, 5).flatmap(lambda c: st.tuples(validations(n_classes=c), priors(n_classes=c))))
def test_no_exponent_of_the_grid_beats_the_tuned_one_on_validation(case):
    (scores, labels), prior = case
    policy = fitted("tuned", scores, labels, prior)
    if policy.fallback:
        return
    found = balanced_accuracy_score(labels, policy(scores))
    rows = np.arange(len(labels))
    for tau in np.linspace(0, 2, 21):
        adjusted = scores.astype(np.float64) / prior**tau
        own = adjusted[rows, labels].copy()
        adjusted[rows, labels] = -1
        wins = own > adjusted.max(axis=1) * (1 + 1e-5)  # clear wins: ties count for nobody
        clear = np.mean([wins[labels == c].mean() for c in range(len(prior))])
        assert found >= clear - 1e-9


def test_the_middle_of_the_best_thresholds_is_taken():
    # Thresholds between .2 and .3, .3 and .4 … give balanced accuracy .75, .625, .75, .625, .75: three best.
    p = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    labels = [0, 0, 1, 0, 1, 0, 1, 1]
    found = {t: balanced_accuracy_score(labels, np.array(p) > t) for t in (0.25, 0.45, 0.65)}
    assert len(set(found.values())) == 1
    policy = fitted("tuned", binary(p), labels, [0.9, 0.1])
    assert describe(policy) == "positive if score > 0.45"
    assert policy(binary([0.449, 0.451])).tolist() == [0, 1]


def test_the_middle_of_the_best_exponents_is_taken():
    # Skilled scores: every exponent is right everywhere, so the middle of 0 … 2 is 1.
    scores = np.full((3, 3), 0.01, np.float32) + 0.97 * np.eye(3, dtype=np.float32)
    policy = fitted("tuned", scores, [0, 1, 2], [0.4, 0.35, 0.25])
    assert describe(policy) == "largest score / prior^1"


def test_tuning_finds_the_exponent_that_undoes_a_double_correction():
    # Calibrated scores divided by the prior twice over: the right exponent is 0 … not 1.
    rng = np.random.default_rng(0)
    prior = np.array([0.8, 0.15, 0.05])
    labels = rng.choice(3, 3000, p=prior)
    likelihood = np.exp(rng.normal(size=(3000, 3)) + 1.5 * np.eye(3)[labels])
    balanced = (likelihood / likelihood.sum(axis=1, keepdims=True)).astype(np.float32)
    tuned, wrong = (fitted(name, balanced, labels, prior) for name in ("tuned", "prior"))
    exponent = float(describe(tuned).removeprefix("largest score / prior^"))
    assert exponent <= 0.3
    assert balanced_accuracy_score(labels, tuned(balanced)) > balanced_accuracy_score(labels, wrong(balanced)) + 0.05


@pytest.mark.parametrize("n_classes", [2, 3])
def test_tuned_says_when_it_cannot_tune(n_classes):
    prior = np.full(n_classes, 1 / n_classes)
    constant = np.full((4, n_classes), 1 / n_classes, np.float32)
    missing = fitted("tuned", constant, [0] * 4, prior)
    assert missing.fallback == "as prior: no rows of class 1 in validation"
    assert missing.fallback in describe(missing)
    useless = fitted("tuned", constant, [0, 1, n_classes - 1, 0], prior)
    assert useless.fallback.endswith("beats one class for all on validation")
    assert describe(fitted("prior", constant, [0] * 4, prior)) in describe(useless)


def test_one_class_for_all_is_not_a_tuned_decision():
    # Constant but uneven scores: small exponents decide class 0 for every row, which is right for one class of three.
    uneven = np.tile(np.array([0.5, 0.3, 0.2], np.float32), (6, 1))
    policy = fitted("tuned", uneven, [0, 1, 2, 0, 1, 2], [0.4, 0.3, 0.3])
    assert policy.fallback == "as prior: no exponent beats one class for all on validation"


def test_scores_worse_than_chance_are_not_turned_around():
    policy = fitted("tuned", binary([0.1, 0.2, 0.8, 0.9]), [1, 1, 0, 0], [0.5, 0.5])
    assert policy.fallback.endswith("no threshold beats one class for all on validation")


@pytest.mark.parametrize("positives", range(1, 40, 3))
def test_predicting_the_prior_is_never_above_the_prior_by_rounding(positives):
    # float32(π) is above π for about every second π: compared in float64, half of these would decide "positive".
    prior = np.array([1000 - positives, positives]) / 1000
    scores = np.tile(prior.astype(np.float32), (5, 1))
    for name in ("prior", "tuned"):
        assert fitted(name, scores, [0, 1, 0, 0, 0], prior)(scores).tolist() == [0] * 5
    three = np.array([0.7, 0.2, 0.1])
    assert fitted("prior", np.tile(three, (2, 1)), [0, 1], three)(np.tile(three, (2, 1))).tolist() == [0, 0]


def test_ties_go_to_the_negative_or_first_class():
    half = binary([0.5])
    assert [fitted(name, half, [0], [0.5, 0.5])(half).tolist() for name in POLICIES] == [[0]] * 3


@pytest.mark.parametrize(("prior", "only"), [([1, 0], 0), ([0, 1], 1), ([0, 1, 0], 1)])
def test_a_class_without_a_prior_is_never_decided(prior, only):
    n_classes = len(prior)
    scores = np.eye(n_classes, dtype=np.float32)
    for name in ("prior", "tuned"):
        policy = fitted(name, scores, np.arange(n_classes), prior)
        assert policy(scores).tolist() == [only] * n_classes
    assert "has prior 0" in describe(policy)


@pytest.mark.parametrize("steps", [1, 2], ids=["rounds down", "rounds up"])
def test_neighbouring_float32_scores_are_told_apart(steps):
    # Their midpoint is no float32: rounded to one, it would fall on the lower or on the upper score.
    low = np.float32(0.25)
    for _ in range(steps):
        low, high = np.nextafter(low, np.float32(1)), np.nextafter(np.nextafter(low, np.float32(1)), np.float32(1))
    scores = binary([low, high])
    assert fitted("tuned", scores, [0, 1], [0.5, 0.5])(scores).tolist() == [0, 1]


def test_empty_validation_still_gives_every_policy():
    for n_classes in (2, 3):
        empty, prior = np.empty((0, n_classes), np.float32), np.full(n_classes, 1 / n_classes)
        test = np.eye(n_classes, dtype=np.float32)
        for name in POLICIES:
            assert fitted(name, empty, np.empty(0, np.int64), prior)(test).tolist() == list(range(n_classes))


def test_a_misspelt_policy_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'argmax'"):
        fitted("argmx", binary([0.5]), [0], [0.5, 0.5])
    assert all(describe(name) for name in (*POLICIES, "own"))


@pytest.mark.parametrize("prior", [[0.5, 0.6], [-0.5, 1.5], [np.nan, 1.0], [1.0], [[0.5, 0.5]], [0.3, 0.3, 0.4]])
def test_what_is_no_prior_is_refused(prior):
    with pytest.raises(ValueError, match=r"prior: expected|validation scores: expected"):
        fitted("prior", binary([0.5]), [0], prior)

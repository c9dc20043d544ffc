"""The focal loss that boosting minimises: against finite differences, and without gamma against the libraries."""

from __future__ import annotations

import numpy as np
import pytest
from ensemble_trials import clouds, strategy
from scipy.special import expit

from imbench_ensembles.focal import focal_curvature, focal_derivatives, focal_loss

GAMMAS = [0.0, 0.5, 1.0, 2.0, 5.0]
Z = np.linspace(-8, 8, 81)


@pytest.mark.parity
@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_derivatives_are_those_of_the_loss(parity, gamma, answer):
    positive, step = np.full(len(Z), answer), 1e-4
    slope, second = focal_derivatives(Z, positive, gamma)
    low, here, high = (focal_loss(Z + shift, positive, gamma) for shift in (-step, 0, step))
    slopes = (high - low) / (2 * step)
    np.testing.assert_allclose(slope, slopes, atol=1e-6)
    low, high = (focal_derivatives(Z + shift, positive, gamma)[0] for shift in (-step, step))
    np.testing.assert_allclose(second, (high - low) / (2 * step), atol=1e-6)
    p_true = expit(Z if answer else -Z)
    expected = -((1 - p_true) ** gamma) * np.log(p_true)
    np.testing.assert_allclose(here, expected, atol=1e-12)
    for name in ("lightgbm", "xgboost"):
        parity(name, "focal: Lin et al. 2017, eq. 4, central differences", (here, expected), (slope, slopes))


def test_without_gamma_it_is_the_logistic_loss():
    positive = Z > 1
    slope, second = focal_derivatives(Z, positive, 0.0)
    np.testing.assert_allclose(slope, expit(Z) - positive, atol=1e-12)
    np.testing.assert_allclose(second, expit(Z) * expit(-Z), atol=1e-12)
    np.testing.assert_array_equal(focal_curvature(Z, positive, 0.0)[1], second)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_curvature_is_positive_and_exact_where_the_loss_is_convex(gamma):
    z = np.concatenate([Z, [-700.0, 700.0]])
    for answer in (True, False):
        positive = np.full(len(z), answer)
        slope, curvature = focal_curvature(z, positive, gamma)
        exact_slope, exact = focal_derivatives(z, positive, gamma)
        assert np.isfinite(slope).all()
        assert (curvature > 0).all()
        assert (curvature >= exact).all()
        np.testing.assert_array_equal(slope, exact_slope)
        answered_well = (z if answer else -z) > 0
        np.testing.assert_allclose(curvature[answered_well], exact[answered_well], atol=1e-15)
    if gamma >= 1:
        assert focal_derivatives(np.array([-6.0]), np.array([True]), gamma)[1] < 0  # not convex: the floor is needed


@pytest.mark.parity
@pytest.mark.parametrize(("name", "tolerance"), [("lightgbm", 1e-5), ("xgboost", 1e-4)])
@pytest.mark.parametrize("weighting", ["none", "balanced"])
def test_gamma_zero_boosts_like_the_built_in_loss(parity, name, tolerance, weighting):
    pytest.importorskip(name)
    trial = clouds([300, 40], spread=0.8)
    log = strategy(name, weighting=weighting).fit(trial)(trial.x_validation)
    focal = strategy(name, weighting=weighting, loss="focal", gamma=0.0).fit(trial)(trial.x_validation)
    np.testing.assert_allclose(focal, log, atol=tolerance)
    parity(name, "the library's own loss against focal with gamma 0", (focal, log))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("counts", [[300, 40], [200, 60, 25]])
def test_gamma_keeps_scores_from_the_extremes_and_learns(name, counts):
    pytest.importorskip(name)
    trial = clouds(counts, spread=1.5)
    sharp, soft = (
        strategy(name, loss="focal", gamma=gamma).fit(trial)(trial.x_validation).max(axis=1) for gamma in (0.0, 4.0)
    )
    assert soft.mean() < sharp.mean()
    scores = strategy(name, loss="focal").fit(trial)(trial.x_validation)
    hits = scores.argmax(axis=1) == trial.y_validation
    assert hits.mean() > 1.3 / len(counts)


def test_several_classes_are_one_against_the_rest():
    library = pytest.importorskip("lightgbm")
    trial = clouds([200, 60, 25], spread=0.8)
    ours = strategy("lightgbm", loss="focal", gamma=0.0).fit(trial)(trial.x_validation)
    options = {"objective": "multiclassova", "num_class": 3, "verbosity": -1, "num_threads": 1}
    theirs = library.train(options, library.Dataset(trial.x, trial.y), 20).predict(trial.x_validation)
    np.testing.assert_allclose(ours, theirs / theirs.sum(axis=1, keepdims=True), atol=1e-5)

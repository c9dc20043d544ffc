"""MGS against its formula; KMeans-SMOTE, IHT and repeated ENN on data that imbalanced-learn refuses."""

from __future__ import annotations

import numpy as np
import pytest
from resampling_views import gaussians, part, view
from sklearn.neighbors import NearestNeighbors

from imbench_resampling.common import rows
from imbench_resampling.gaussian import gaussian_rows


def run(name, on, seed=0, **params):
    return part(name, **params)(on, np.random.default_rng(seed))


@pytest.mark.parametrize("k", [2, 5])
def test_mgs_has_the_mean_and_covariance_of_the_formula(k):
    """A mixture of Gaussians, one a seed row: means and covariances of k+1 rows, computed here one by one."""
    rng = np.random.default_rng(0)
    minority = (rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + 3).astype(np.float32)
    on = view(np.vstack([minority, rng.normal(size=(31, 4))]), [1] * 30 + [0] * 31)
    made, labels = gaussian_rows(on, {1: 200_030}, k, np.random.default_rng(1))
    assert (labels == 1).all()

    near = NearestNeighbors(n_neighbors=k + 1).fit(minority).kneighbors(minority, return_distance=False)
    means = np.array([minority[group].mean(axis=0) for group in near], dtype=np.float64)
    inner = np.mean([np.cov(minority[group].T, bias=True) for group in near], axis=0)
    covariance = inner + np.cov(means.T, bias=True)  # law of total covariance
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((made.mean(axis=0) - means.mean(axis=0)) / spread, 0, atol=5 / np.sqrt(len(made)))
    error = (np.cov(made.T) - covariance) / np.outer(spread, spread)
    np.testing.assert_allclose(error, 0, atol=0.02)


def test_mgs_around_one_neighbourhood_is_gaussian():
    """As many neighbours as rows: one Gaussian, whose fourth moment is three times the squared variance."""
    rng = np.random.default_rng(2)
    on = view(np.vstack([rng.normal(size=(4, 3)), np.zeros((5, 3))]), [1] * 4 + [0] * 5)
    made, _ = gaussian_rows(on, {1: 100_004}, 3, np.random.default_rng(3))
    few = on.x[:4].astype(np.float64)
    np.testing.assert_allclose(np.cov(made.T), np.cov(few.T, bias=True), atol=0.03)
    away = made - few.mean(axis=0)
    np.testing.assert_allclose((away**4).mean(axis=0) / (away**2).mean(axis=0) ** 2, 3, atol=0.15)


def test_mgs_takes_features_plus_one_neighbours():
    on = gaussians([80, 30], features=4)
    np.testing.assert_array_equal(run("mgs", on).made_x, run("mgs", on, k=5).made_x)
    assert run("mgs", gaussians([80, 4], features=4)).note == (
        "k lowered from 5 to 3: the smallest class to grow has 4 rows"
    )


@pytest.mark.parametrize("scale", [1e-42, 1e-30, 1e30, 1e37])
@pytest.mark.parametrize("name", ["mgs", "kmeans_smote", "iht", "renn", "allknn"])
def test_extremes_of_float32(name, scale):
    on = gaussians([60, 25, 8], seed=1)
    on = view(np.clip(on.x, -3, 3) * np.float32(scale), on.y)
    params = {"kmeans_smote": {"balance": 0.0}, "iht": {"trees": 10}}.get(name, {})
    outcome = run(name, on, **params)
    after = np.bincount(rows(on, outcome)[1], minlength=3)
    if outcome.made_x is not None:
        assert np.isfinite(outcome.made_x).all()
        assert (after >= 60).all()
    assert (after > 0).all()


def test_all_rows_equal():
    on = view(np.full((30, 3), 2.5), [0] * 20 + [1] * 10)
    for name, params in (("mgs", {}), ("kmeans_smote", {"balance": 0.0})):
        outcome = run(name, on, **params)
        np.testing.assert_array_equal(outcome.made_x, on.x[: len(outcome.made_x)])
        assert 10 <= len(outcome.made_x) <= 18
    assert run("iht", on).note == "no-op: class 0 kept 20 rows, not 10: equally hard ones stay together"


def test_kmeans_smote_says_that_no_cluster_will_do():
    outcome = run("kmeans_smote", gaussians([300, 10], spread=0.2))
    assert outcome.note == "no-op: class 1 left as before: no cluster holds enough of its rows"


def test_kmeans_smote_where_powers_of_distances_overflow():
    """In float32 a mean distance of some 12 to the power of some 40 is infinite, and infinite / infinite no share."""
    on = gaussians([30_000, 12_000], features=80, spread=0.1)
    outcome = run("kmeans_smote", on, balance=0.0, clusters=2)
    assert len(outcome.made_x) - 18_000 in (0, 1, 2)
    assert outcome.note == ""


def test_iht_keeps_the_easiest_rows():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.1, 50), rng.normal(5, 0.1, 6), rng.normal(5, 0.1, 12)])[:, np.newaxis]
    on = view(x, [0] * 56 + [1] * 12)
    kept = run("iht", on).keep
    assert set(range(56, 68)) <= set(kept)
    assert not set(range(50, 56)) & set(kept)  # those that lie among the other class


def test_iht_with_a_class_of_one_row_and_class_codes_with_gaps():
    on = gaussians([0, 40, 0, 1, 12])
    outcome = run("iht", on)
    after = np.bincount(rows(on, outcome)[1], minlength=5)
    assert after[[0, 2]].tolist() == [0, 0]
    assert after[3] == 1
    assert "cv lowered from 5 to 2: the smallest class has 1 row" in outcome.note


def test_repeated_editing_says_where_it_stopped():
    x = np.concatenate([np.linspace(0, 1, 40), np.linspace(0.1, 0.9, 6), [50.0, 51.0, 52.0, 53.0]])[:, np.newaxis]
    on = view(x, [0] * 40 + [1] * 6 + [2] * 4)
    assert run("renn", on).note == "class 1 lost all rows"
    x = np.concatenate([np.linspace(0, 1, 40), [0.105, 0.505, 0.905, 9.0, 9.1, 9.2], [50.0, 51.0, 52.0, 53.0]])
    outcome = run("renn", view(x[:, np.newaxis], [0] * 40 + [1] * 6 + [2] * 4), n_neighbors=1)
    assert outcome.note == "class 1 fell below the 4 rows of the smallest class"

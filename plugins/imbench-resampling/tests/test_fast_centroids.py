"""``cluster_centroids(fast=true)``: other centres than scikit-learn's, worth as much."""

from __future__ import annotations

import numpy as np
import pytest
from resampling_views import part, view
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from imbench import UsageError
from imbench_resampling.common import rows
from imbench_resampling.kmeans import QuickKMeans
from imbench_resampling.specs import SPECS


@pytest.fixture(scope="module")
def data():
    x, y = make_classification(
        8000, 10, n_informative=6, weights=[0.95], flip_y=0.02, class_sep=0.8, n_clusters_per_class=3, random_state=4
    )
    return view(x[:4000], y[:4000]), x[4000:].astype(np.float32), y[4000:]


def test_quality_equals_that_of_exact_centres_within_the_spread_of_seeds(data):
    train, test_x, test_y = data

    def scores(**params):
        found = []
        for seed in range(5):
            x, y = rows(train, part("cluster_centroids", **params)(train, np.random.default_rng(seed)))
            model = LogisticRegression(max_iter=2000).fit(x, y)
            found.append(average_precision_score(test_y, model.predict_proba(test_x)[:, 1]))
        return np.array(found)

    exact, fast = scores(), scores(fast=True)
    spread = max(exact.std(ddof=1), fast.std(ddof=1))
    assert abs(exact.mean() - fast.mean()) < 3 * spread
    assert fast.min() > 1.5 * test_y.mean()  # far from chance


def test_centres_are_nearly_as_tight(data):
    x = data[0].x
    exact = KMeans(n_clusters=200, random_state=0, n_init=1).fit(x)
    quick = QuickKMeans(n_clusters=200, random_state=0).fit(x)
    gap = x - quick.cluster_centers_[quick.labels_]
    assert (gap**2).sum() < 1.1 * exact.inertia_
    np.testing.assert_array_equal(quick.predict(x), quick.labels_)


def test_as_many_centres_as_rows_and_duplicates():
    x = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    centres = QuickKMeans(n_clusters=12, random_state=0).fit(x).cluster_centers_
    np.testing.assert_allclose(np.unique(centres.round(6), axis=0), np.unique(x, axis=0))


def test_two_kinds_of_k_means_are_one_too_many():
    spec = {spec.name: spec for spec in SPECS}["cluster_centroids"]
    with pytest.raises(UsageError, match="minibatch and fast are two kinds of k-means"):
        spec.build({"minibatch": True, "fast": True})

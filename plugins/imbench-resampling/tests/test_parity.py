"""Our parts return what imbalanced-learn returns for the same random_state, row for row."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE, RandomOverSampler
from imblearn.under_sampling import (
    AllKNN,
    ClusterCentroids,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NearMiss,
    NeighbourhoodCleaningRule,
    OneSidedSelection,
    RandomUnderSampler,
    RepeatedEditedNearestNeighbours,
    TomekLinks,
)
from resampling_views import DATA, part
from sklearn.cluster import KMeans, MiniBatchKMeans
from threadpoolctl import threadpool_limits

from imbench_resampling.common import rows

# strategy, its parameters, imbalanced-learn's object for a random_state
CASES = [
    ("random_over", {}, lambda seed: RandomOverSampler(random_state=seed)),
    ("random_over", {"shrinkage": 0.7}, lambda seed: RandomOverSampler(random_state=seed, shrinkage=0.7)),
    ("random_under", {}, lambda seed: RandomUnderSampler(random_state=seed)),
    ("random_under", {"replacement": True}, lambda seed: RandomUnderSampler(random_state=seed, replacement=True)),
    ("smote", {}, lambda seed: SMOTE(random_state=seed)),
    ("smote", {"k": 2}, lambda seed: SMOTE(random_state=seed, k_neighbors=2)),
    ("borderline_smote", {}, lambda seed: BorderlineSMOTE(random_state=seed)),
    (
        "borderline_smote",
        {"kind": 2, "k": 3, "m": 7},
        lambda seed: BorderlineSMOTE(random_state=seed, kind="borderline-2", k_neighbors=3, m_neighbors=7),
    ),
    ("svm_smote", {}, lambda seed: SVMSMOTE(random_state=seed)),
    (
        "svm_smote",
        {"k": 3, "m": 8, "out_step": 0.2},
        lambda seed: SVMSMOTE(random_state=seed, k_neighbors=3, m_neighbors=8, out_step=0.2),
    ),
    ("adasyn", {}, lambda seed: ADASYN(random_state=seed)),
    ("adasyn", {"n_neighbors": 8}, lambda seed: ADASYN(random_state=seed, n_neighbors=8)),
    ("tomek", {}, lambda seed: TomekLinks()),
    ("enn", {}, lambda seed: EditedNearestNeighbours()),
    (
        "enn",
        {"n_neighbors": 5, "kind_sel": "mode"},
        lambda seed: EditedNearestNeighbours(n_neighbors=5, kind_sel="mode"),
    ),
    ("renn", {}, lambda seed: RepeatedEditedNearestNeighbours()),
    (
        "renn",
        {"n_neighbors": 5, "kind_sel": "mode", "max_iter": 2},
        lambda seed: RepeatedEditedNearestNeighbours(n_neighbors=5, kind_sel="mode", max_iter=2),
    ),
    ("allknn", {}, lambda seed: AllKNN()),
    ("allknn", {"n_neighbors": 5, "kind_sel": "mode"}, lambda seed: AllKNN(n_neighbors=5, kind_sel="mode")),
    (
        "kmeans_smote",
        {"balance": 0.0},
        lambda seed: KMeansSMOTE(random_state=seed, cluster_balance_threshold=0.0),
    ),
    (
        "kmeans_smote",
        {"k": 3, "clusters": 4, "balance": 0.1},
        lambda seed: KMeansSMOTE(random_state=seed, k_neighbors=3, kmeans_estimator=4, cluster_balance_threshold=0.1),
    ),
    ("ncr", {}, lambda seed: NeighbourhoodCleaningRule()),
    (
        "ncr",
        {"n_neighbors": 5, "threshold_cleaning": 2.0},
        lambda seed: NeighbourhoodCleaningRule(n_neighbors=5, threshold_cleaning=2.0),
    ),
    ("cnn", {}, lambda seed: CondensedNearestNeighbour(random_state=seed)),
    ("oss", {}, lambda seed: OneSidedSelection(random_state=seed)),
    ("nearmiss", {}, lambda seed: NearMiss()),
    ("nearmiss", {"version": 2, "n_neighbors": 4}, lambda seed: NearMiss(version=2, n_neighbors=4)),
    ("nearmiss", {"version": 3, "n_neighbors_ver3": 4}, lambda seed: NearMiss(version=3, n_neighbors_ver3=4)),
    ("cluster_centroids", {}, lambda seed: ClusterCentroids(random_state=seed)),
    (
        "cluster_centroids",
        {"voting": "hard"},
        lambda seed: ClusterCentroids(estimator=KMeans(random_state=seed), voting="hard"),
    ),
    (
        "cluster_centroids",
        {"minibatch": True},
        lambda seed: ClusterCentroids(estimator=MiniBatchKMeans(n_init=1, random_state=seed)),
    ),
    ("smote_tomek", {}, lambda seed: SMOTETomek(random_state=seed)),
    (
        "smote_tomek",
        {"k": 3},
        lambda seed: SMOTETomek(random_state=seed, smote=SMOTE(random_state=seed, k_neighbors=3)),
    ),
    ("smote_enn", {}, lambda seed: SMOTEENN(random_state=seed)),
    (
        "smote_enn",
        {"n_neighbors": 5, "kind_sel": "mode"},
        lambda seed: SMOTEENN(
            random_state=seed,
            enn=EditedNearestNeighbours(sampling_strategy="all", n_neighbors=5, kind_sel="mode"),
        ),
    ),
]

#: Rows kept come before rows made, but imbalanced-learn goes class by class: the order within a class is the same.
BY_CLASS = ("cluster_centroids", "smote_tomek", "smote_enn")


def reference(sampler, data):
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "Number of distinct clusters")
        warnings.filterwarnings("ignore", "The number of the samples to be selected is larger")
        return sampler.fit_resample(data.x, data.y)


@pytest.mark.parity
@pytest.mark.parametrize("seed", [0, 7, 11])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(("name", "params", "make"), CASES, ids=[f"{name}{params}" for name, params, _ in CASES])
def test_equals_imbalanced_learn(parity, name, params, make, data, seed):
    outcome = part(name, **params)(DATA[data], np.random.default_rng(seed))
    x, y = rows(DATA[data], outcome)
    random_state = int(np.random.default_rng(seed).integers(2**31 - 1))
    wanted_x, wanted_y = reference(make(random_state), DATA[data])
    if name in BY_CLASS:
        ours, theirs = np.argsort(y, kind="stable"), np.argsort(wanted_y, kind="stable")
        x, y, wanted_x, wanted_y = x[ours], y[ours], wanted_x[theirs], wanted_y[theirs]
    assert x.dtype == np.float32
    np.testing.assert_array_equal(y, wanted_y)
    np.testing.assert_array_equal(x, wanted_x.astype(np.float32))
    sampler = type(make(random_state)).__name__
    parity(name, f"imbalanced-learn's {sampler}", int((x != wanted_x.astype(np.float32)).any(axis=1).sum()))


@pytest.mark.parametrize("name", ["smote_tomek", "smote_enn"])
@pytest.mark.parametrize("data", DATA)
def test_combined_tells_rows_of_the_data_from_made_ones(name, data):
    """The rows kept are rows of the data by index, and every row made is one that SMOTE alone makes."""
    view = DATA[data]
    outcome = part(name)(view, np.random.default_rng(5))
    made_by_smote = part("smote")(view, np.random.default_rng(5)).made_x
    assert len(np.unique(outcome.keep)) == len(outcome.keep)
    alone = {row.tobytes() for row in made_by_smote}
    assert all(row.tobytes() in alone for row in outcome.made_x)


@pytest.mark.parametrize("cv", [5, 2])
@pytest.mark.parametrize("data", DATA)
def test_instance_hardness_is_that_of_imbalanced_learn(data, cv):
    """Its own test, because a hundred trees a fold take a while."""
    outcome = part("iht", cv=cv)(DATA[data], np.random.default_rng(cv))
    random_state = int(np.random.default_rng(cv).integers(2**31 - 1))
    sampler = InstanceHardnessThreshold(random_state=random_state, cv=cv)
    sampler.fit_resample(DATA[data].x, DATA[data].y)
    np.testing.assert_array_equal(outcome.keep, sampler.sample_indices_)


def test_kmeans_smote_as_it_is_by_default():
    """Its own test, because imbalanced-learn refuses two of the three data above: no cluster is balanced."""
    outcome = part("kmeans_smote")(DATA["multiclass"], np.random.default_rng(0))
    random_state = int(np.random.default_rng(0).integers(2**31 - 1))
    wanted_x, wanted_y = reference(KMeansSMOTE(random_state=random_state), DATA["multiclass"])
    x, y = rows(DATA["multiclass"], outcome)
    np.testing.assert_array_equal(y, wanted_y)
    np.testing.assert_array_equal(x, wanted_x)


def test_the_seed_matters_and_is_drawn_once():
    first, second = (part("smote")(DATA["binary"], np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(first.made_x, second.made_x)
    rng, witness = np.random.default_rng(3), np.random.default_rng(3)
    part("smote_enn")(DATA["binary"], rng)
    witness.integers(2**31 - 1)
    assert rng.integers(2**31) == witness.integers(2**31)

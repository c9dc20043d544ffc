"""What holds for every resampler on any data: small classes, duplicates, ties, one to twenty classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resampling_views import ALWAYS_TO_LARGEST, CLEANING, TO_LARGEST, TO_SMALLEST, gaussians, part

from imbench_resampling.common import NOOP, rows
from imbench_resampling.specs import SPECS

VARIANTS = [
    *((spec.name, {}) for spec in SPECS if spec.name != "iht"),
    ("iht", {"trees": 5}),
    ("random_over", {"shrinkage": 1.0}),
    ("random_under", {"replacement": True}),
    ("borderline_smote", {"kind": 2}),
    ("nearmiss", {"version": 2}),
    ("nearmiss", {"version": 3}),
    ("cluster_centroids", {"voting": "hard"}),
    ("cluster_centroids", {"minibatch": True}),
    ("cluster_centroids", {"fast": True}),
    ("cluster_centroids", {"fast": True, "voting": "hard"}),
    ("smote_enn", {"kind_sel": "mode"}),
    ("kmeans_smote", {"balance": 0.0, "clusters": 3}),
    ("mgs", {"k": 2}),
]
INTERPOLATING = [
    ("smote", {}), ("smotenc", {}), ("kmeans_smote", {"balance": 0.0}),
    ("borderline_smote", {}), ("adasyn", {}), ("smote_tomek", {}), ("smote_enn", {}),
]  # fmt: skip

views = st.builds(
    gaussians,
    st.lists(st.integers(0, 14), min_size=2, max_size=20).filter(lambda counts: sum(map(bool, counts)) >= 2),
    seed=st.integers(0, 2**16),
    spread=st.sampled_from([0.0, 1.0, 10.0]),
    decimals=st.sampled_from([None, 0]),
)
seeds = st.integers(0, 2**16)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def variants(cases):
    return pytest.mark.parametrize(("name", "params"), cases, ids=[f"{name}{params or ''}" for name, params in cases])


def counts_after(view, outcome):
    return np.bincount(rows(view, outcome)[1], minlength=view.n_classes)


@variants(VARIANTS)
@few
@given(view=views, seed=seeds)
def test_an_outcome_is_well_formed_and_repeats(name, params, view, seed):
    x, y = view.x.copy(), view.y.copy()
    resample = part(name, **params)
    outcome = resample(view, np.random.default_rng(seed))

    assert outcome.keep.dtype == np.int64
    assert len(rows(view, outcome)[1]) > 0
    assert ((outcome.keep >= 0) & (outcome.keep < len(y))).all()
    assert (outcome.made_x is None) == (outcome.made_y is None)
    if outcome.made_x is not None:
        assert outcome.made_x.dtype == np.float32
        assert outcome.made_y.dtype == np.int64
        assert outcome.made_x.shape == (len(outcome.made_y), x.shape[1])
        assert len(outcome.made_y) > 0
        assert np.isfinite(outcome.made_x).all()
        assert np.isin(outcome.made_y, y).all()

    np.testing.assert_array_equal(view.x, x)
    np.testing.assert_array_equal(view.y, y)

    again = resample(view, np.random.default_rng(seed))
    assert again.note == outcome.note
    assert again.keep.tobytes() == outcome.keep.tobytes()
    if outcome.made_x is not None:
        assert again.made_x.tobytes() == outcome.made_x.tobytes()
        assert again.made_y.tobytes() == outcome.made_y.tobytes()

    everything_once = outcome.made_y is None and np.array_equal(np.sort(outcome.keep), np.arange(len(y)))
    assert outcome.note.startswith(NOOP) == everything_once
    lost = [code for code in np.unique(y) if counts_after(view, outcome)[code] == 0]
    assert ("lost all rows" in outcome.note) == bool(lost)


@variants([(name, {}) for name in TO_LARGEST] + [("random_over", {"shrinkage": 1.0})])
@few
@given(view=views, seed=seeds)
def test_oversampling_keeps_every_row_and_never_passes_the_largest_class(name, params, view, seed):
    outcome = part(name, **params)(view, np.random.default_rng(seed))
    np.testing.assert_array_equal(outcome.keep[: len(view.y)], np.arange(len(view.y)))
    before, after, largest = view.counts, counts_after(view, outcome), view.counts.max()
    present = before > 0
    assert (after[~present] == 0).all()
    assert (after >= before).all()
    # ADASYN rounds each row's share, so a class may miss its goal by half a row for each row it has
    # KMeans-SMOTE rounds up in each of its eight clusters
    slack = before / 2 if name == "adasyn" else np.full(len(before), 8 * (name == "kmeans_smote"))
    assert (after <= largest + slack).all()
    if name in ALWAYS_TO_LARGEST:
        assert (after[present] == largest).all()
    else:
        for code in np.flatnonzero(present & (after < 0.95 * largest)):
            assert "left as before" in outcome.note or f"class {code} reached {after[code]} of" in outcome.note


@variants([(name, params) for name, params in VARIANTS if name in TO_SMALLEST])
@few
@given(view=views, seed=seeds)
def test_undersampling_brings_every_class_to_the_smallest(name, params, view, seed):
    outcome = part(name, **params)(view, np.random.default_rng(seed))
    present = view.counts > 0
    smallest, after = view.counts[present].min(), counts_after(view, outcome)[present]
    if params == {"version": 3}:
        assert (after <= smallest).all()
        assert (after < smallest).any() == ("fell below" in outcome.note)
    else:
        assert (after == smallest).all()
    if name == "nearmiss":
        assert len(np.unique(outcome.keep)) == len(outcome.keep)
    if name == "cluster_centroids":
        np.testing.assert_array_equal(
            outcome.keep,
            np.flatnonzero(view.counts[view.y] == smallest) if outcome.made_y is not None else np.arange(len(view.y)),
        )


@variants([(name, {}) for name in CLEANING])
@few
@given(view=views, seed=seeds)
def test_cleaning_only_removes_and_spares_the_smallest_class(name, params, view, seed):
    outcome = part(name, **params)(view, np.random.default_rng(seed))
    assert outcome.made_x is None
    assert len(np.unique(outcome.keep)) == len(outcome.keep)
    smallest = view.counts[view.counts > 0].min()
    if name in ("renn", "allknn"):
        outer = set(part("enn", n_neighbors=1 if name == "allknn" else 3)(view, np.random.default_rng(seed)).keep)
        assert "no-op" in outcome.note or set(outcome.keep) <= outer
    elif (view.counts == smallest).sum() == 1:  # in a tie imbalanced-learn spares one of them
        code = int(np.flatnonzero(view.counts == smallest)[0])
        assert counts_after(view, outcome)[code] == smallest


@variants(INTERPOLATING)
@few
@given(view=views, seed=seeds)
def test_made_rows_lie_between_rows_of_their_class(name, params, view, seed):
    outcome = part(name, **params)(view, np.random.default_rng(seed))
    if outcome.made_x is None:
        return
    margin = 4 * np.finfo(np.float32).eps * np.abs(view.x).max()
    for code in np.unique(outcome.made_y):
        of_class, made = view.x[view.y == code], outcome.made_x[outcome.made_y == code]
        assert (made >= of_class.min(axis=0) - margin).all()
        assert (made <= of_class.max(axis=0) + margin).all()


@variants([("random_over", {"shrinkage": 0.0}), ("random_under", {})])
def test_random_selection_does_not_depend_on_the_features(name, params):
    one, other = gaussians([40, 9], seed=1), gaussians([40, 9], seed=1, spread=7.0)
    np.testing.assert_array_equal(one.y, other.y)
    first, second = (part(name, **params)(view, np.random.default_rng(2)) for view in (one, other))
    np.testing.assert_array_equal(first.keep, second.keep)

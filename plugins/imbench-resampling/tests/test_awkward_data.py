"""Data that imbalanced-learn refuses, or passes over in silence: a part answers with an outcome and a note."""

from __future__ import annotations

import numpy as np
import pytest
from resampling_views import ALWAYS_TO_LARGEST, CLEANING, TO_LARGEST, TO_SMALLEST, gaussians, part, view

from imbench_resampling.common import rows
from imbench_resampling.specs import SPECS

NAMES = [spec.name for spec in SPECS]


def run(name, on, **params):
    outcome = part(name, **params)(on, np.random.default_rng(4))
    return outcome, np.bincount(rows(on, outcome)[1], minlength=on.n_classes).tolist()


def apart(counts, gap=100.0):
    """Classes in separate, distant clouds."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    return view(rng.normal(size=(len(y), 2)) + gap * y[:, np.newaxis], y, len(counts))


@pytest.mark.parametrize("name", NAMES)
def test_one_class_only(name):
    on = view(np.zeros((5, 2)), [1] * 5, n_classes=3)
    outcome, after = run(name, on)
    assert after == [0, 5, 0]
    assert outcome.note == "no-op: fewer than two classes have training rows"


@pytest.mark.parametrize("name", [*TO_LARGEST, *TO_SMALLEST, "oss", "cnn", "iht"])
def test_equal_classes_need_no_balancing(name):
    outcome, after = run(name, gaussians([12, 12, 12]))
    assert after == [12, 12, 12]
    assert outcome.note == "no-op: all classes have 12 rows already"
    np.testing.assert_array_equal(outcome.keep, np.arange(36))


@pytest.mark.parametrize(
    "name",
    ["smote", "borderline_smote", "svm_smote", "adasyn", "smote_tomek", "kmeans_smote", "smotenc", "smoten", "mgs"],
)
def test_a_class_of_one_row_is_duplicated(name):
    on = apart([30, 1])
    outcome, after = run(name, on)
    assert after == [30, 30]
    assert outcome.made_x is None
    assert "class 1 duplicated: one row has no neighbour in its class" in outcome.note


def test_a_class_of_one_row_does_not_stop_the_others():
    outcome, after = run("smote", gaussians([30, 1, 10]))
    assert after == [30, 30, 30]
    assert outcome.made_y.tolist() == [2] * 20
    assert (outcome.keep[41:] == outcome.keep[41]).all()


@pytest.mark.parametrize("name", ["smote", "smote_tomek", "smote_enn", "smotenc"])
def test_a_class_of_two_rows_gets_one_neighbour(name):
    on = apart([30, 2])
    outcome, after = run(name, on)
    assert after == [30, 30]
    assert "k lowered from 5 to 1: the smallest class to grow has 2 rows" in outcome.note
    first, second = on.x[on.y == 1]
    share = (outcome.made_x - first) / (second - first)
    np.testing.assert_allclose(share[:, 0], share[:, 1], atol=1e-4)  # on the line between the two


def test_adasyn_of_two_rows():
    on = view([[0.0], [0.1], [0.2], [0.3], [0.15], [0.25]], [0, 0, 0, 0, 1, 1])
    outcome, after = run("adasyn", on)
    assert after == [4, 4]
    assert outcome.note == "n_neighbors lowered from 5 to 1: the smallest class to grow has 2 rows"


def test_adasyn_without_neighbours_of_another_class():
    outcome, after = run("adasyn", apart([30, 10]))
    assert after == [30, 10]
    assert outcome.note.startswith("no-op: class 1 left as before: no row has a neighbour of another class")


def test_adasyn_leaves_out_only_the_class_that_cannot_grow():
    rng = np.random.default_rng(0)
    x = np.vstack([rng.normal(size=(40, 2)), rng.normal(size=(12, 2)), 100 + rng.normal(size=(12, 2))])
    outcome, after = run("adasyn", view(x, np.repeat([0, 1, 2], [40, 12, 12])))
    assert after[0] == 40
    assert 34 <= after[1] <= 46
    assert after[2] == 12
    assert "class 2 left as before" in outcome.note
    assert not outcome.note.startswith("no-op")


def test_borderline_smote_says_that_it_did_nothing():
    outcome, after = run("borderline_smote", apart([60, 20]))
    assert after == [60, 20]
    assert outcome.note == "no-op: class 1 left as before: no row on the border"


def test_borderline_smote_with_fewer_rows_than_neighbours():
    outcome, _ = run("borderline_smote", gaussians([5, 3]), m=10)
    assert "m lowered from 10 to 7: there are 8 rows" in outcome.note


def test_svm_smote_where_every_support_vector_is_noise():
    x = np.concatenate([np.linspace(0, 1, 60), [0.25, 0.75]])[:, np.newaxis]
    outcome, after = run("svm_smote", view(x, [0] * 60 + [1, 1]))
    assert after == [60, 2]
    assert outcome.note.startswith("no-op: ")
    assert "class 1 left as before: every support vector is noise" in outcome.note


def test_svm_smote_reports_a_class_that_stops_short():
    # two clouds that do not touch: no support vector is in danger, so only the outward share is made
    outcome, after = run("svm_smote", apart([200, 30]), m=10)
    assert 30 < after[1] < 190
    assert outcome.note == f"class 1 reached {after[1]} of 200 rows"


def test_enn_may_remove_a_class_and_says_so():
    x = np.concatenate([np.linspace(0, 1, 40), np.linspace(0.1, 0.9, 6), [50.0, 51.0, 52.0, 53.0]])[:, np.newaxis]
    outcome, after = run("enn", view(x, [0] * 40 + [1] * 6 + [2] * 4))
    assert after[1] == 0
    assert outcome.note == "class 1 lost all rows"


def test_cleaning_that_would_remove_every_row_removes_none():
    x = (np.repeat(10.0 * np.arange(6), 2) + [0.0, 0.1] * 6)[:, np.newaxis]  # each row beside one of the other class
    outcome, after = run("smote_enn", view(x, [0, 1] * 6), n_neighbors=1)
    assert after == [6, 6]
    assert outcome.note == "no-op: all classes have 6 rows already; it would remove every row"


@pytest.mark.parametrize("name", ["enn", "ncr", "renn", "allknn", "smote_enn"])
def test_cleaning_with_fewer_rows_than_neighbours(name):
    outcome, _ = run(name, view([[0.0], [1.0]], [0, 1]))
    assert "n_neighbors lowered from 3 to 1: there are 2 rows" in outcome.note


@pytest.mark.parametrize("name", CLEANING)
def test_cleaning_separate_classes_is_a_noop(name):
    outcome, after = run(name, apart([30, 10, 20]))
    assert after == [30, 10, 20]
    assert outcome.note == "no-op: it found no row to remove"


def test_nearmiss_with_fewer_rows_than_neighbours():
    outcome, after = run("nearmiss", gaussians([20, 2]))
    assert after == [2, 2]
    assert outcome.note == "n_neighbors lowered from 3 to 2: the smallest class has 2 rows"


def test_nearmiss_version_3_may_fall_short():
    x = np.concatenate([np.linspace(10, 30, 20), np.linspace(0, 1, 8)])[:, np.newaxis]
    outcome, after = run("nearmiss", view(x, [0] * 20 + [1] * 8), version=3)
    assert after == [3, 8]
    assert outcome.note == "class 0 fell below the 8 rows of the smallest class"


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_centroids_of_duplicates_are_counted(voting):
    on = view([[0.0, 0.0]] * 15 + [[1.0, 1.0]] * 15 + [[9.0, 9.0]] * 5, [0] * 30 + [1] * 5)
    outcome, after = run("cluster_centroids", on, voting=voting)
    assert after == [5, 5]
    assert outcome.note == "only 2 of 5 centres are distinct"


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_one_centroid(voting):
    outcome, after = run("cluster_centroids", gaussians([9, 1]), voting=voting)
    assert after == [1, 1]
    assert outcome.note == ""


def test_hard_centroids_are_rows_of_the_data():
    on = gaussians([40, 8])
    outcome, _ = run("cluster_centroids", on, voting="hard")
    known = {row.tobytes() for row in on.x[on.y == 0]}
    assert all(row.tobytes() in known for row in outcome.made_x)


@pytest.mark.parametrize("name", ["oss", "cnn"])
def test_a_class_that_ties_for_the_smallest_is_not_hollowed_out(name):
    """With "auto", imbalanced-learn may reduce one of two tied classes to a single row."""
    rng = np.random.default_rng(0)
    y = np.repeat([2, 1, 0], [10, 10, 60])
    _, after = run(name, view(rng.normal(size=(80, 2)) + 3 * y[:, np.newaxis], y))
    assert after[1:] == [10, 10]


@pytest.mark.parametrize("name", NAMES)
def test_twenty_classes(name):
    on = gaussians([int(100 * 0.85**code) for code in range(20)], spread=2.0, features=6)
    outcome, after = run(name, on)
    assert all(after) or "lost all rows" in outcome.note
    if name in ALWAYS_TO_LARGEST:
        assert after == [100] * 20
    if name in TO_SMALLEST:
        assert after == [4] * 20


@pytest.mark.parametrize("name", NAMES)
def test_more_classes_than_half_the_rows(name):
    """Scikit-learn warns that this could be a regression; here it is a very long tail."""
    _, after = run(name, gaussians([4, 3, *[1] * 25], spread=0.5))
    assert sum(after) > 0


@pytest.mark.parametrize(
    "name", ["smote", "adasyn", "tomek", "cluster_centroids", "cnn", "kmeans_smote", "smotenc", "mgs", "renn"]
)
def test_a_bug_upstream_still_raises(name):
    """Missing values are no property of the data here: preprocessing has failed, and hiding that would be a lie."""
    x = np.random.default_rng(0).normal(size=(30, 2))
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        run(name, view(x, [0] * 22 + [1] * 8))

"""Which rows members see: balance, the formula of self-paced sampling, cascades, and made rows."""

from __future__ import annotations

import numpy as np
import pytest
from ensemble_trials import clouds, strategy
from hypothesis import given
from hypothesis import strategies as st

from imbench_ensembles.selfpaced import _left
from imbench_ensembles.subsets import allot, balanced, bins_of, self_paced, self_paced_factor
from imbench_ensembles.synthetic import Smoter, _reweighed


@given(
    room=st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any),
    data=st.data(),
)
def test_allot_shares_out_everything_in_proportion(room, data):
    room = np.array(room)
    total = data.draw(st.integers(0, int(room.sum())))
    weights = np.array(data.draw(st.lists(st.floats(1e-3, 1e3), min_size=len(room), max_size=len(room))))
    counts = allot(total, weights, room)
    assert counts.sum() == total
    assert (counts >= 0).all()
    assert (counts <= room).all()
    open_ = counts < room - 1  # those that are not full share what is left in proportion, but for rounding
    if open_.sum() > 1:
        left = counts[open_].sum()
        np.testing.assert_allclose(counts[open_], left * weights[open_] / weights[open_].sum(), atol=len(room))


@given(counts=st.lists(st.integers(0, 30), min_size=2, max_size=6).filter(any), seed=st.integers(0, 1000))
def test_balanced_rows_are_equally_many_and_all_different(counts, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = balanced(y, np.random.default_rng(seed))
    smallest = min(n for n in counts if n)
    assert np.bincount(y[rows], minlength=len(counts)).tolist() == [smallest * (n > 0) for n in counts]
    assert len(set(rows.tolist())) == len(rows)


def test_self_paced_factor_goes_from_zero_to_infinity():
    factors = [self_paced_factor(i, 5) for i in range(5)]
    np.testing.assert_allclose(factors[:4], [0, np.tan(np.pi / 8), 1, np.tan(3 * np.pi / 8)])
    assert factors[4] > 1e15
    assert self_paced_factor(0, 1) == 0


def test_bins_have_equal_width_and_the_hardest_row_is_in_the_last():
    hardness = np.array([0.1, 0.29, 0.31, 0.5, 0.69, 0.71, 0.9])
    np.testing.assert_array_equal(bins_of(hardness, 4), [0, 0, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(bins_of(np.full(3, 0.4), 5), [0, 0, 0])


@pytest.mark.parametrize("alpha", [0.05, 1.0, self_paced_factor(9, 10)])
def test_self_paced_rows_follow_the_formula(alpha):
    """Liu et al. 2020, algorithm 1: bin l gives |P|·w_l/Σw rows, w_l = 1/(h_l + alpha)."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [5000, 60])
    hardness = rng.random(len(y)) ** 2
    rows = self_paced(y, hardness, 5, alpha, rng)
    assert np.bincount(y[rows]).tolist() == [60, 60]
    assert len(set(rows.tolist())) == 120
    majority = hardness[:5000]
    edges = np.linspace(majority.min(), majority.max(), 6)
    found = np.histogram(hardness[rows[y[rows] == 0]], edges)[0]
    place = np.digitize(majority, edges[1:-1])
    weights = np.array([1 / (majority[place == b].mean() + alpha) for b in range(5)])
    assert abs(found - 60 * weights / weights.sum()).max() < 1
    if alpha > 1e6:
        assert set(found) == {12}


def test_self_paced_rows_stay_balanced_where_bins_are_short_and_hardness_is_constant():
    y = np.repeat([0, 1, 2], [100, 30, 20])
    hardness = np.where(np.arange(150) < 2, 0.9, 0.1)
    rows = self_paced(y, hardness, 5, 1e9, np.random.default_rng(0))
    assert np.bincount(y[rows]).tolist() == [20, 20, 20]
    assert {0, 1} <= set(rows.tolist())  # both hard rows, though their bin was asked for ten


def test_late_members_see_harder_rows():
    y = np.repeat([0, 1], [3000, 50])
    hardness = np.random.default_rng(1).random(len(y)) ** 4
    early, late = (self_paced(y, hardness, 5, alpha, np.random.default_rng(2)) for alpha in (0.01, 100.0))
    assert hardness[late[y[late] == 0]].mean() > 3 * hardness[early[y[early] == 0]].mean()


def test_networks_of_a_self_paced_ensemble_are_trained_on_balanced_rows_one_by_one():
    trial = clouds([90, 30], spread=1.0)
    alone = strategy("self_paced_networks", members=1).fit(trial)(trial.x_validation)
    rows = balanced(trial.y, trial.rng("self_paced rows"))
    np.testing.assert_array_equal(alone, trial.train(rows=rows, stream="self-paced 0")(trial.x_validation))
    two = strategy("self_paced_networks", members=2).fit(trial)
    np.testing.assert_array_equal(two.members[0](trial.x_validation), alone)
    assert not np.array_equal(two.members[1](trial.x_validation), alone)


def test_bagged_networks_are_the_mean_of_networks_trained_alone():
    trial = clouds([90, 30], spread=1.0)
    bagged = strategy("bagged_networks").fit(trial)
    alone = [
        trial.train(rows=balanced(trial.y, trial.rng(f"bag {i}")), stream=f"bag {i}")(trial.x_validation)
        for i in range(3)
    ]
    np.testing.assert_allclose(bagged(trial.x_validation), np.mean(alone, axis=0, dtype=np.float64), atol=1e-7)
    assert bagged.notes == {"members": 3, "rows": 60}


def test_a_cascade_shrinks_by_a_constant_factor_to_equal_classes():
    counts = np.array([1000, 0, 10, 100])
    steps = np.stack([_left(counts, i / 4) for i in range(5)])
    np.testing.assert_array_equal(steps[:, 0], [1000, 316, 100, 32, 10])
    np.testing.assert_array_equal(steps[:, 2], [10] * 5)
    np.testing.assert_array_equal(steps[-1], [10, 0, 10, 10])
    assert (steps[:, 1] == 0).all()


def test_a_cascade_throws_out_what_it_finds_easy():
    trial = clouds([300, 30], spread=1.0)
    model = strategy("balance_cascade", members=5).fit(trial)
    assert model.notes["pool"] == [30, 30]
    late = model.members[-1](trial.x)[trial.y == 0, 0].mean()  # trained on the rows that are hard to tell
    assert late < model.members[0](trial.x)[trial.y == 0, 0].mean()


def test_smote_rows_lie_between_neighbours_and_keep_categories():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(12, 2)), np.eye(3)[rng.integers(3, size=12)]]).astype(np.float32)
    categorical = np.array([False, False, True, True, True])
    made, base = Smoter(x, categorical, k=3).make(200, rng)
    assert set(made[:, 2:].ravel()) == {0, 1}
    assert (made[:, 2:].sum(axis=1) == 1).all()
    near = np.argsort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)[:, 1:4]
    for row, start in zip(made, base, strict=True):
        way = x[near[start], :2] - x[start, :2]
        gone = row[:2] - x[start, :2]
        share = (gone * way).sum(axis=1) / (way**2).sum(axis=1)
        off = np.linalg.norm(gone - share[:, None] * way, axis=1)
        assert ((off < 1e-5) & (share > -1e-5) & (share < 1 + 1e-5)).any()


def test_a_class_of_one_row_is_copied():
    made, base = Smoter(np.ones((1, 2), np.float32), np.zeros(2, bool), k=5).make(4, np.random.default_rng(0))
    np.testing.assert_array_equal(made, np.ones((4, 2)))
    assert (base == 0).all()


def test_a_round_of_adaboost_m2_by_hand():
    """Freund & Schapire 1997: epsilon = ½Σ D(1 - h_y + h_wrong), D·beta^(½(1 + h_y - h_wrong))."""
    wrong = np.array([[0, 0.5], [0.5, 0]])
    odds, new = _reweighed(wrong, np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0, 1]))
    loss = 0.5 * (0.5 * (1 - 0.8 + 0.2) + 0.5 * (1 - 0.6 + 0.4))
    beta = loss / (1 - loss)
    assert odds == pytest.approx(1 / beta)
    expected = np.array([[0, 0.5 * beta**0.8], [0.5 * beta**0.6, 0]])
    np.testing.assert_allclose(new, expected / expected.sum())
    perfect, same = _reweighed(wrong, np.eye(2), np.array([0, 1]))
    assert perfect == pytest.approx(1e10, rel=1e-3)
    np.testing.assert_allclose(same, wrong)

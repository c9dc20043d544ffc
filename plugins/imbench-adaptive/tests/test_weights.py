"""Formulas of the reweight parts, by hand, and what they must equal when they do nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from adaptive_problems import BUDGET, problem, scores_of, seen, train
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench import Recipe
from imbench.training.member import score_prior
from imbench_adaptive.classes import GroupRobust, RecallDriven
from imbench_adaptive.examples import HardExamples, Influence, InverseFrom
from imbench_adaptive.ranking import RareShare
from imbench_adaptive.recipes import group_dro, influence_balanced, ohem, recall_weights

COUNTS = np.array([60, 30, 10])
PRIOR = COUNTS / 100

#: Records of parity may go on from example to example: the largest counts.
recorded = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])

lists_of_labels = st.lists(st.integers(0, 2), min_size=1, max_size=40)


def of(part, example, state=None):
    weights, state = part(example, part.start(COUNTS) if state is None else state)
    assert weights.shape == example.labels.shape
    return weights, state


@pytest.mark.parity
@recorded
@given(st.lists(lists_of_labels, min_size=1, max_size=4), st.floats(0, 1))
def test_group_dro_is_algorithm_1_with_classes_as_groups(parity, batches, step):
    part, state, q = GroupRobust(step), None, np.full(3, 1 / 3)
    for labels in batches:
        example = seen(labels, effective=PRIOR)
        losses, y = example.losses.numpy(), np.array(labels)
        means = np.array([losses[y == c].mean() if (y == c).any() else 0.0 for c in range(3)])
        q = q * np.exp(step * means)
        q = q / q.sum()
        weights, state = of(part, example, state)
        np.testing.assert_allclose(weights, (q / PRIOR)[y], rtol=1e-5)
        parity("group_dro", "Sagawa et al. 2020, algorithm 1, in float32", (weights, (q / PRIOR)[y]))
    np.testing.assert_allclose(part.prior_after(PRIOR, state), q, rtol=1e-5)


def test_group_dro_in_a_batch_of_expected_shares_is_the_robust_risk():
    labels = [0] * 6 + [1] * 3 + [2]
    example = seen(labels, effective=PRIOR)
    weights, state = of(GroupRobust(0.7), example)
    means = torch.stack([example.losses[example.labels == c].mean() for c in range(3)])
    torch.testing.assert_close(
        (weights * example.losses).mean(), torch.softmax(state, -1).double() @ means, rtol=1e-6, atol=0
    )


def test_classes_without_rows_get_no_share():
    part = GroupRobust(0.1)
    state = part.start(np.array([5, 0, 3]))
    weights, state = part(seen([0, 2, 0], effective=[0.6, 0.0, 0.4]), state)
    assert torch.isfinite(weights).all()
    assert part.prior_after(np.array([0.6, 0.0, 0.4]), state)[1] == 0
    rates = RareShare(0.5)(np.array([5, 0, 3, 3]), 0.0)
    np.testing.assert_allclose(rates, [0.5, 0, 0.25, 0.25])
    np.testing.assert_allclose(RareShare(0.5)(np.array([5, 0]), 0.0), [1, 0])


@pytest.mark.parity
@recorded
@given(lists_of_labels, st.floats(0.1, 50))
def test_ohem_keeps_the_others_and_the_hardest_of_the_largest(parity, labels, ratio):
    example = seen(labels, effective=PRIOR)
    weights, _ = of(HardExamples(ratio), example)
    y, losses = np.array(labels), example.losses.numpy()
    wanted = int(np.ceil(ratio * max(1, (y != 0).sum())))
    hardest = [i for i in np.argsort(-losses, kind="stable") if y[i] == 0][:wanted]
    kept = sorted([*np.flatnonzero(y != 0), *hardest])
    assert np.flatnonzero(weights).tolist() == kept
    parity("ohem", "the hardest rows of the largest class, sorted", len({*np.flatnonzero(weights)} ^ {*kept}))
    assert float(weights.mean()) == pytest.approx(1)
    assert len(set(weights[kept].tolist())) == 1


def test_ohem_tells_the_shares_that_it_leaves():
    part = HardExamples(3.0)
    np.testing.assert_allclose(part.prior_after(np.array([0.95, 0.05]), torch.tensor(0)), [0.75, 0.25])
    np.testing.assert_allclose(part.prior_after(np.array([0.7, 0.3]), torch.tensor(0)), [0.7, 0.3])
    np.testing.assert_allclose(part.prior_after(np.array([1.0, 0.0]), torch.tensor(0)), [1.0, 0.0])


@pytest.mark.parity
def test_influence_by_hand(parity):
    logits, features = [[0.0, 0.0], [np.log(3), 0.0]], [[1.0, -2.0], [0.5, 0.5]]
    example = seen([0, 1], logits=logits, features=features, effective=[0.5, 0.5])
    # |p - e_y|: (½, ½) → 1, p = (¾, ¼) against e_1 → 3/2; |h|: 3 and 1
    raw = np.array([1 / (1 * 3 + 1e-3), 1 / (1.5 * 1 + 1e-3)])
    for power in (1.0, 0.5):
        weights, _ = of(Influence(power, 0.5), example)
        np.testing.assert_allclose(weights, raw**power / (raw**power).mean(), rtol=1e-12)
        parity("influence_balanced", "Park et al. 2021, by hand", (weights, raw**power / (raw**power).mean()))
    assert of(Influence(1.0, 0.95), example)[0].tolist() == [1.0, 1.0]
    assert InverseFrom(0.5)(COUNTS, PRIOR, 0.4).tolist() == [1, 1, 1]
    np.testing.assert_allclose(InverseFrom(0.5)(COUNTS, PRIOR, 0.5), 1 / PRIOR)
    assert InverseFrom(0.0)(np.array([3, 0]), np.array([1.0, 0.0]), 0.5).tolist() == [1, 0]


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 4))
def test_equal_recalls_give_equal_weights(recall, momentum, strength):
    part = RecallDriven(momentum, strength)
    state = part.look(part.start(COUNTS), torch.full((3,), recall))
    weights, _ = of(part, seen([0, 1, 2, 0], effective=PRIOR), state)
    assert len(set(weights.tolist())) == 1
    np.testing.assert_allclose(weights, 1.0, rtol=1e-6)
    np.testing.assert_allclose(part.prior_after(PRIOR, state), PRIOR, rtol=1e-6)


@pytest.mark.parity
def test_recall_weights_by_hand(parity):
    part = RecallDriven(0.25, 2.0)
    state = part.look(torch.tensor([1.0, 2.0, 1.5]), torch.tensor([0.95, 0.45, torch.nan]))
    wanted = np.array([0.1**2, 0.6**2])  # 1 - recall + 0.05
    wanted = wanted / wanted.mean()
    expected = np.array([0.25 + 0.75 * wanted[0], 0.5 + 0.75 * wanted[1], 1.5])
    np.testing.assert_allclose(state, expected, rtol=1e-5)
    weights, same = of(part, seen([0, 1, 2], effective=PRIOR), state)
    assert same is state
    np.testing.assert_allclose(weights, expected / (expected @ PRIOR), rtol=1e-5)
    parity("recall_weights", "its formula by hand, in float32", (weights, expected / (expected @ PRIOR)))
    np.testing.assert_allclose(part.prior_after(PRIOR, state), PRIOR * expected / (PRIOR @ expected), rtol=1e-5)
    nothing = part.look(state, torch.full((3,), torch.nan))
    assert torch.equal(nothing, state)


PLAIN_EQUALS = {
    "ohem that keeps all": ohem(1e9),
    "influence that never begins": influence_balanced(1.0, 1.0),
    "recall of strength 0": recall_weights(0.5, 0.0),
}


@pytest.mark.parametrize("name", PLAIN_EQUALS)
def test_what_does_nothing_is_erm_bit_for_bit(name):
    data = problem([150, 20, 10])
    plain, same = train([Recipe(), PLAIN_EQUALS[name]], data)
    np.testing.assert_array_equal(same(data.x_test), plain(data.x_test))


def test_group_dro_that_never_steps_is_erm_on_balanced_rows_bit_for_bit():
    data = problem([60, 60])
    plain, still, moving = train([Recipe(), group_dro(0.0), group_dro(1.0)], data)
    np.testing.assert_array_equal(still(data.x_test), plain(data.x_test))
    assert not np.array_equal(moving(data.x_test), plain(data.x_test))


def test_group_dro_that_never_steps_is_inverse_frequency_elsewhere():
    data = problem([150, 20, 10])
    weighted, still = train([Recipe(weight=InverseFrom(0.0)), group_dro(0.0)], data)
    np.testing.assert_allclose(still(data.x_test), weighted(data.x_test), atol=1e-3)


def test_recall_on_validation_moves_the_weights():
    data = problem([300, 40], gap=1.5, test=400)
    budget = replace(BUDGET, steps=200, evaluations=10)
    trained = train([Recipe(), recall_weights(0.0, 2.0)], data, budget)
    recalls = [float((found(data.x_test).argmax(1) == 1)[1::2].mean()) for found in trained]
    assert recalls[1] > recalls[0]
    state = trained[1].reweighed
    assert state[1] > state[0]


@pytest.mark.parametrize(
    "recipe", [group_dro(0.001), group_dro(0.01), recall_weights(0.5, 1.0)], ids=["slow", "dro", "recall"]
)
def test_on_features_that_say_nothing_scores_are_the_prior_that_is_told(recipe):
    data = problem([180, 60, 12])
    empty = replace(data, x_train=np.zeros_like(data.x_train), x_validation=np.zeros_like(data.x_validation))
    budget = replace(BUDGET, steps=600, batch_size=128, learning_rate=3e-3, evaluations=4)
    (trained,) = train([recipe], empty, budget)
    told = score_prior(recipe, data.counts, trained.progress, trained.reweighed)
    found = trained(np.zeros_like(data.x_test))[0]
    np.testing.assert_allclose(np.log(found / told) - np.log(found / told).mean(), 0, atol=0.5)


def test_scores_are_the_same_whatever_the_global_seed():
    data = problem([100, 10])
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(scores_of(influence_balanced(1.0, 0.3), data))
    np.testing.assert_array_equal(*found)

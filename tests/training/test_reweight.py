"""Parts that act on examples, on the ascending pass and on the trained head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from imbench import HeadView, Recipe, Seen
from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample, score_prior
from imbench.training.mlp import MLP
from imbench.training.rehead import rehead

from .problems import Focal, Inverse, Mixup, Ramp, problem

CPU = torch.device("cpu")
BUDGET = Budget(steps=60, batch_size=32, evaluations=3)


@dataclass(frozen=True)
class ByClass:
    """The weights of `Inverse`, but example by example."""

    weights: tuple[float, ...]

    def start(self, counts):
        return torch.zeros(1)

    def __call__(self, seen: Seen, state):
        return torch.tensor(self.weights)[seen.labels], state


@dataclass(frozen=True)
class Hard:
    """Weights by loss, and by a state that counts the steps."""

    def start(self, counts):
        return torch.ones(())

    def __call__(self, seen: Seen, state):
        assert seen.losses.shape == seen.labels.shape == (32,)
        assert seen.features.shape == (32, 16)
        return (1 + seen.losses / state) / 2, state + 1


@dataclass(frozen=True)
class Recalls:
    """Raises with what it was told, so that a test can read it."""

    def start(self, counts):
        return torch.ones(len(counts))

    def __call__(self, seen, state):
        return state[seen.labels], state

    def look(self, state, recalls):
        return 2 - torch.nan_to_num(recalls, nan=1.0)


@dataclass(frozen=True)
class Returns:
    value: object

    def start(self, counts):
        return torch.zeros(1)

    def __call__(self, seen, state):
        return self.value, state


@dataclass(frozen=True)
class Uphill(Ramp):
    """The two-pass step whose first pass weighs the classes."""

    weights: tuple[float, ...] = (1.0, 1.0)

    def ascent(self, counts, effective):
        assert counts.sum() > 0
        assert effective.sum() == pytest.approx(1)
        return np.array(self.weights)


@dataclass(frozen=True)
class Scaled:
    factor: float

    def __call__(self, seen: HeadView):
        assert len(seen.features) == len(seen.labels)
        assert seen.features.shape[1] == seen.weight.shape[1] == seen.validation_features.shape[1]
        return seen.weight * self.factor, seen.bias


def member(recipe, data):
    return Member(recipe=recipe, data=data, rows=resample(data, recipe))


def train(recipes, data, budget=BUDGET):
    return train_pack([member(recipe, data) for recipe in recipes], MLP(11, data.n_classes, hidden=16), budget, CPU)


def test_example_weights_that_are_class_weights_equal_class_weights():
    data = problem(5)
    frequencies = data.counts / data.counts.sum()
    weights = 1 / frequencies
    weights = weights / (weights @ frequencies)
    by_class, by_example = train([Recipe(weight=Inverse()), Recipe(reweight=ByClass(tuple(weights)))], data)
    np.testing.assert_allclose(by_example(data.x_test), by_class(data.x_test), atol=1e-5)


def test_weights_of_one_change_no_bit():
    data = problem(6)
    plain, weighted = train([Recipe(), Recipe(reweight=ByClass((1.0, 1.0)))], data)
    np.testing.assert_array_equal(plain(data.x_test), weighted(data.x_test))


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_pack_with_weighted_examples_equals_each_alone(n_classes):
    data = problem(7, n_classes=n_classes)
    recipes = [
        Recipe(),
        Recipe(reweight=Hard()),
        Recipe(reweight=Hard(), loss=Focal()),
        Recipe(reweight=Recalls()),
        Recipe(reweight=Hard(), augment=Mixup()),
        Recipe(weight=Inverse()),
    ]
    for recipe, together in zip(recipes, train(recipes, data), strict=True):
        (alone,) = train([recipe], data)
        np.testing.assert_array_equal(together(data.x_test), alone(data.x_test))


def test_the_state_goes_from_step_to_step_and_hears_of_validation():
    data = problem(8)
    plain, weighted, unheard = (
        *train([Recipe(), Recipe(reweight=Recalls())], data),
        *train([Recipe(reweight=Recalls())], data, Budget(steps=60, batch_size=32, evaluations=0)),
    )
    assert not np.array_equal(plain(data.x_test), weighted(data.x_test))
    (last,) = train([Recipe()], data, Budget(steps=60, batch_size=32, evaluations=0))
    np.testing.assert_array_equal(unheard(data.x_test), last(data.x_test))


@dataclass(frozen=True)
class Counting:
    """Its state counts the steps, and is the prior of class 0 in percent."""

    def start(self, counts):
        return torch.zeros(())

    def __call__(self, seen, state):
        return torch.ones_like(seen.losses), state + 1

    def look(self, state, recalls):
        return state + 0.5

    def prior_after(self, prior, state):
        return np.array([float(state), 100 - float(state)])


@pytest.mark.parametrize("evaluations", [0, 6])
def test_the_prior_is_told_from_the_state_at_the_step_that_was_selected(evaluations):
    data = problem(5)
    budget = Budget(steps=60, batch_size=32, evaluations=evaluations)
    recipe = Recipe(reweight=Counting())
    (trained,) = train_pack([member(recipe, data)], MLP(11, 2, hidden=16), budget, CPU)
    looks_before = (trained.selected_step - 1) // 10 if evaluations else 0  # not the look that selected it
    percent = trained.selected_step + 0.5 * looks_before
    told = score_prior(recipe, data.counts, trained.progress, trained.reweighed)
    np.testing.assert_allclose(told, [percent / 100, 1 - percent / 100])
    np.testing.assert_allclose(score_prior(recipe, data.counts), [0, 1])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(3), r"expected weights of shape \(32,\), got torch.Size\(\[3\]\)"),
        (torch.full((32,), float("nan")), "finite weights"),
        (-torch.ones(32), "not negative"),
        (1.0, "got float"),
    ],
)
def test_wrong_weights_take_out_their_own_cell_alone(value, message):
    data = problem(9)
    wrong, right = train([Recipe(reweight=Returns(value)), Recipe(reweight=Hard())], data)
    with pytest.raises(ValueError, match=message):
        raise wrong
    (alone,) = train([Recipe(reweight=Hard())], data)
    np.testing.assert_array_equal(right(data.x_test), alone(data.x_test))


def test_the_ascending_pass_has_class_weights_of_its_own():
    data = problem(10)
    plain, even, uneven, again = train(
        [
            Recipe(optimize=Ramp(0.2)),
            Recipe(optimize=Uphill(0.2, (1.0, 1.0))),
            Recipe(optimize=Uphill(0.2, (0.05, 1.0))),
            Recipe(optimize=Uphill(0.2, (0.5, 10.0))),
        ],
        data,
    )
    np.testing.assert_array_equal(plain(data.x_test), even(data.x_test))
    assert not np.array_equal(plain(data.x_test), uneven(data.x_test))
    # only the direction of the ascent counts
    np.testing.assert_allclose(uneven(data.x_test), again(data.x_test), atol=1e-4)
    (alone,) = train([Recipe(optimize=Uphill(0.2, (0.05, 1.0)))], data)
    np.testing.assert_array_equal(uneven(data.x_test), alone(data.x_test))


def test_a_new_head_after_training():
    data = problem(11)
    (trained,) = train([Recipe()], data)
    same = rehead(trained, member(Recipe(), data), Scaled(1.0))
    np.testing.assert_array_equal(same(data.x_test), trained(data.x_test))
    none = rehead(trained, member(Recipe(), data), Scaled(0.0))(data.x_test)
    assert np.ptp(none, axis=0).max() < 1e-6
    with pytest.raises(ValueError, match="NaN or infinite"):
        rehead(trained, member(Recipe(), data), Scaled(np.inf))
    with pytest.raises(ValueError, match="expected shapes"):
        rehead(trained, member(Recipe(), data), lambda seen: (seen.bias, seen.weight))

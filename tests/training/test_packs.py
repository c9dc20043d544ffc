"""Promise 5: a pack changes nothing. Promise 2: streams never depend on the strategy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from imbench import Recipe, Stage
from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.trained import Trained

from .problems import RECIPES, Balanced, Focal, Ramp, problem

CPU = torch.device("cpu")
#: Stated tolerance of promise 5 on the CPU: none. The same bits.
TOLERANCE = 0.0


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def members(recipes, blocks):
    return [Member(recipe=recipe, data=data, rows=resample(data, recipe)) for data in blocks for recipe in recipes]


def scores(trained, data):
    assert isinstance(trained, Trained), trained
    return trained(data.x_test)


@pytest.mark.parametrize(
    ("batch", "dropout", "layers", "features"), [(64, 0.0, 2, 11), (37, 0.2, 1, 8), (16, 0.0, 0, 5), (50, 0.0, 3, 17)]
)
def test_a_pack_of_26_equals_each_cell_alone(batch, dropout, layers, features):
    blocks = [problem(0, features=features), problem(1, features=features)]
    recipes = list(RECIPES.values())
    budget = Budget(steps=90, batch_size=batch, evaluations=3)
    backbone = MLP(features, 2, hidden=24, layers=layers, dropout=dropout)
    packed = train_pack(members(recipes, blocks), backbone, budget, CPU)
    for together, member in zip(packed, members(recipes, blocks), strict=True):
        (alone,) = train_pack([member], backbone, budget, CPU)
        np.testing.assert_allclose(scores(together, member.data), scores(alone, member.data), rtol=0, atol=TOLERANCE)


def test_multiclass_pack_equals_solo_and_order_does_not_matter():
    data = problem(3, n_classes=5, share=0.1)
    recipes = [RECIPES[name] for name in ("plain", "focal", "balanced", "inverse", "adjusted")]
    budget = Budget(steps=60, batch_size=32, evaluations=2)
    forward = train_pack(members(recipes, [data]), MLP(11, 5, hidden=16), budget, CPU)
    backward = train_pack(members(recipes[::-1], [data]), MLP(11, 5, hidden=16), budget, CPU)[::-1]
    for a, b in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(scores(a, data), scores(b, data))


@pytest.mark.parametrize("radius", [0.0, 0.05])
def test_stages_and_the_two_pass_step_pack(radius):
    data = problem(4)
    crt = (
        Stage(share=0.7, optimize=Ramp(radius)),
        Stage(share=0.3, train="head", reset_head=True, sample=Balanced(), optimize=Ramp(radius)),
    )
    recipes = [Recipe(stages=crt), Recipe(stages=crt, loss=Focal())]
    budget = Budget(steps=60, batch_size=32, evaluations=2)
    packed = train_pack(members(recipes, [data]), MLP(11, 2, hidden=16), budget, CPU)
    for together, member in zip(packed, members(recipes, [data]), strict=True):
        (alone,) = train_pack([member], MLP(11, 2, hidden=16), budget, CPU)
        np.testing.assert_array_equal(scores(together, data), scores(alone, data))


def test_a_frozen_part_does_not_move():
    data = problem(5)
    backbone = MLP(11, 2, hidden=16)
    for part, frozen in (("head", slice(0, backbone.head_start)), ("backbone", slice(backbone.head_start, None))):
        recipe = Recipe(stages=(Stage(share=1.0, train=part),))  # type: ignore[arg-type]
        member = members([recipe], [data])[0]
        (trained,) = train_pack([member], backbone, Budget(steps=20, batch_size=16, evaluations=0), CPU)
        start = backbone.initial(member.generator("init"))
        assert isinstance(trained, Trained)
        assert torch.equal(trained.last[frozen], start[frozen])
        assert not torch.equal(trained.last, start)


def test_the_same_seed_gives_the_same_bits_whatever_the_global_seed():
    data = problem(6)
    budget = Budget(steps=40, batch_size=32)
    runs = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        (trained,) = train_pack(members([RECIPES["mixup"]], [data]), MLP(11, 2, dropout=0.3), budget, CPU)
        runs.append(scores(trained, data))
    np.testing.assert_array_equal(*runs)
    other = replace(data, at=replace(data.at, seed=7))
    (trained,) = train_pack(members([RECIPES["mixup"]], [other]), MLP(11, 2, dropout=0.3), budget, CPU)
    assert not np.array_equal(scores(trained, data), runs[0])


def test_every_strategy_starts_from_the_same_weights_and_sees_the_same_batches():
    data = problem(7)
    plain, focal = members([RECIPES["plain"], RECIPES["focal"]], [data])
    assert torch.equal(plain.generator("init").get_state(), focal.generator("init").get_state())
    streams = [member.stream(Stage(share=1.0), 0, member.generator("order")).take(500) for member in (plain, focal)]
    assert torch.equal(*streams)


@dataclass(frozen=True)
class Bomb:
    """A part that fails when it is used."""

    def __call__(self, *args):
        raise RuntimeError("boom")


@dataclass(frozen=True)
class Fuse:
    """A loss that survives the probe and fails later."""

    def __call__(self, logits, labels, facts):
        if logits.abs().max() > 0:
            raise RuntimeError("late boom")
        return logits.sum(-1)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(loss=Bomb()), Recipe(loss=Fuse()), Recipe(sample=Bomb()), Recipe(weight=Bomb()), Recipe(augment=Bomb()),
     Recipe(optimize=Bomb())],
)  # fmt: skip
def test_one_member_that_fails_leaves_the_others_as_they_were(recipe):
    data = problem(8)
    budget = Budget(steps=40, batch_size=32, evaluations=2)
    good = [RECIPES["plain"], RECIPES["focal"]]
    expected = [scores(trained, data) for trained in train_pack(members(good, [data]), MLP(11, 2), budget, CPU)]
    outcome = train_pack(members([good[0], recipe, good[1]], [data]), MLP(11, 2), budget, CPU)
    assert isinstance(outcome[1], RuntimeError)
    np.testing.assert_array_equal(scores(outcome[0], data), expected[0])
    np.testing.assert_array_equal(scores(outcome[2], data), expected[1])


@dataclass(frozen=True)
class Reduced:
    def __call__(self, logits, labels, facts):
        return logits.mean()


def test_a_loss_that_reduces_is_told_so():
    data = problem(9)
    (outcome,) = train_pack(members([Recipe(loss=Reduced())], [data]), MLP(11, 2), Budget(steps=5), CPU)
    assert "one loss per example" in str(outcome)


def test_a_member_that_diverges_does_not_spread():
    data = problem(10)
    wild = Recipe(optimize=lambda progress: 1e30)
    plain, _ = train_pack(members([Recipe(), wild], [data]), MLP(11, 2), Budget(steps=40, batch_size=32), CPU)
    (alone,) = train_pack(members([Recipe()], [data]), MLP(11, 2), Budget(steps=40, batch_size=32), CPU)
    np.testing.assert_array_equal(scores(plain, data), scores(alone, data))


def test_it_learns():
    data = problem(11, rows=4000)
    (trained,) = train_pack(members([Recipe()], [data]), MLP(11, 2), Budget(steps=200, batch_size=64), CPU)
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(data.y_validation, scores(trained, replace(data, x_test=data.x_validation))[:, 1]) > 0.95


def test_learning_rates_of_their_own_pack():
    data = problem(12)
    budget = Budget(steps=60, batch_size=32, evaluations=2)
    backbone = MLP(11, 2, hidden=16)
    rates = (None, 3e-3, 1e-4)
    packed = train_pack(
        [Member(recipe=Recipe(), data=data, rows=resample(data, Recipe()), learning_rate=rate) for rate in rates],
        backbone, budget, CPU,
    )  # fmt: skip
    for rate, together in zip(rates, packed, strict=True):
        own = replace(budget, learning_rate=rate or budget.learning_rate)
        (alone,) = train_pack(members([Recipe()], [data]), backbone, own, CPU)
        np.testing.assert_array_equal(scores(together, data), scores(alone, data))
    assert len({scores(each, data).tobytes() for each in packed}) == 3

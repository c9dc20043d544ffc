"""Parts that change on the way (deferred weights, samplers): in force at every budget, and known to the prior."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
import torch

from imbench import Recipe, Stage
from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.selection import checkpoints
from imbench.training.trained import Trained
from tests.dists import Bench

from .problems import problem

#: As the documentation promises: steps between two looks at most, and looks in a stage at least.
APART, LOOKS = 32, 50


@dataclass(frozen=True, eq=False)
class Noted:
    """Weights that write down when they were asked; from ``start`` on they balance the classes."""

    start: float = 0.5
    asked: list[float] = field(default_factory=list)
    prior_effect = "corrects-effective"

    def __call__(self, counts, effective, progress):
        self.asked.append(progress)
        return np.ones(len(counts)) if progress < self.start else 1 / np.maximum(effective, 1e-9)


def train(recipe: Recipe, data: TrainingData, **budget: int) -> Trained:
    member = Member(recipe=recipe, data=data, rows=resample(data, recipe))
    backbone = MLP(data.x_train.shape[1], data.n_classes, hidden=8)
    (trained,) = train_pack([member], backbone, Budget(batch_size=16, **budget), torch.device("cpu"))
    assert isinstance(trained, Trained), trained
    return trained


@pytest.mark.parametrize("steps", [1, 7, 50, 99, 149, 640, 2000])
def test_progress_is_looked_at_often_enough_at_every_budget(steps):
    weight = Noted()
    train(Recipe(weight=weight), problem(0, rows=200), steps=steps)
    asked = list(dict.fromkeys(weight.asked))
    assert asked[0] == 0
    assert asked == sorted(asked)
    assert asked[-1] < 1
    assert len(asked) >= min(steps, LOOKS)
    assert all(round((late - early) * steps) <= APART for early, late in pairwise([*asked, 1.0]))


@pytest.mark.parametrize(("steps", "evaluations"), [(50, 10), (50, 1), (50, 0), (333, 10), (333, 7), (1650, 4)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_progress_of_a_training_is_that_in_force_at_its_selected_step(steps, evaluations, seed):
    weight = Noted()
    trained = train(Recipe(weight=weight), problem(seed, rows=400), steps=steps, evaluations=evaluations)
    assert trained.selected_step in (checkpoints(steps, evaluations) or {steps})
    # step s is taken under what was read last before it: at the start of step s, (s - 1) / steps of the way
    assert trained.progress == max(at for at in weight.asked if at <= (trained.selected_step - 1) / steps + 1e-12)


def test_with_stages_it_is_the_progress_of_the_last_one():
    weight = Noted()
    stages = (Stage(share=0.6), Stage(share=0.4, train="head", reset_head=True, weight=weight))
    trained = train(Recipe(stages=stages), problem(0, rows=400), steps=100, evaluations=4)
    assert trained.selected_step in {70, 80, 90, 100}
    assert trained.progress == pytest.approx((trained.selected_step - 61) / 40)


def test_the_last_step_of_a_short_budget_is_weighted():
    """Weights that start late move the network at 50 steps: a look every 32 steps would never have seen them."""
    data = problem(0, rows=400)
    plain = train(Recipe(), data, steps=50, evaluations=0)
    never, late, always = (train(Recipe(weight=Noted(start)), data, steps=50, evaluations=0) for start in (1, 0.8, 0))
    assert torch.equal(plain.last, never.last)
    away = [float((each.last - plain.last).norm()) for each in (late, always)]
    assert 0 < away[0] < away[1]


MATRIX = """
datasets = ["breast_cancer"]
ratios = [20]
seeds = 4
strategies = ["erm", "drw(start=0.5)", "drw(start=0.98)"]
budget = {steps = 50, batch_size = 32, evaluations = 10}
"""


def test_drw_acts_at_fifty_steps_and_its_prior_policy_knows_whether_it_did(tmp_path):
    bench = Bench(tmp_path)
    answer = bench.run(bench.matrix(MATRIX), "store", "-k", "(erm or drw) and not threshold")
    assert answer.code == 0, answer.err
    results = bench.results()
    drw = {name: result for name, result in results.items() if "/drw" in name}
    assert len(drw) == 8
    acted = set()
    for name, result in drw.items():
        counts, at = np.array(result.realised["train"]), result.notes["selected_step"]
        start = 0.98 if "0.98" in name else 0.5
        acts = (at - 1) / 50 >= start
        acted.add(acts)
        # Cui et al. 2019, eq. 2: weight of a class of n rows (1 - β) / (1 - β^n), β of 0.9999
        weights = (1 - 0.9999) / (1 - 0.9999**counts) if acts else np.ones(2)
        expected = counts[1] * weights[1] / (counts * weights).sum()
        threshold = float(result.notes["policies"]["prior"].removeprefix("positive if score > "))
        assert threshold == pytest.approx(expected, rel=1e-4), (name, at)
        erm = results[name.split("/drw")[0] + "/erm"]
        assert (result.metrics != erm.metrics) or not acts, name
        # the last step is step 50, which is weighted in both
        last, plain = ((each.last or each.metrics) for each in (result, erm))
        assert last["log_loss"] != plain["log_loss"], name
    assert acted == {True, False}

"""Networks for a Fit: trained as a pack, or by a gradient that the Fit computes itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from imbench import Recipe, Training, Trial
from imbench.matrix.cell import Budget
from imbench.training.mlp import MLP
from imbench.training.networks import Networks

from .problems import Balanced, Focal, Ramp, problem

BUDGET = Budget(steps=160, batch_size=32, evaluations=4)


def trial_on(data, budget=BUDGET):
    engine = Networks(data=data, backbone=MLP(11, data.n_classes, hidden=16), budget=budget, device=torch.device("cpu"))
    return Trial(
        x=data.x_train, y=data.y_train, x_validation=data.x_validation, y_validation=data.y_validation,
        n_classes=data.n_classes, categorical=data.categorical, budget=budget, at=data.at, device="cpu", engine=engine,
    )  # fmt: skip


def erm(network, batch):
    row = network.row.detach().requires_grad_()
    with torch.enable_grad():
        loss = cross_entropy(network.logits(row, batch.inputs), batch.labels)
        return torch.autograd.grad(loss, row)[0]


def test_members_of_an_ensemble_are_the_same_alone_and_together():
    data = problem(1)
    trial = trial_on(data)
    half = np.arange(0, len(trial.y), 2)
    wanted = [Training(stream="a"), Training(Recipe(loss=Focal()), half, "b"), Training(Recipe(optimize=Ramp(0.1)))]
    together = trial.train_all(wanted)
    for training, predictor in zip(wanted, together, strict=True):
        alone = trial.train(training.recipe, rows=training.rows, stream=training.stream)
        np.testing.assert_array_equal(predictor(data.x_test), alone(data.x_test))
    assert not np.array_equal(together[0](data.x_test), trial.train()(data.x_test)), "a stream of its own"
    assert trial.train_all([]) == []


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(optimize=Ramp()), Recipe(sample=Balanced())])
@pytest.mark.parametrize("evaluations", [0, 4])
def test_descent_by_the_gradient_of_erm_is_erm(recipe, evaluations):
    data = problem(2)
    trial = trial_on(data, replace(BUDGET, evaluations=evaluations))
    by_recipe, by_hand = trial.train(recipe), trial.descend(erm, recipe)
    np.testing.assert_allclose(by_hand(data.x_test), by_recipe(data.x_test), atol=5e-4)
    assert by_hand.selected_step == by_recipe.selected_step


def test_what_the_gradient_is_given():
    data = problem(3, n_classes=3)
    trial = trial_on(data)
    seen = []

    def gradient(network, batch):
        torch.testing.assert_close(torch.from_numpy(trial.x[batch.rows.numpy()]), batch.inputs, rtol=0, atol=0)
        torch.testing.assert_close(torch.from_numpy(trial.y[batch.rows.numpy()]), batch.labels, rtol=0, atol=0)
        features, logits = network.features(network.row, batch.inputs), network.logits(network.row, batch.inputs)
        assert (features.shape, logits.shape) == ((32, 16), (32, 3))
        seen.append((batch.progress, network.learning_rate))
        return torch.zeros_like(network.row)

    trial.descend(gradient, Recipe(optimize=Ramp()))
    assert [progress for progress, _ in seen] == [step / 160 for step in range(160)]
    assert len({rate for _, rate in seen}) > 1


def test_what_descent_refuses():
    trial = trial_on(problem(4))
    with pytest.raises(ValueError, match=r"sample and optimize alone, got \['loss'\]"):
        trial.descend(erm, Recipe(loss=Focal()))
    with pytest.raises(ValueError, match=r"expected a gradient of shape .* got torch.Size\(\[3\]\)"):
        trial.descend(lambda network, batch: torch.zeros(3))
    with pytest.raises(ZeroDivisionError):
        trial.train_all([Training(), Training(Recipe(loss=lambda *_: 1 / 0))])

"""Every strategy that is offered, through the engine: hard problems, packs, and what two-pass steps and heads do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from imbench import Recipe, Validation
from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget, Coordinates
from imbench.training.finish import finish, score
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample, score_prior
from imbench.training.mlp import MLP
from imbench.training.networks import alike
from imbench.training.rehead import rehead
from imbench.training.trained import Trained
from imbench_losses import recipes
from imbench_losses.specs import SPECS

CPU = torch.device("cpu")
#: The engine pads such batches to 48 rows.
BUDGET = Budget(steps=30, batch_size=37, evaluations=2)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def problem(counts, seed=0, size=1.0, features=6):
    """A block with so many training rows per class, and a fifth as many for validation and test (one at least)."""
    rng = np.random.default_rng(seed)
    centres = 2 * rng.normal(size=(len(counts), features))

    def part(share):
        rows = [max(1, int(share * count)) for count in counts]
        y = rng.permutation(np.repeat(np.arange(len(counts)), rows))
        return (size * (rng.normal(size=(len(y), features)) + centres[y])).astype(np.float32), y

    (x_train, y_train), (x_validation, y_validation), (x_test, _) = part(1), part(0.2), part(0.2)
    return TrainingData(
        at=Coordinates(dataset="problem", ratio=20.0, seed=seed),
        x_train=x_train, y_train=y_train, x_validation=x_validation, y_validation=y_validation, x_test=x_test,
        n_classes=len(counts), categorical=np.zeros(features, bool),
    )  # fmt: skip


def member(recipe, data):
    return Member(recipe=recipe.training(), data=data, rows=resample(data, recipe))


def train(recipes_of, data, budget=BUDGET):
    """Trained networks, in packs of what can step together."""
    backbone = MLP(data.x_train.shape[1], data.n_classes, hidden=8, layers=1)
    members = [member(recipe, data) for recipe in recipes_of]
    found: dict[int, Trained] = {}
    for positions in alike(members):
        for position, trained in zip(
            positions, train_pack([members[k] for k in positions], backbone, budget, CPU), strict=True
        ):
            assert isinstance(trained, Trained), (recipes_of[position], trained)
            found[position] = trained
    return [found[position] for position in range(len(members))]


def finished(recipe, trained, data):
    """Header and arrays of a cell, as the engine sends them."""
    own = member(recipe, data)
    if recipe.transform_head is not None:
        trained = rehead(trained, own, recipe.transform_head)
    return finish(data, recipe, score(data, trained), score_prior(recipe, own.counts, trained.progress))


def offered(task):
    return {spec.name: spec.build({}) for spec in SPECS if task in spec.tasks}


HARD = {
    "a class of one row": problem([199, 1]),
    "three classes, one of one row": problem([150, 20, 1]),
    "twenty classes": problem([60] + [8] * 18 + [1]),
    "wild features": problem([80, 8], size=1e4),
}


@pytest.mark.parametrize("data", HARD.values(), ids=HARD)
def test_every_strategy_survives(data):
    strategies = offered(data.task)
    for (name, recipe), trained in zip(strategies.items(), train(list(strategies.values()), data), strict=True):
        header, arrays = finished(recipe, trained, data)
        for table in (arrays["test"], arrays["validation"]):
            assert np.isfinite(table).all(), name
            assert (table >= 0).all(), name
            np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-5, err_msg=name)
        assert np.sum(header["prior"]) == pytest.approx(1)
        assert ("decided" in arrays) == (recipe.decide is not None)


def test_a_pack_of_everything_equals_each_alone():
    data = problem([150, 15])
    strategies = list(offered("binary").values())
    for recipe, together in zip(strategies, train(strategies, data), strict=True):
        (alone,) = train([recipe], data)
        np.testing.assert_array_equal(together(data.x_test), alone(data.x_test), err_msg=str(recipe))


def test_every_strategy_learns_an_easy_problem():
    """Positives come before negatives; losses of a batch are given the sampler that they are made for."""
    data = problem([400, 40], seed=3)
    labels = data.y_validation
    strategies = offered("binary")
    for name in ("auc_margin", "ap_smooth"):
        strategies[name] = replace(strategies[name], sample=recipes.fixed_positives(0.5).sample)
    budget = Budget(steps=150, batch_size=37, evaluations=3)
    for (name, recipe), trained in zip(strategies.items(), train(list(strategies.values()), data, budget), strict=True):
        _, arrays = finished(recipe, trained, data)
        p = arrays["validation"][:, 1]
        better = (p[labels == 1][:, None] > p[labels == 0]).mean()
        assert better > 0.9, name


def test_a_radius_of_zero_is_the_plain_step_and_another_is_not():
    data = problem([150, 15])
    plain, flat, steep = (
        trained(data.x_test) for trained in train([Recipe(), recipes.sam(0.0), recipes.sam(0.5)], data)
    )
    np.testing.assert_array_equal(plain, flat)
    assert np.abs(plain - steep).max() > 1e-3


def test_imbalance_sam_climbs_for_the_rare_class_unless_classes_are_balanced():
    data = problem([150, 15])
    sample = recipes.balanced().sample
    alike_recipes = [replace(make(0.2), sample=sample) for make in (recipes.sam, recipes.sam_a)]
    balanced, balanced_too = (trained(data.x_test) for trained in train(alike_recipes, data))
    np.testing.assert_allclose(balanced_too, balanced, atol=1e-5)
    natural, climbing = (trained(data.x_test) for trained in train([recipes.sam(0.2), recipes.sam_a(0.2)], data))
    assert np.abs(natural - climbing).max() > 1e-3
    weights = recipes.sam_a(0.2).optimize.ascent(np.array([150, 15]), np.array([10 / 11, 1 / 11]))
    assert weights[1] / weights[0] == pytest.approx(10)


def test_crt_freezes_the_features_and_begins_the_head_anew():
    data = problem([150, 15])
    recipe = recipes.crt(0.5)
    (trained,) = train([recipe], data)
    backbone = trained.backbone
    # the features are those of the first half of the budget, trained alone on natural batches
    (half,) = train([Recipe()], data, Budget(steps=15, batch_size=37, evaluations=0))
    assert torch.equal(trained.last[: backbone.head_start], half.last[: backbone.head_start])
    assert not torch.equal(trained.last[backbone.head_start :], half.last[backbone.head_start :])
    header, _ = finished(recipe, trained, data)
    np.testing.assert_allclose(header["prior"], 0.5)


def test_new_heads_use_the_training_that_they_share():
    data = problem([150, 15])
    (trained,) = train([Recipe()], data)
    own = member(Recipe(), data)
    unchanged = rehead(trained, own, recipes.tau_norm(0.0).transform_head)
    weight, bias = (each[0] for each in trained.backbone.head(trained.selected[None]))
    same_weight, no_bias = (each[0] for each in trained.backbone.head(unchanged.selected[None]))
    assert torch.equal(weight, same_weight)
    assert bias.abs().max() > 0
    assert no_bias.abs().max() == 0
    normed = rehead(trained, own, recipes.tau_norm(1.0).transform_head)
    lengths = trained.backbone.head(normed.selected[None])[0][0].norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(2))
    header, _ = finished(recipes.lws(), trained, data)
    np.testing.assert_allclose(header["prior"], 0.5)


def test_scores_in_between_of_calibration_and_priors():
    """What calibrates on validation, or corrects to the natural prior, says which prior its scores stand for."""
    data = problem([150, 15])
    recipe = replace(Recipe(), sample=recipes.balanced().sample)
    (trained,) = train([recipe], data)
    natural = np.bincount(data.y_validation) / len(data.y_validation)
    raw = score(data, trained)
    for make in (recipes.platt, recipes.isotonic, recipes.vector_scaling, lambda: recipes.prior_correction("natural")):
        (part,) = make().adjust
        adjusted = part(Validation(raw["validation"], data.y_validation), np.array([0.5, 0.5]))
        np.testing.assert_allclose(adjusted.prior, natural)

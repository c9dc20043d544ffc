"""The plugin as imbench sees it, and each strategy on hard data."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from adaptive_problems import BUDGET, problem, scores_of, train

from imbench import Recipe, UsageError
from imbench.plugin.loading import load
from imbench.scoring.checks import check_scores
from imbench.strategy.compose import build
from imbench.training.selection import macro_average_precision

README = Path(__file__).parents[1] / "README.md"
PACKABLE = ["group_dro", "ohem", "influence_balanced", "recall_weights"]
ALONE = ["mw_net", "learning_to_reweight", "soap"]
EVERY = [*PACKABLE, "influence_balanced(start=0.0)", *ALONE, "mw_net(virtual=all)", "learning_to_reweight(virtual=all)"]
FAST = replace(BUDGET, steps=12, batch_size=24)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def catalogue():
    registry = load(only={"adaptive", "losses"})
    assert [(plugin.status, plugin.reason) for plugin in registry.plugins] == [("ok", "")] * 2
    return registry.strategies


@pytest.fixture(scope="module")
def made(catalogue):
    composed = {name: build(catalogue, name) for name in EVERY}
    return {name: each.fit or each.recipe for name, each in composed.items()}


def sound(scores, data):
    assert check_scores(scores, len(data.x_test), data.n_classes) == ""


def test_every_strategy_builds_with_its_defaults_and_at_its_bounds(catalogue):
    own = [offer.spec for offer in catalogue if offer.origin.plugin == "adaptive"]
    assert sorted(spec.name for spec in own) == sorted([*PACKABLE, *ALONE])
    for spec in own:
        assert spec.paper
        assert spec.notes
        assert isinstance(spec.build({}), Recipe) == (spec.alone == "")
        assert spec.build({}) == spec.build({})
        for name, parameter in spec.params.items():
            assert parameter.summary
            for value in (*parameter.grid, *parameter.choices):
                spec.build({name: value})
            if not parameter.choices:
                spec.build({name: type(parameter.default)(parameter.low)})
                with pytest.raises(UsageError, match=name):
                    spec.build({name: type(parameter.default)(parameter.high * 2)})


def test_listing_imports_no_torch():
    code = "import sys, imbench_adaptive; imbench_adaptive.imbench_strategies(); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_readme_lists_every_strategy():
    assert [name for name in (*PACKABLE, *ALONE) if f"`{name}" not in README.read_text()] == []


@pytest.mark.parametrize("n_classes", [2, 5])
def test_a_pack_of_all_recipes_equals_each_alone_bit_for_bit(catalogue, made, n_classes):
    data = problem([300, 40, 30, 20, 10][:n_classes])
    budget = replace(BUDGET, steps=30, batch_size=37)
    recipes = [Recipe(), *(each for each in made.values() if isinstance(each, Recipe))]
    recipes += [replace(recipes[1], loss=build(catalogue, "focal").recipe.loss), build(catalogue, "mixup+ohem").recipe]
    for together, recipe in zip(train(recipes, data, budget), recipes, strict=True):
        (alone,) = train([recipe], data, budget)
        np.testing.assert_array_equal(together(data.x_test), alone(data.x_test))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "counts",
    [[120, 1], [80, 40, 1], [60, 0], [90, 45, 0], [int(60 * 0.8**c) + 1 for c in range(20)], [2000, 2]],
    ids=["one example", "one of three", "one class", "absent class", "twenty classes", "batches of the majority"],
)
def test_awkward_classes(made, name, counts):
    data = problem(counts, test=20)
    sound(scores_of(made[name], data, FAST), data)


@pytest.mark.parametrize("name", EVERY)
def test_features_at_the_ends_of_float32(made, name):
    data = problem([180, 30])
    x_train, x_test = data.x_train.copy(), data.x_test.copy()
    x_train[:4, 0] = [1e4, -1e4, 1e4, -1e4]
    x_test[:4, 1] = [1e20, -1e20, 1e-38, 0.0]
    data = replace(data, x_train=x_train, x_test=x_test)
    sound(scores_of(made[name], data, FAST), data)


@pytest.mark.parametrize("name", EVERY)
def test_each_learns_and_repeats(made, name):
    data = problem([300, 30, 20])
    budget = replace(BUDGET, steps=80)
    scores = scores_of(made[name], data, budget)
    assert macro_average_precision(scores, np.arange(len(scores)) % 3) > 0.9
    np.testing.assert_array_equal(scores, scores_of(made[name], data, budget))


@pytest.mark.parametrize(
    "expression", ["balanced+group_dro", "group_dro+focal+warmup", "ohem+temperature", "mixup+ohem"]
)
def test_compositions_that_make_sense(catalogue, expression):
    data = problem([150, 15])
    sound(scores_of(build(catalogue, expression).recipe, data, FAST), data)


@pytest.mark.parametrize(
    ("expression", "named"), [("ohem+group_dro", "reweight"), ("mw_net+focal", "loss"), ("group_dro+ohem", "reweight")]
)
def test_compositions_that_make_none_are_refused(catalogue, expression, named):
    with pytest.raises(UsageError, match=named):
        build(catalogue, expression)


def test_balanced_batches_are_not_balanced_twice(catalogue):
    data = problem([150, 15])
    balanced, both = (build(catalogue, name).recipe for name in ("balanced", "balanced+group_dro(step=0)"))
    (alone, with_it) = train([balanced, both], data)
    np.testing.assert_array_equal(alone(data.x_test), with_it(data.x_test))


def test_a_fit_says_what_its_meta_set_cost(made):
    from adaptive_problems import trial_of

    for name in ("mw_net", "learning_to_reweight"):
        predictor = made[name].fit(trial_of(problem([100, 8]), FAST))
        assert predictor.notes == {"meta_rows": 14}

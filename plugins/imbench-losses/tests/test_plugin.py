"""The plugin as imbench sees it: loaded, cheap to list, composable, documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imbench import Recipe, UsageError
from imbench.plugin.loading import load
from imbench.strategy.compose import build

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def catalogue():
    registry = load(only={"losses"})
    assert [(plugin.status, plugin.reason) for plugin in registry.plugins] == [("ok", "")]
    return registry.strategies


def test_every_strategy_builds_with_its_defaults_and_at_its_bounds(catalogue):
    assert len(catalogue) == 24
    for offer in catalogue:
        spec = offer.spec
        made = spec.build({})
        assert isinstance(made, Recipe)
        assert made.parts()
        assert made == spec.build({})  # equal recipes train once
        for name, parameter in spec.params.items():
            assert parameter.summary
            for bound in (parameter.low, parameter.high):
                assert spec.build({name: type(parameter.default)(bound)}).parts()
            with pytest.raises(UsageError, match=name):
                spec.build({name: type(parameter.default)(parameter.high + 1)})
        assert spec.paper


def test_listing_imports_no_torch():
    code = "import sys, imbench_losses; list(imbench_losses.imbench_strategies()); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize(
    "expression",
    ["weighted_ce+focal+warmup", "ldam+drw+warmup_cosine", "remix+drw", "balanced+logit_adjusted+cyclical",
     "weighted_ce+logit_adjusted", "power_sampler+balanced_softmax", "mixup+temperature+logit_adjustment",
     "cosine_head+logit_adjusted", "balanced+weighted_ce"],
)  # fmt: skip
def test_compositions_that_make_sense(catalogue, expression):
    assert len(build(catalogue, expression).recipe.parts()) >= 2


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("warmup+cosine", "optimize"),
        ("focal+logit_adjusted", "loss"),
        ("ldam+cosine_head", "head"),
        ("balanced+class_balanced", "prior"),
        ("power_sampler+drw", "prior"),
    ],
)
def test_compositions_that_make_none_are_refused_by_name(catalogue, expression, named):
    with pytest.raises(UsageError, match=named) as error:
        build(catalogue, expression)
    assert all(repr(part) in str(error.value) for part in expression.split("+"))


def test_balanced_softmax_and_logit_adjusted_train_once(catalogue):
    assert (
        build(catalogue, "balanced_softmax").recipe.training() == build(catalogue, "logit_adjusted").recipe.training()
    )


def test_post_hoc_parts_leave_the_training_alone_and_temperature_runs_first(catalogue):
    recipe = build(catalogue, "logit_adjustment+temperature").recipe
    assert recipe.training() == Recipe()
    assert [type(part).__name__ for part in recipe.adjust] == ["Temperature", "LogitAdjustment"]


def test_readme_lists_every_strategy(catalogue):
    text = README.read_text()
    assert [offer.spec.name for offer in catalogue if f"`{offer.spec.name}" not in text] == []

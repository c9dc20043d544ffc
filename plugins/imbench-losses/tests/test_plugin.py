"""The plugin as imbench sees it: loaded, cheap to list, composable, documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imbench import Recipe, UsageError
from imbench.plugin.loading import load
from imbench.strategy.compose import build
from imbench_losses.specs import SPECS

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def catalogue():
    registry = load(only={"losses"})
    assert [(plugin.status, plugin.reason) for plugin in registry.plugins] == [("ok", "")]
    return registry.strategies


def test_every_strategy_builds_with_its_defaults_and_at_its_bounds(catalogue):
    assert len(catalogue) == len(SPECS) == 47
    for offer in catalogue:
        spec = offer.spec
        made = spec.build({})
        assert isinstance(made, Recipe)
        assert made.parts()
        assert made == spec.build({})  # equal recipes train once
        for name, parameter in spec.params.items():
            assert parameter.summary
            for value in parameter.grid:
                assert spec.build({name: value}).parts()
            if parameter.choices:
                with pytest.raises(UsageError, match=name):
                    spec.build({name: "neither"})
                continue
            for bound in (parameter.low, parameter.high):
                assert spec.build({name: type(parameter.default)(bound)}).parts()
            with pytest.raises(UsageError, match=name):
                spec.build({name: type(parameter.default)(parameter.high + 1)})
        assert spec.paper


def test_every_parameter_has_a_grid_worth_trying_except_what_is_given_by_the_task(catalogue):
    given = {("threshold_cost", "false_positive")}  # only the ratio of the two costs matters
    for offer in catalogue:
        for name, parameter in offer.spec.params.items():
            if (offer.spec.name, name) not in given:
                assert 2 <= len(parameter.grid) <= 4, (offer.spec.name, name)


def test_listing_imports_no_torch():
    code = "import sys, imbench_losses; list(imbench_losses.imbench_strategies()); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize(
    "expression",
    ["weighted_ce+focal+warmup", "ldam+drw+warmup_cosine", "remix+drw", "balanced+logit_adjusted+cyclical",
     "weighted_ce+logit_adjusted", "power_sampler+balanced_softmax", "mixup+temperature+logit_adjustment",
     "cosine_head+logit_adjusted", "balanced+weighted_ce", "fixed_positives+auc_margin", "fixed_positives+ap_smooth",
     "sam_a+balanced_softmax", "crt+mamix+one_cycle", "tau_norm+temperature", "balanced+vector_scaling",
     "balanced+prior_correction+threshold_cost", "balanced+platt+logit_adjustment", "temperature+prior_em",
     "effective_number_sampler+seesaw",
     "cdt+drw", "generalized_reweight+asl", "lws+platt+threshold_budget"],
)  # fmt: skip
def test_compositions_that_make_sense(catalogue, expression):
    recipe = build(catalogue, expression).recipe
    assert len(recipe.parts()) + max(len(recipe.adjust) - 1, 0) >= 2


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("warmup+cosine", "optimize"),
        ("focal+logit_adjusted", "loss"),
        ("ldam+cosine_head", "head"),
        ("balanced+class_balanced", "prior"),
        ("power_sampler+drw", "prior"),
        ("fixed_positives+class_balanced", "prior"),
        ("sam+cosine", "optimize"),
        ("tau_norm+lws", "transform_head"),
        ("threshold_cost+threshold_budget", "decide"),
    ],
)
def test_compositions_that_make_none_are_refused_by_name(catalogue, expression, named):
    with pytest.raises(UsageError, match=named) as error:
        build(catalogue, expression)
    assert all(repr(part) in str(error.value) for part in expression.split("+"))


def test_what_differs_in_name_or_after_training_trains_once(catalogue):
    for one, other in (
        ("balanced_softmax", "logit_adjusted"),
        ("cdt(gamma=0.2)", "vs(gamma=0.2, tau=0.0)"),
        ("generalized_reweight", "weighted_ce(power=1.2)"),
        ("tau_norm", "lws"),  # the head is changed after training
        ("platt", "threshold_cost"),
    ):
        assert build(catalogue, one).recipe.training() == build(catalogue, other).recipe.training()


def test_post_hoc_parts_leave_the_training_alone_and_temperature_runs_first(catalogue):
    recipe = build(catalogue, "logit_adjustment+temperature").recipe
    assert recipe.training() == Recipe()
    assert [type(part).__name__ for part in recipe.adjust] == ["Temperature", "LogitAdjustment"]


def test_readme_lists_every_strategy(catalogue):
    text = README.read_text()
    assert [offer.spec.name for offer in catalogue if f"`{offer.spec.name}" not in text] == []

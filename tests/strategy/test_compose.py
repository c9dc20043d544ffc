"""Composition: parts merge in the order written; two owners and double correction are errors that name both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench import Recipe, Stage, UsageError
from imbench.plugin.naming import canonical
from imbench.strategy.compose import compose
from tests.training.problems import Adjusted, Balanced, Duplicate, Focal, Inverse, Mixup, Ramp


@dataclass(frozen=True)
class Shift:
    """Post-hoc correction from the raw counts: it does not read the effective prior."""

    prior_effect: str = "corrects"
    kind: str = "prior"

    def __call__(self, validation, prior):
        return lambda scores: scores


class Forest:
    def fit(self, trial):
        return lambda x: np.ones((len(x), trial.n_classes)) / trial.n_classes


def test_parts_of_different_kinds_merge():
    composed = compose(
        [("ros", Recipe(resample=Duplicate())), ("focal", Recipe(loss=Focal())), ("up", Recipe(optimize=Ramp()))]
    )
    assert composed.packs
    assert sorted(composed.recipe.parts()) == ["loss", "optimize", "resample"]


@pytest.mark.parametrize(
    "part", [{"loss": Focal()}, {"resample": Duplicate()}, {"sample": Balanced()}, {"weight": Inverse()}]
)
def test_two_owners_of_one_part_are_both_named(part):
    with pytest.raises(UsageError, match="'one' and 'two' both bring the part"):
        compose([("one", Recipe(**part)), ("two", Recipe(**part))])


def test_two_fits_are_refused():
    with pytest.raises(UsageError, match="both bring the part 'fit'"):
        compose([("a", Forest()), ("b", Forest())])


@dataclass(frozen=True)
class Ranks:
    batchwise = True

    def __call__(self, logits, labels, facts):
        return logits.mean() - logits[:, 0]


@pytest.mark.parametrize("other", [Recipe(weight=Inverse()), Recipe(augment=Mixup())])
def test_a_loss_of_the_whole_batch_takes_neither_weights_nor_mixed_targets(other):
    with pytest.raises(UsageError, match=r"'ranks' is a loss of the whole batch and .* of 'other'"):
        compose([("other", other), ("ranks", Recipe(loss=Ranks()))])
    assert compose([("balanced", Recipe(sample=Balanced())), ("ranks", Recipe(loss=Ranks()))]).packs


def test_a_fit_takes_resampling_and_post_hoc_parts_and_nothing_else():
    assert not compose(
        [("ros", Recipe(resample=Duplicate())), ("forest", Forest()), ("p", Recipe(adjust=(Shift("keeps"),)))]
    ).packs
    with pytest.raises(UsageError, match="'forest' trains by itself and cannot take the part 'loss' of 'focal'"):
        compose([("forest", Forest()), ("focal", Recipe(loss=Focal()))])


def test_correcting_twice_from_raw_counts_is_refused():
    with pytest.raises(UsageError, match="'balanced' and 'shift' both correct the prior"):
        compose([("balanced", Recipe(sample=Balanced())), ("shift", Recipe(adjust=(Shift(),)))])
    with pytest.raises(UsageError, match="'a' and 'b' both correct"):
        compose([("a", Recipe(adjust=(Shift(),))), ("b", Recipe(adjust=(Shift(),)))])


@dataclass(frozen=True)
class FromCounts:
    prior_effect = "corrects"

    def __call__(self, counts, effective, progress):
        return 1 / np.maximum(counts, 1)


def test_what_a_last_stage_samples_is_corrected_too():
    crt = Recipe(stages=(Stage(share=0.8), Stage(share=0.2, train="head", sample=Balanced())))
    with pytest.raises(UsageError, match="'crt' and 'weights' both correct the prior"):
        compose([("weights", Recipe(weight=FromCounts())), ("crt", crt)])
    earlier = Recipe(stages=(Stage(share=0.8, sample=Balanced()), Stage(share=0.2)))
    assert compose([("weights", Recipe(weight=FromCounts())), ("earlier", earlier)]).packs


def test_correcting_what_is_left_is_allowed():
    compose(
        [
            ("balanced", Recipe(sample=Balanced())),
            ("inverse", Recipe(weight=Inverse())),
            ("la", Recipe(loss=Adjusted())),
        ]
    )
    compose([("shift", Recipe(adjust=(Shift(),)))])


def test_temperature_comes_before_the_prior_whatever_the_order_written():
    calibration, prior = Shift("keeps", "calibration"), Shift("corrects", "prior")
    composed = compose([("late", Recipe(adjust=(prior,))), ("early", Recipe(adjust=(calibration,)))])
    assert composed.recipe.adjust == (calibration, prior)


@given(st.permutations(["smote", "focal", "warmup", "threshold"]))
def test_composition_gives_the_same_recipe_in_any_order(order):
    parts = {"smote": Recipe(resample=Duplicate()), "focal": Recipe(loss=Focal()), "warmup": Recipe(optimize=Ramp()),
             "threshold": Recipe(adjust=(Shift("keeps"),))}  # fmt: skip
    assert compose([(name, parts[name]) for name in order]) == compose(list(parts.items()))


def test_canonical_text_drops_defaults_and_sorts_parameters():
    from imbench.plugin.loading import load

    strategies = load().strategies
    assert canonical(strategies, "losses/focal( gamma = 2.0 )") == canonical(strategies, "focal")
    assert canonical(strategies, "smote(k=3)+focal(gamma=1)") == "smote(k=3)+focal(gamma=1.0)"
    assert canonical(strategies, canonical(strategies, "smote(k=3)+erm")) == "smote(k=3)+erm"
    with pytest.raises(UsageError, match="did you mean 'focal'"):
        canonical(strategies, "focla")


def test_stage_shares_must_sum_to_one():
    from imbench import Stage

    with pytest.raises(ValueError, match="sum to 1"):
        Recipe(stages=(Stage(share=0.5), Stage(share=0.4)))

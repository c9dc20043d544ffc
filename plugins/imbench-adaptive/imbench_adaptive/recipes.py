"""The factories behind the specs of strategies that pack: parameters in, recipe out."""

from __future__ import annotations

from imbench import Recipe
from imbench_adaptive.classes import GroupRobust, RecallDriven
from imbench_adaptive.examples import HardExamples, Influence, InverseFrom

__all__ = ["group_dro", "influence_balanced", "ohem", "recall_weights"]


def group_dro(step: float) -> Recipe:
    """Group-DRO on classes."""
    return Recipe(reweight=GroupRobust(step))


def ohem(ratio: float) -> Recipe:
    """Hard examples of the largest class."""
    return Recipe(reweight=HardExamples(ratio))


def influence_balanced(power: float, start: float) -> Recipe:
    """Influence-balanced weights: two parts that begin together, so that imbench knows the prior at every step."""
    return Recipe(weight=InverseFrom(start), reweight=Influence(power, start))


def recall_weights(momentum: float, strength: float) -> Recipe:
    """Class weights by validation recall."""
    return Recipe(reweight=RecallDriven(momentum, strength))

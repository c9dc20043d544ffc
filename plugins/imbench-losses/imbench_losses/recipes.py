"""The factories behind the specs: parameters in, recipe out."""

from __future__ import annotations

from imbench import Recipe
from imbench_losses.losses import CrossEntropyPlusFocal, Focal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import (
    CosineHead,
    LabelAwareSmoothing,
    LabelDistributionAwareMargin,
    LogitAdjusted,
    VectorScaling,
)
from imbench_losses.mixing import Mixup, Remix
from imbench_losses.posthoc import LogitAdjustment, Temperature
from imbench_losses.samplers import Balanced, Power, Progressive
from imbench_losses.schedules import Cosine, Cyclical, Warmup, WarmupCosine
from imbench_losses.weights import ClassBalanced, DeferredClassBalanced, InverseFrequency


def weighted_ce(power: float) -> Recipe:
    """Cross-entropy weighted by a power of the inverse class frequency."""
    return Recipe(weight=InverseFrequency(power))


def class_balanced(beta: float) -> Recipe:
    """Cross-entropy weighted by the effective number of samples."""
    return Recipe(weight=ClassBalanced(beta))


def drw(beta: float, start: float) -> Recipe:
    """Class-balanced weights late in training."""
    return Recipe(weight=DeferredClassBalanced(beta, start))


def weighted_bce() -> Recipe:
    """One-vs-rest binary cross-entropy with balanced positives."""
    return Recipe(loss=WeightedBinaryCrossEntropy())


def focal(gamma: float) -> Recipe:
    """Softmax focal loss."""
    return Recipe(loss=Focal(gamma))


def sigmoid_focal(gamma: float, alpha: float) -> Recipe:
    """One-vs-rest focal loss with alpha-balance."""
    return Recipe(loss=SigmoidFocal(gamma, alpha))


def ce_focal(gamma: float, weight: float) -> Recipe:
    """Weighted cross-entropy plus focal loss."""
    return Recipe(loss=CrossEntropyPlusFocal(gamma, weight))


def logit_adjusted(tau: float) -> Recipe:
    """Logit-adjusted cross-entropy."""
    return Recipe(loss=LogitAdjusted(tau))


def balanced_softmax() -> Recipe:
    """Logit-adjusted cross-entropy with τ = 1: an equal recipe, so it trains once."""
    return Recipe(loss=LogitAdjusted(1.0))


def vs(gamma: float, tau: float) -> Recipe:
    """Vector-scaling loss."""
    return Recipe(loss=VectorScaling(gamma, tau))


def ldam(max_margin: float, scale: float) -> Recipe:
    """Label-distribution-aware margins on a cosine head; loss and head share one scale."""
    return Recipe(loss=LabelDistributionAwareMargin(max_margin, scale), head=CosineHead(scale))


def label_aware_smoothing(head: float, tail: float) -> Recipe:
    """Label smoothing by class size."""
    return Recipe(loss=LabelAwareSmoothing(head, tail))


def cosine_head(scale: float) -> Recipe:
    """Logits as scaled cosines."""
    return Recipe(head=CosineHead(scale))


def balanced() -> Recipe:
    """Classes alike in every batch."""
    return Recipe(sample=Balanced())


def power_sampler(q: float) -> Recipe:
    """Classes by a power of their size."""
    return Recipe(sample=Power(q))


def progressive() -> Recipe:
    """From natural to balanced batches."""
    return Recipe(sample=Progressive())


def mixup(alpha: float) -> Recipe:
    """Convex combinations of pairs."""
    return Recipe(augment=Mixup(alpha))


def remix(alpha: float, kappa: float, tau: float) -> Recipe:
    """Mixup whose labels favour the rarer class."""
    return Recipe(augment=Remix(alpha, kappa, tau))


def warmup(share: float, start: float) -> Recipe:
    """Linear warm-up."""
    return Recipe(optimize=Warmup(share, start))


def cosine(floor: float) -> Recipe:
    """Cosine decay."""
    return Recipe(optimize=Cosine(floor))


def cyclical(cycles: int, floor: float) -> Recipe:
    """Triangular cycles."""
    return Recipe(optimize=Cyclical(cycles, floor))


def warmup_cosine(share: float, floor: float) -> Recipe:
    """Linear warm-up, then cosine decay."""
    return Recipe(optimize=WarmupCosine(share, floor))


def logit_adjustment(tau: float) -> Recipe:
    """Post-hoc logit adjustment."""
    return Recipe(adjust=(LogitAdjustment(tau),))


def temperature() -> Recipe:
    """Temperature scaling."""
    return Recipe(adjust=(Temperature(),))

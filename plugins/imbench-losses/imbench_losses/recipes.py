"""The factories behind the specs: parameters in, recipe out."""

from __future__ import annotations

from typing import Literal

from imbench import Recipe, Stage
from imbench_losses.asymmetric import Asymmetric, SigmoidAsymmetric
from imbench_losses.calibration import Isotonic, Platt
from imbench_losses.calibration import VectorScaling as VectorScalingCalibration
from imbench_losses.deciding import AlertBudget, CostThreshold
from imbench_losses.decoupling import LearnedScales, NormalisedWeights
from imbench_losses.losses import CrossEntropyPlusFocal, Focal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import (
    CosineHead,
    LabelAwareSmoothing,
    LabelDistributionAwareMargin,
    LogitAdjusted,
    VectorScaling,
)
from imbench_losses.mixing import MarginAwareMixup, Mixup, Remix
from imbench_losses.posthoc import LogitAdjustment, Temperature
from imbench_losses.ranking import AucMargin, SmoothAveragePrecision
from imbench_losses.samplers import Balanced, EffectiveNumber, FixedPositives, Power, Progressive
from imbench_losses.schedules import Cosine, Cyclical, OneCycle, Warmup, WarmupCosine
from imbench_losses.seesaw import Seesaw
from imbench_losses.sharpness import ImbalanceSharpnessAware, SharpnessAware
from imbench_losses.shift import PriorCorrection, PriorEstimation
from imbench_losses.weights import ClassBalanced, DeferredClassBalanced, InverseFrequency


def weighted_ce(power: float) -> Recipe:
    """Cross-entropy weighted by a power of the inverse class frequency."""
    return Recipe(weight=InverseFrequency(power))


def generalized_reweight(rho: float) -> Recipe:
    """Weights by a power of the inverse class frequency: the recipe of `weighted_ce` under its other name."""
    return Recipe(weight=InverseFrequency(rho))


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


def asl(gamma_pos: float, gamma_neg: float, smoothing: float) -> Recipe:
    """Asymmetric loss for single labels."""
    return Recipe(loss=Asymmetric(gamma_pos, gamma_neg, smoothing))


def sigmoid_asl(gamma_pos: float, gamma_neg: float, margin: float) -> Recipe:
    """One-vs-rest asymmetric loss."""
    return Recipe(loss=SigmoidAsymmetric(gamma_pos, gamma_neg, margin))


def logit_adjusted(tau: float) -> Recipe:
    """Logit-adjusted cross-entropy."""
    return Recipe(loss=LogitAdjusted(tau))


def balanced_softmax() -> Recipe:
    """Logit-adjusted cross-entropy with τ = 1: an equal recipe, so it trains once."""
    return Recipe(loss=LogitAdjusted(1.0))


def vs(gamma: float, tau: float) -> Recipe:
    """Vector-scaling loss."""
    return Recipe(loss=VectorScaling(gamma, tau))


def cdt(gamma: float) -> Recipe:
    """Class-dependent temperatures: an equal recipe to `vs` with τ = 0, so it trains once."""
    return Recipe(loss=VectorScaling(gamma, 0.0))


def ldam(max_margin: float, scale: float) -> Recipe:
    """Label-distribution-aware margins on a cosine head; loss and head share one scale."""
    return Recipe(loss=LabelDistributionAwareMargin(max_margin, scale), head=CosineHead(scale))


def seesaw(p: float, q: float) -> Recipe:
    """Seesaw loss."""
    return Recipe(loss=Seesaw(p, q))


def label_aware_smoothing(head: float, tail: float) -> Recipe:
    """Label smoothing by class size."""
    return Recipe(loss=LabelAwareSmoothing(head, tail))


def auc_margin(margin: float) -> Recipe:
    """AUC margin loss."""
    return Recipe(loss=AucMargin(margin))


def ap_smooth(tau: float) -> Recipe:
    """Smooth average precision."""
    return Recipe(loss=SmoothAveragePrecision(tau))


def cosine_head(scale: float) -> Recipe:
    """Logits as scaled cosines."""
    return Recipe(head=CosineHead(scale))


def crt(share: float) -> Recipe:
    """Classifier re-training: the head anew on balanced batches, the rest as natural ones made it."""
    head = Stage(share=share, train="head", reset_head=True, sample=Balanced())
    return Recipe(stages=(Stage(share=1 - share), head))


def tau_norm(tau: float) -> Recipe:
    """τ-normalised head."""
    return Recipe(transform_head=NormalisedWeights(tau))


def lws() -> Recipe:
    """Learned scales of the head."""
    return Recipe(transform_head=LearnedScales())


def balanced() -> Recipe:
    """Classes alike in every batch."""
    return Recipe(sample=Balanced())


def power_sampler(q: float) -> Recipe:
    """Classes by a power of their size."""
    return Recipe(sample=Power(q))


def effective_number_sampler(beta: float) -> Recipe:
    """Rows by the inverse effective number of their class."""
    return Recipe(sample=EffectiveNumber(beta))


def fixed_positives(rate: float) -> Recipe:
    """A fixed share for the classes that are not the largest."""
    return Recipe(sample=FixedPositives(rate))


def progressive() -> Recipe:
    """From natural to balanced batches."""
    return Recipe(sample=Progressive())


def mixup(alpha: float) -> Recipe:
    """Convex combinations of pairs."""
    return Recipe(augment=Mixup(alpha))


def remix(alpha: float, kappa: float, tau: float) -> Recipe:
    """Mixup whose labels favour the rarer class."""
    return Recipe(augment=Remix(alpha, kappa, tau))


def mamix(alpha: float, power: float) -> Recipe:
    """Mixup whose labels follow the margins of the classes."""
    return Recipe(augment=MarginAwareMixup(alpha, power))


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


def one_cycle(share: float, start: float, end: float) -> Recipe:
    """One cycle of the learning rate."""
    return Recipe(optimize=OneCycle(share, start, end))


def sam(radius: float) -> Recipe:
    """Sharpness-aware minimisation."""
    return Recipe(optimize=SharpnessAware(radius))


def sam_a(radius: float) -> Recipe:
    """Sharpness-aware minimisation with a weighted ascent."""
    return Recipe(optimize=ImbalanceSharpnessAware(radius))


def logit_adjustment(tau: float) -> Recipe:
    """Post-hoc logit adjustment."""
    return Recipe(adjust=(LogitAdjustment(tau),))


def prior_correction(target: Literal["natural", "uniform"]) -> Recipe:
    """Scores for a known prior."""
    return Recipe(adjust=(PriorCorrection(target),))


def prior_em() -> Recipe:
    """Scores for an estimated prior."""
    return Recipe(adjust=(PriorEstimation(),))


def temperature() -> Recipe:
    """Temperature scaling."""
    return Recipe(adjust=(Temperature(),))


def vector_scaling() -> Recipe:
    """Vector scaling of log scores."""
    return Recipe(adjust=(VectorScalingCalibration(),))


def platt() -> Recipe:
    """Platt scaling."""
    return Recipe(adjust=(Platt(),))


def isotonic() -> Recipe:
    """Isotonic regression."""
    return Recipe(adjust=(Isotonic(),))


def threshold_cost(false_negative: float, false_positive: float) -> Recipe:
    """Decide by costs."""
    return Recipe(decide=CostThreshold(false_negative, false_positive))


def threshold_budget(share: float) -> Recipe:
    """Decide by a budget of alerts."""
    return Recipe(decide=AlertBudget(share))

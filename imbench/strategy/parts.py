"""The parts of a recipe, as protocols for one cell. The engine batches over cells; an author never sees a pack.

A part may say how it changes the prior that the scores stand for, by an attribute ``prior_effect``:

* ``"keeps"`` (assumed if absent): class frequencies as the loss sees them stay what they were;
* ``"corrects"``: it moves the prior towards uniform from the raw counts, so a second correction would be one too many;
* ``"corrects-effective"``: it corrects whatever prior is left over after the parts before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels, no_variables, variables
from imbench.strategy.facts import ClassFacts, Prior

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = [
    "Adjust",
    "Augment",
    "Decide",
    "Head",
    "HeadView",
    "Loss",
    "Mixture",
    "Optimize",
    "PriorEffect",
    "Resample",
    "Resampled",
    "Reweight",
    "Sample",
    "Seen",
    "Stage",
    "TrainView",
    "TransductiveAdjust",
    "TransformHead",
    "Validation",
    "Weight",
    "prior_effect",
]

PriorEffect = Literal["keeps", "corrects", "corrects-effective"]


def prior_effect(part: object) -> PriorEffect:
    """The declared effect of a part on the prior; ``"keeps"`` if it declares none."""
    effect: PriorEffect = getattr(part, "prior_effect", "keeps")
    return effect


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainView:
    """The training rows of a block, read-only.

    Attributes:
        x: (n, d) float32 features, standardised numbers and one-hot columns.
        y: (n,) int64 labels.
        n_classes: C.
        categorical: (d,) True for one-hot and indicator columns.
        variable: (d,) int64, which variable a column belongs to: the one-hot columns of a category share a number.
            By default each column is a variable of its own.
    """

    x: Floats
    y: Labels
    n_classes: int
    categorical: NDArray[np.bool_]
    variable: Labels = field(default_factory=no_variables)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable", variables(self.variable, self.x))

    @property
    def counts(self) -> Labels:
        """(C,) rows per class."""
        return np.bincount(self.y, minlength=self.n_classes).astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Resampled:
    """Outcome of a resampler: rows kept and rows made.

    Attributes:
        keep: (k,) indices into the view, repetition allowed.
        made_x: (m, d) float32 synthetic rows, or None.
        made_y: (m,) int64 their labels, or None.
        note: what the user should know (fallbacks taken, classes too small), or empty.
    """

    keep: NDArray[np.int64]
    made_x: Floats | None = None
    made_y: Labels | None = None
    note: str = ""


@runtime_checkable
class Resample(Protocol):
    """Choose and make training rows, once, before training."""

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled: ...


@runtime_checkable
class Sample(Protocol):
    """Class probabilities of a batch as a function of progress ∈ [0, 1]; rows are uniform within a class.

    ``counts`` is (C,): the rows per class after resampling. Classes without rows get probability 0.
    """

    def __call__(self, counts: Labels, progress: float) -> Prior: ...


class Mixture(NamedTuple):
    """An augmented batch: inputs and targets as (labels, weights) pairs whose weights sum to one per example.

    Attributes:
        inputs: (B, d).
        targets: pairs of labels (B,) int64 and weights (B,) float32.
    """

    inputs: Tensor
    targets: tuple[tuple[Tensor, Tensor], ...]


@runtime_checkable
class Augment(Protocol):
    """Mix or perturb a batch. ``counts`` is (C,) float32; draw randomness from ``generator`` alone."""

    def __call__(self, inputs: Tensor, labels: Tensor, counts: Tensor, generator: Generator) -> Mixture: ...


@runtime_checkable
class Weight(Protocol):
    """Class weights as a function of progress ∈ [0, 1].

    ``effective`` is (C,): class frequencies after resampling and sampling, so that nothing is balanced twice.
    The engine scales the weights so that their mean under ``effective`` is one: the learning rate keeps its meaning.
    """

    def __call__(self, counts: Labels, effective: Prior, progress: float) -> NDArray[np.float64]: ...


@runtime_checkable
class Loss(Protocol):
    """One loss per example: logits (B, C), labels (B,) → (B,). Written for one cell, must survive torch.func.vmap.

    The trainer weights and averages.
    An optional attribute ``link`` says how logits become scores: ``"softmax"`` (assumed) or ``"sigmoid"``
    (one-vs-rest, normalised to sum to one).
    An optional attribute ``batchwise = True`` says that an example's value depends on the others of its batch (losses
    that rank): weights and mixed targets then mean nothing, and a recipe may not have both.
    An optional method ``gradient(logits, labels, facts)`` gives the derivative of each loss with respect to its logits
    without autograd, for all cells of a pack in one call: logits (K, B, C), labels (K, B), each fact (K, 1, C) →
    (K, B, C). It must be finite where the logits are. It is compared with autograd before it is used.
    """

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor: ...


class Seen(NamedTuple):
    """What `Reweight` sees of one step of one cell; nothing of it carries gradients.

    Attributes:
        losses: (B,) loss of each example before any weight.
        logits: (B, C).
        labels: (B,) int64; with an augmented batch those of the first target.
        features: (B, h) the input of the head.
        facts: of the classes.
        progress: of the stage, in [0, 1), as samplers and weights read it.
    """

    losses: Tensor
    logits: Tensor
    labels: Tensor
    features: Tensor
    facts: ClassFacts
    progress: float


@runtime_checkable
class Reweight(Protocol):
    """Example weights from what the network makes of the batch, with a state that goes from step to step.

    ``start(counts)`` → the first state, any tensor, from the rows per class after resampling (C,) int64.
    Called as ``reweight(seen, state)`` → (weights (B,), next state). Weights multiply those of the classes; keep their
    mean near one, so that the learning rate keeps its meaning. With the two-pass step it is called in the first pass.
    An optional method ``look(state, recalls)`` → state is told the recall (C,) float32 of each class on validation,
    NaN where there is none, each time the engine looks there; never if the budget says ``evaluations = 0``.
    An optional method ``prior_after(prior, state)`` tells the prior (C,) that the scores stand for, from the one before
    example weights and the state (on the CPU) at the step that was chosen.
    """

    def start(self, counts: Labels, /) -> Tensor: ...

    def __call__(self, seen: Seen, state: Tensor, /) -> tuple[Tensor, Tensor]: ...


class HeadView(NamedTuple):
    """What `TransformHead` sees: the linear head and the features below it.

    Attributes:
        weight: (C, h) float32.
        bias: (C,) float32.
        features: (n, h) float32, of the rows that the network was trained on.
        labels: (n,) int64.
        validation_features: (m, h) float32.
        validation_labels: (m,) int64.
    """

    weight: Floats
    bias: Floats
    features: Floats
    labels: Labels
    validation_features: Floats
    validation_labels: Labels


@runtime_checkable
class TransformHead(Protocol):
    """A new head for a trained network (τ-norm, LWS): called with a `HeadView`, returns weight (C, h) and bias (C,).

    The training below it is shared with every recipe that differs only here.
    """

    def __call__(self, seen: HeadView, /) -> tuple[Floats, Floats]: ...


@runtime_checkable
class Optimize(Protocol):
    """Learning-rate multiplier of progress ∈ [0, 1).

    An optional attribute ``radius`` > 0 asks for the two-pass step of SAM (Foret et al. 2021) with that radius.
    An optional method ``ascent(counts, effective)`` → (C,) weighs the classes in the first, ascending pass alone
    (imbalance-SAM, Shwartz-Ziv et al. 2023); its arguments are those of `Weight`.
    """

    def __call__(self, progress: float) -> float: ...


@runtime_checkable
class Head(Protocol):
    """How features become logits: features (B, h), weight (C, h), bias (C,) → logits (B, C); vmap-able."""

    def __call__(self, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A share of the budget with its own rules (cRT, LWS, LP-FT).

    Attributes:
        share: part of the steps, shares sum to one.
        train: what moves: everything, only the head, or only the backbone below it.
        reset_head: draw new initial weights for the head when the stage begins.
        sample, weight, loss, optimize: override the recipe's part in this stage; None keeps it.
    """

    share: float
    train: Literal["all", "head", "backbone"] = "all"
    reset_head: bool = False
    sample: Sample | None = None
    weight: Weight | None = None
    loss: Loss | None = None
    optimize: Optimize | None = None


class Validation(NamedTuple):
    """Validation scores and labels, for parts that fit on them.

    Attributes:
        scores: (m, C) float64, rows sum to one.
        labels: (m,) int64.
    """

    scores: NDArray[np.float64]
    labels: Labels


@runtime_checkable
class Adjust(Protocol):
    """Scores → scores after training; may fit on validation.

    Called as ``adjust(validation, prior)`` with the prior (C,) that the scores stand for, it returns a function
    (n, C) → (n, C), applied to validation and test alike.
    An attribute ``kind`` fixes its place: ``"calibration"`` (temperature) runs before ``"prior"`` (assumed).
    An optional method ``prior_after(prior) -> prior`` tells the prior that the new scores stand for; if it is known
    only after fitting, the function that is returned tells it by an attribute ``prior`` (C,).
    """

    def __call__(
        self, validation: Validation, prior: Prior
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]: ...


class TransductiveAdjust(Protocol):
    """An `Adjust` that also sees the scores (t, C) of the test rows, never their labels, and says so.

    A row's scores may then depend on the others; the result records it.
    """

    @property
    def transductive(self) -> bool: ...

    def __call__(
        self, validation: Validation, prior: Prior, test: NDArray[np.float64]
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]: ...


@runtime_checkable
class Decide(Protocol):
    """Scores → labels; may fit on validation.

    Called as ``decide(validation, prior)``, it returns a function scores (n, C) → labels (n,) int64.
    """

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[NDArray[np.float64]], Labels]: ...

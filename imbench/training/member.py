"""Member: one training of a pack, with its rows and streams prepared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from imbench.data.block import Labels, TrainingData
from imbench.matrix.cell import Budget
from imbench.matrix.seeds import derive_seed
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.parts import Resampled, Stage, TrainView, prior_effect
from imbench.strategy.recipe import Recipe
from imbench.training.batches import BatchStream, ClassStream, EpochStream

__all__ = ["Member", "Rows", "prior_at", "resample", "score_prior", "stages_of", "view_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Training rows after resampling: indices into the block's rows followed by the made rows.

    Attributes:
        index: (n,) int64 positions in [x_train; made_x].
        labels: (n,) int64.
        made_x: (m, d) float32 or None.
        notes: before/after counts and what the resampler said.
        noop: whether the resampler changed nothing.
    """

    index: NDArray[np.int64]
    labels: Labels
    made_x: NDArray[np.float32] | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    noop: bool = False


def view_of(data: TrainingData) -> TrainView:
    """The training rows as a resampler may see them, read-only."""
    for array in (data.x_train, data.y_train, data.categorical, data.variable):
        array.setflags(write=False)
    return TrainView(
        x=data.x_train,
        y=data.y_train,
        n_classes=data.n_classes,
        categorical=data.categorical,
        variable=data.variable,
    )


def resample(data: TrainingData, recipe: Recipe, suffix: str = "", only: NDArray[np.int64] | None = None) -> Rows:
    """Apply a recipe's resampler (or take all rows), check what it returns, and record the counts.

    Args:
        data: the block.
        recipe: the recipe.
        suffix: name of the stream, for members of an ensemble.
        only: rows to use, for a Fit that trains on a part.

    Raises:
        ValueError: the resampler returned indices or rows that cannot be.
    """
    if recipe.resample is None:
        index = np.arange(len(data.y_train)) if only is None else np.asarray(only, dtype=np.int64)
        return Rows(index=index, labels=data.y_train[index])
    view = view_of(data if only is None else replace(data, x_train=data.x_train[only], y_train=data.y_train[only]))
    rng = np.random.default_rng(derive_seed(data.at.stream("resample"), suffix))
    made = _checked(recipe.resample(view, rng), view)
    keep = made.keep if only is None else np.asarray(only)[made.keep]
    extra = 0 if made.made_x is None else len(made.made_x)
    index = np.concatenate([keep, np.arange(extra) + len(data.y_train)])
    made_y = np.empty(0, np.int64) if made.made_y is None else made.made_y
    labels = np.concatenate([view.y[made.keep], made_y])
    noop = extra == 0 and len(keep) == len(view.y) and bool((np.sort(made.keep) == np.arange(len(view.y))).all())
    after = np.bincount(labels, minlength=data.n_classes)
    notes = {"before": view.counts.tolist(), "after": after.tolist(), "made": extra}
    if made.note:
        notes["note"] = made.note
    return Rows(index=index, labels=labels, made_x=made.made_x, notes={"resample": notes}, noop=noop)


def _checked(made: Resampled, view: TrainView) -> Resampled:
    keep = np.asarray(made.keep)
    if keep.ndim != 1 or keep.dtype.kind not in "iu" or (len(keep) and not 0 <= keep.min() <= keep.max() < len(view.y)):
        raise ValueError(f"resampler: expected indices in 0…{len(view.y) - 1}, got {keep.dtype} of shape {keep.shape}")
    extra_x = np.empty((0, view.x.shape[1]), np.float32) if made.made_x is None else np.asarray(made.made_x)
    extra_y = np.empty(0, np.int64) if made.made_y is None else np.asarray(made.made_y)
    if extra_x.shape != (len(extra_y), view.x.shape[1]):
        raise ValueError(
            f"resampler: expected made rows of shape ({len(extra_y)}, {view.x.shape[1]}), got {extra_x.shape}"
        )
    if len(extra_y) and not (extra_y.min() >= 0 and extra_y.max() < view.n_classes):
        raise ValueError(f"resampler: expected labels in 0…{view.n_classes - 1} for made rows")
    if not np.isfinite(extra_x).all():
        raise ValueError("resampler: made rows hold NaN or infinite values")
    if len(keep) + len(extra_y) == 0:
        raise ValueError("resampler: no row is left")
    nothing_made = len(extra_y) == 0
    return Resampled(
        keep=keep.astype(np.int64),
        made_x=None if nothing_made else extra_x.astype(np.float32),
        made_y=None if nothing_made else extra_y.astype(np.int64),
        note=made.note,
    )


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """The recipe's stages, or one stage over the whole budget; a stage's missing parts are filled from the recipe."""
    return tuple(
        replace(
            stage,
            sample=stage.sample or recipe.sample,
            weight=stage.weight or recipe.weight,
            loss=stage.loss or recipe.loss,
            optimize=stage.optimize or recipe.optimize,
        )
        for stage in recipe.stages or (Stage(share=1.0),)
    )


def prior_at(stage: Stage, counts: Labels, progress: float) -> tuple[Prior, Prior, NDArray[np.float64]]:
    """Class frequencies before and after weighting, and the class weights, at a progress of a stage.

    Returns:
        (sampled, effective, weights), each (C,): frequencies after resampling and sampling; the same reweighted; class
        weights with mean one under the sampled frequencies.

    Raises:
        ValueError: a sampler or a weight returned values that cannot be.
    """
    sampled = normalised(counts)
    if stage.sample is not None:
        asked = np.asarray(stage.sample(counts, progress), dtype=np.float64)
        sampled = normalised(np.where(counts > 0, asked, 0.0))
    weights = np.ones(len(counts))
    if stage.weight is not None:
        asked = np.asarray(stage.weight(counts, sampled, progress), dtype=np.float64)
        if asked.shape != sampled.shape:
            raise ValueError(f"weight: expected shape {sampled.shape}, got {asked.shape}")
        asked = np.where(sampled > 0, asked, 0.0)
        normalised(asked)  # refuses negative, infinite and all-zero weights
        weights = asked / float(asked @ sampled)
    return sampled, normalised(sampled * weights), weights


def score_prior(recipe: Recipe, counts: Labels, progress: float = 1.0, reweighed: Tensor | None = None) -> Prior:
    """The prior (C,) that the scores of a trained recipe stand for.

    It is the effective prior where training was stopped (``progress`` of the last stage; samplers and weights may
    change on the way), or what the loss says it turns it into. A ``reweight`` part is told its state at that step, by
    default its first.
    """
    stage = stages_of(recipe)[-1]
    _, effective, _ = prior_at(stage, counts, progress)
    if recipe.reweight is not None:
        effective = after(recipe.reweight, effective, recipe.reweight.start(counts) if reweighed is None else reweighed)
    for part in (stage.loss, recipe.transform_head):
        effective = after(part, effective)
    return effective


def after(part: object, prior: Prior, *state: Tensor) -> Prior:
    """The prior after a part: what its ``prior_after`` says, else uniform over present classes if it corrects."""
    tell = getattr(part, "prior_after", None)
    if tell is not None:
        return normalised(np.asarray(tell(prior, *state)))
    return prior if prior_effect(part) == "keeps" else normalised((prior > 0).astype(np.float64))


@dataclass(kw_only=True, eq=False)
class Member:
    """One training: a recipe on the rows of a block, with streams named by the block and never by the strategy.

    Attributes:
        recipe: its training parts.
        data: the block.
        rows: training rows after resampling.
        suffix: name of the streams, for members of an ensemble.
        learning_rate: instead of the budget's; None keeps it.
        error: the exception that took this member out of the pack, or None.
    """

    recipe: Recipe
    data: TrainingData
    rows: Rows
    suffix: str = ""
    learning_rate: float | None = None
    error: Exception | None = None

    def generator(self, purpose: str, device: torch.device | str = "cpu") -> Generator:
        """A torch generator for the stream of that name; its numbers differ between kinds of device."""
        return Generator(device).manual_seed(derive_seed(self.data.at.stream(purpose), self.suffix))

    @cached_property
    def counts(self) -> Labels:
        """(C,) rows per class after resampling."""
        return np.bincount(self.rows.labels, minlength=self.data.n_classes).astype(np.int64)

    def stream(self, stage: Stage, start: int, generator: Generator) -> BatchStream:
        """Batch indices for a stage; ``start`` is where this member's rows begin in the pack's resident matrix."""
        positions = torch.from_numpy(self.rows.index + start)
        if stage.sample is None:
            return EpochStream(positions, generator)
        return ClassStream(positions, torch.from_numpy(self.rows.labels.copy()), self.data.n_classes, generator)


def budget_steps(budget: Budget, stages: tuple[Stage, ...]) -> list[int]:
    """Steps of each stage; they add up to the budget."""
    ends = np.round(np.cumsum([stage.share for stage in stages]) * budget.steps).astype(int)
    return [int(step) for step in np.diff(ends, prepend=0)]

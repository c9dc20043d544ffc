"""Recipe and Fit: the two things a strategy's factory may return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from imbench.data.block import Floats
from imbench.strategy.parts import (
    Adjust,
    Augment,
    Decide,
    Head,
    Loss,
    Optimize,
    Resample,
    Reweight,
    Sample,
    Stage,
    TransductiveAdjust,
    TransformHead,
    Weight,
)

if TYPE_CHECKING:
    from imbench.strategy.trial import Trial

__all__ = ["Fit", "Predictor", "Recipe"]

#: x (n, d) float32 → scores (n, C): finite, non-negative, rows sum to one.
Predictor = Callable[[Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A strategy in declarative parts, all optional; see `imbench.strategy.parts` for each contract.

    What a recipe gives up in freedom it gets back in speed: recipes train together in packs.
    Two recipes with equal training parts train once, so parts should be frozen dataclasses (compared by value).
    """

    resample: Resample | None = None
    sample: Sample | None = None
    augment: Augment | None = None
    weight: Weight | None = None
    reweight: Reweight | None = None
    loss: Loss | None = None
    optimize: Optimize | None = None
    head: Head | None = None
    stages: tuple[Stage, ...] = ()
    adapt: str = ""
    transform_head: TransformHead | None = None
    adjust: tuple[Adjust | TransductiveAdjust, ...] = ()
    decide: Decide | None = None

    def __post_init__(self) -> None:
        if self.stages and abs(sum(stage.share for stage in self.stages) - 1) > 1e-9:
            raise ValueError(f"expected stage shares that sum to 1, got {[stage.share for stage in self.stages]}")

    def parts(self) -> dict[str, object]:
        """Name → part, of those that are set."""
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name))}

    def training(self) -> Recipe:
        """The recipe without what happens after training; equal trainings need to run only once."""
        return Recipe(
            resample=self.resample,
            sample=self.sample,
            augment=self.augment,
            weight=self.weight,
            reweight=self.reweight,
            loss=self.loss,
            optimize=self.optimize,
            head=self.head,
            stages=self.stages,
            adapt=self.adapt,
        )


@runtime_checkable
class Fit(Protocol):
    """A strategy that is not a recipe (forests, boosting, bilevel weights).

    ``fit(trial)`` gets training and validation data and returns a predictor. It never sees test data.
    An optional attribute ``prior_effect`` has the meaning it has for parts.
    """

    def fit(self, trial: Trial) -> Predictor: ...

"""Trial: the training-side half of a cell, as a Fit sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels, no_variables, variables
from imbench.matrix.cell import Budget, Coordinates
from imbench.matrix.seeds import derive_seed
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.recipe import Predictor, Recipe

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Engine", "Gradient", "Network", "StepBatch", "Training", "Trial"]


class Training(NamedTuple):
    """A network to train: by which recipe, on which rows (None: all), with which random streams."""

    recipe: Recipe = Recipe()
    rows: NDArray[np.int64] | None = None
    stream: str = ""


class StepBatch(NamedTuple):
    """The batch of one step.

    Attributes:
        rows: (B,) int64 positions in the rows of the trial.
        inputs: (B, d) float32.
        labels: (B,) int64.
        progress: share of the budget spent, in [0, 1).
    """

    rows: Tensor
    inputs: Tensor
    labels: Tensor
    progress: float


class Network(Protocol):
    """The backbone as functions of a row of parameters (P,); autograd and `torch.func` go through them.

    Attributes:
        row: (P,) parameters as they are now.
        head_start: first position of the head in a row.
        learning_rate: of this step.
    """

    row: Tensor
    head_start: int
    learning_rate: float

    def features(self, row: Tensor, x: Tensor) -> Tensor:
        """(n, d) → (n, h): everything below the head, without dropout."""
        ...

    def head(self, row: Tensor, features: Tensor) -> Tensor:
        """(n, h) → logits (n, C): the head alone, which is linear."""
        ...

    def logits(self, row: Tensor, x: Tensor) -> Tensor:
        """(n, d) → (n, C): the head on the features."""
        ...


#: (network, batch) → (P,) gradient of one step.
Gradient = Callable[[Network, StepBatch], "Tensor"]


class Engine(Protocol):
    """What trains networks for a `Trial`."""

    def train(self, trainings: Sequence[Training]) -> list[Predictor]:
        """See `Trial.train_all`."""
        ...

    def descend(self, gradient: Gradient, recipe: Recipe, stream: str) -> Predictor:
        """See `Trial.descend`."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Training and validation data, class facts, a budget and named random streams. There is no test data here.

    Attributes:
        x: (n, d) float32 training features, read-only.
        y: (n,) int64 training labels, read-only.
        x_validation: (m, d) float32.
        y_validation: (m,) int64.
        n_classes: C.
        categorical: (d,) True for one-hot and indicator columns.
        variable: (d,) int64, which variable a column belongs to: the one-hot columns of a category share a number.
        budget: what networks may spend.
        at: names of the random streams.
        device: ``cpu`` or ``cuda``.
        engine: trains networks on rows of this trial.
    """

    x: Floats
    y: Labels
    x_validation: Floats
    y_validation: Labels
    n_classes: int
    categorical: NDArray[np.bool_]
    budget: Budget
    at: Coordinates
    device: str
    engine: Engine = field(repr=False)
    variable: Labels = field(default_factory=no_variables)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable", variables(self.variable, self.x))

    @property
    def counts(self) -> Labels:
        """(C,) training rows per class."""
        return np.bincount(self.y, minlength=self.n_classes).astype(np.int64)

    @property
    def prior(self) -> Prior:
        """(C,) class frequencies of the training rows."""
        return normalised(self.counts)

    def seed(self, purpose: str) -> int:
        """A 31-bit seed for the stream of that name, the same for every strategy (for libraries that want an int)."""
        return self.at.stream(f"fit/{purpose}") % 2**31

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator for the stream of that name."""
        return np.random.default_rng(derive_seed(self.at.stream(f"fit/{purpose}")))

    def train(
        self, recipe: Recipe | None = None, *, rows: NDArray[np.int64] | None = None, stream: str = ""
    ) -> Predictor:
        """Train a network by a recipe within the budget.

        Args:
            recipe: its parts; by default plain cross-entropy.
            rows: indices of the training rows to use; by default all.
            stream: name for the initial weights and batch order, to get different members of an ensemble.
        """
        (predictor,) = self.train_all([Training(recipe or Recipe(), rows, stream)])
        return predictor

    def train_all(self, trainings: Sequence[Training]) -> list[Predictor]:
        """Train several networks, each within the budget, together as a pack: far sooner than one after the other."""
        return self.engine.train(trainings)

    def descend(self, gradient: Gradient, recipe: Recipe | None = None, *, stream: str = "") -> Predictor:
        """Train a network by a gradient of one's own (bilevel weights, losses with a memory of examples).

        Initial weights, batch order, optimiser, budget and the choice of a step are those of every recipe.

        Args:
            gradient: called once a step with the network and its batch, returns the gradient (P,) float32.
            recipe: only its ``sample`` and ``optimize`` parts are used.
            stream: as in `train`.

        Raises:
            ValueError: another part in the recipe, or a gradient of a wrong shape.
        """
        return self.engine.descend(gradient, recipe or Recipe(), stream)

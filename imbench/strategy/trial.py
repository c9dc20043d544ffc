"""Trial: the training-side half of a cell, as a Fit sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.matrix.cell import Budget, Coordinates
from imbench.matrix.seeds import derive_seed
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.recipe import Predictor, Recipe

__all__ = ["Trial"]


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
        budget: what networks may spend.
        at: names of the random streams.
        device: ``cpu`` or ``cuda``.
        trainer: trains a recipe on rows of this trial (set by the engine).
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
    trainer: Callable[[Recipe, NDArray[np.int64] | None, str], Predictor] = field(repr=False)

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
        return self.trainer(recipe or Recipe(), rows, stream)

"""An oversampler of smote-variants as the `resample` part of a recipe."""

from __future__ import annotations

import importlib
import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from imbench import Labels, PluginError, PriorEffect, Recipe, Resampled, TrainView
from imbench_smote_variants.catalogue import MADE_FROM, OVERSAMPLERS
from imbench_smote_variants.rows import resampled

__all__ = ["Variant", "recipe"]

_NAMES = frozenset(each.name for each in OVERSAMPLERS)

Table = tuple[NDArray[np.float64], Labels]


def recipe(name: str, proportion: float | None = None) -> Recipe:
    """The recipe for an oversampler.

    Args:
        name: its class in smote-variants.
        proportion: share of the difference to the largest class to make, or None if it takes no such argument.

    Raises:
        PluginError: smote-variants is not installed.
    """
    if find_spec("smote_variants") is None:
        raise PluginError(
            f"sv_{name.lower()} needs smote-variants, which is not installed: "
            f"pip install --no-deps smote-variants=={MADE_FROM}"
        )
    return Recipe(resample=Variant(name, proportion))


def __getattr__(name: str) -> partial[Recipe]:
    """The factory of each oversampler under its own name, as specs name it: ``resampling:SMOTE``."""
    if name in _NAMES:
        return partial(recipe, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Variant:
    """One oversampler with its own defaults.

    More than two classes grow one after the other, the largest first, each against all that have grown before it: the
    strategy ``eq_1_vs_many_successive`` of smote-variants' MulticlassOversampling, which fails where two classes share
    the largest size. Classes of that size stay here as they are.

    Attributes:
        name: its class in smote-variants.
        proportion: share of the difference to the largest class to make; None where it is no argument.
    """

    name: str
    proportion: float | None = None
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        """Whatever the library raises is raised.

        Raises:
            ValueError: the library returned rows of another shape.
        """
        seed = int(rng.integers(2**31 - 1))
        if np.count_nonzero(view.counts) < 2:
            return Resampled(keep=np.arange(len(view.y)), note="no-op: fewer than two classes have training rows")
        with _apart(seed), _overheard() as said:
            grow = self._grow_two if view.n_classes == 2 else self._grow_many
            x, y = grow(view.x.astype(np.float64), view.y.copy(), seed)
        return resampled(view, x, y, self.name, "; ".join(dict.fromkeys(said)))

    def _grow_two(self, x: NDArray[np.float64], y: Labels, seed: int) -> Table:
        return self._sample(x, y, seed, self.proportion)

    def _grow_many(self, x: NDArray[np.float64], y: Labels, seed: int) -> Table:
        labels, counts = np.unique(y, return_counts=True)
        largest = int(counts.max())
        share = 1.0 if self.proportion is None else self.proportion
        as_they_are = np.isin(y, labels[counts == largest])
        done_x, done_y = x[as_they_are], y[as_they_are]
        for place in np.argsort(-counts, kind="stable"):
            label, count = labels[place], int(counts[place])
            if count == largest:
                continue
            pair_x = np.vstack([done_x, x[y == label]])
            pair_y = np.repeat(np.array([0, 1], dtype=np.int64), [len(done_x), count])
            # smote-variants takes a share of the difference to all other rows, and rounds down: without the small
            # number a quotient just below a whole one would cost a row
            wanted = (int(share * (largest - count)) + 1e-3) / (len(done_x) - count)
            grown_x, grown_y = self._sample(pair_x, pair_y, seed, wanted)
            done_x = np.vstack([done_x, grown_x[grown_y == 1]])
            done_y = np.concatenate([done_y, np.repeat(label, np.count_nonzero(grown_y == 1))])
        return done_x, done_y

    def _sample(self, x: NDArray[np.float64], y: Labels, seed: int, proportion: float | None) -> Table:
        library: Any = importlib.import_module("smote_variants")
        settings = {} if proportion is None else {"proportion": proportion}
        table: Table = getattr(library, self.name)(random_state=seed, **settings).sample(x, y)
        return table


@contextmanager
def _apart(seed: int) -> Iterator[None]:
    """Some oversamplers draw from the global generators: seed these, and put them back. One thread: equal bits."""
    mine, numpys = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what the library should change for the next scikit-learn
            yield
    finally:
        random.setstate(mine)
        np.random.set_state(numpys)


class _Listener(logging.Handler):
    """Keeps why an oversampler gave up, which smote-variants only logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if any(words in message.lower() for words in ("returning copies", "too few", "not enough")):
            self.said.append(message)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What smote-variants logs while it gives up."""
    logger, listener = logging.getLogger("smote_variants"), _Listener()
    logger.addHandler(listener)
    try:
        yield listener.said
    finally:
        logger.removeHandler(listener)

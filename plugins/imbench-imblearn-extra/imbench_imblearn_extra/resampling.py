"""An oversampler of imbalanced-learn-extra as the `resample` part of a recipe."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from imbench import Labels, PluginError, PriorEffect, Recipe, Resampled, TrainView

__all__ = ["Extra", "recipe"]

#: Oversampler → the module it is in.
HOMES = {
    "GeometricSMOTE": "imblearn_extra.gsmote",
    "KMeansSMOTE": "imblearn_extra.clover.over_sampling",
    "SOMO": "imblearn_extra.clover.over_sampling",
    "GeometricSOMO": "imblearn_extra.clover.over_sampling",
}


def recipe(name: str, proportion: float) -> Recipe:
    """The recipe for an oversampler.

    Args:
        name: its class in imbalanced-learn-extra.
        proportion: share of the difference to the largest class to make.

    Raises:
        PluginError: imbalanced-learn-extra is not installed.
    """
    if find_spec("imblearn_extra") is None:
        raise PluginError(f"{name} needs imbalanced-learn-extra: pip install 'imbalanced-learn-extra>=0.2.10,<0.3'")
    return Recipe(resample=Extra(name, proportion))


def __getattr__(name: str) -> partial[Recipe]:
    """The factory of each oversampler under its own name, as specs name it: ``resampling:SOMO``."""
    if name in HOMES:
        return partial(recipe, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Extra:
    """One oversampler with its own defaults.

    Attributes:
        name: its class in imbalanced-learn-extra.
        proportion: share of the difference to the largest class to make.
    """

    name: str
    proportion: float
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        """Whatever the library raises is raised.

        Raises:
            ValueError: the library did not return the training rows followed by new ones.
        """
        seed = int(rng.integers(2**31 - 1))
        keep = np.arange(len(view.y))
        wanted = _wanted(view.counts, self.proportion)
        if not wanted:
            return Resampled(keep=keep, note="no-op: no class has rows to be made")
        library: Any = importlib.import_module(HOMES[self.name])
        sampler = getattr(library, self.name)(sampling_strategy=wanted, random_state=seed)
        with _apart(seed):
            x, y = sampler.fit_resample(view.x.copy(), view.y.copy())
        n = len(view.y)
        if not (np.array_equal(x[:n], view.x) and np.array_equal(y[:n], view.y)):
            raise ValueError(f"{self.name}: expected the {n} training rows first, got others")
        if len(y) == n:
            return Resampled(keep=keep, note=f"no-op: {self.name} made no row")
        return Resampled(keep=keep, made_x=x[n:].astype(np.float32), made_y=y[n:].astype(np.int64))


def _wanted(counts: Labels, proportion: float) -> dict[int, int]:
    """Class → rows it shall have, for every class that has rows and gets more."""
    missing = (proportion * (counts.max() - counts)).astype(np.int64)
    return {int(label): int(counts[label] + missing[label]) for label in np.flatnonzero((counts > 0) & (missing > 0))}


@contextmanager
def _apart(seed: int) -> Iterator[None]:
    """Clusters of one row draw from numpy's global generator: seed it, and put it back. One thread: equal bits."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        np.random.set_state(before)

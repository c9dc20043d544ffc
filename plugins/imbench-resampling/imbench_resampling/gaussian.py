"""Multivariate Gaussian SMOTE: a Gaussian around each seed row, with the shape of its neighbourhood.

For a random row of the class, its K nearest rows of the class and itself have a mean and a covariance (divided by
K+1); the new row is drawn from the Gaussian of these (Sakho, Malherbe & Scornet 2024, arXiv 2402.03819). Unlike a point
on a line between two rows, it may lie outside the hull of its class, and the density at the border does not vanish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from sklearn.utils import assert_all_finite

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import Floats, Labels, balanced
from imbench_resampling.generating import grow
from imbench_resampling.neighbours import neighbours
from imbench_resampling.smote import Goals, joined

__all__ = ["gaussian_rows", "mgs"]

#: Numbers gathered at a time.
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Mgs:
    """Rows from a Gaussian with mean and covariance of k+1 near rows of a class; k = 0 stands for d + 1."""

    k: int = 0
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        wanted = self.k or view.x.shape[1] + 1
        return balanced(view) or grow(view, lambda goals, k: gaussian_rows(view, goals, k, rng), ("k", wanted))


def gaussian_rows(view: TrainView, goals: Goals, k: int, rng: np.random.Generator) -> tuple[Floats, Labels]:
    """Rows drawn around random rows of each class.

    With standard normal g_0 … g_k, mean + Σ g_j (x_j - mean) / √(k+1) has the covariance Σ (x_j - mean)(x_j - mean)ᵀ /
    (k+1) of the k+1 rows x_j, singular or not: no matrix of d by d is made or factorised.

    Args:
        view: the training rows.
        goals: the classes to grow.
        k: neighbours of the same class, fewer than the smallest class to grow has rows.
        rng: for the seed rows and the Gaussians.

    Returns:
        (m, d) rows made, class by class, and (m,) their labels.

    Raises:
        ValueError: missing or infinite values.
    """
    assert_all_finite(view.x)
    made = {}
    for code, goal in sorted(goals.items()):
        of_class = view.x[view.y == code]
        seeds, at = np.unique(rng.integers(len(of_class), size=goal - len(of_class)), return_inverse=True)
        near = neighbours(of_class, of_class[seeds], k + 1)
        rows = np.empty((len(at), of_class.shape[1]), dtype=np.float32)
        step = max(1, _BUFFER // ((k + 1) * of_class.shape[1]))
        for a in range(0, len(at), step):
            around = of_class[near[at[a : a + step]]].astype(np.float64)
            mean = around.mean(axis=1)
            around -= mean[:, np.newaxis]
            noise = rng.standard_normal((len(around), 1, k + 1)) / np.sqrt(k + 1)
            rows[a : a + step] = np.clip(mean + (noise @ around)[:, 0], -_LARGEST, _LARGEST)
        made[code] = rows
    return joined(view, made)


_LARGEST = float(np.finfo(np.float32).max)


def mgs(k: int) -> Recipe:
    """Recipe of `Mgs`."""
    return Recipe(resample=Mgs(k))

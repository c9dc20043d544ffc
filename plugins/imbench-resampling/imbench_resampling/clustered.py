"""KMeans-SMOTE: SMOTE inside the clusters where a class is strong, more of it where the class lies sparse.

As imbalanced-learn draws it, with three differences in what it costs and survives: k-means is fitted once and not for
each class again (the seed is the same, and so are the clusters), the mean distance in a large cluster is summed in
parts, and the weights of clusters are found where powers of distances leave what a float holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances
from sklearn.utils import assert_all_finite
from threadpoolctl import threadpool_limits

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import Floats, Labels, balanced, counted, draw_seed, lowered, quietly
from imbench_resampling.generating import grow
from imbench_resampling.neighbours import neighbours
from imbench_resampling.points import Ints
from imbench_resampling.smote import Goals, between, drawn, joined

__all__ = ["kmeans_smote"]

#: Rows of a cluster whose distances fit into memory as one matrix.
_ROWS = 4096

#: Squares of larger numbers leave float32.
_SQUARE = 1e15


@dataclass(frozen=True)
class KMeansSmote:
    """SMOTE within clusters that hold at least the share ``balance`` of the class (below 0: see the spec)."""

    k: int = 2
    clusters: int = 8
    balance: float = -1.0
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        n = len(view.y)
        clusters, note = lowered("clusters", self.clusters, n, f"there are {counted(n)}")

        def make(goals: Goals, k: int) -> tuple[Floats, Labels]:
            return _rows(view, goals, k, _clusters(view.x, clusters, seed), self.balance, seed)

        return grow(view, make, ("k", self.k), note, no_seed="no cluster holds enough of its rows")


def _clusters(x: Floats, count: int, seed: int) -> Ints:
    """(n,) cluster of each row."""
    assert_all_finite(x)
    # one thread, for equal bits
    with quietly(), threadpool_limits(1):
        owner: Ints = MiniBatchKMeans(count, random_state=seed).fit_predict(_tame(x))
    return owner


def _tame(x: Floats) -> Floats:
    """The rows, scaled by a power of two if squares of their values would not fit into float32."""
    largest = float(np.abs(x).max())
    return x if largest < _SQUARE else np.ldexp(x, -math.frexp(largest)[1])


def _rows(view: TrainView, goals: Goals, k: int, owner: Ints, balance: float, seed: int) -> tuple[Floats, Labels]:
    """What ``KMeansSMOTE(random_state=seed)`` appends (Last, Douzas & Bacao 2017, arXiv 1711.00837).

    Args:
        view: the training rows.
        goals: the classes to grow; each may end up larger by one row for each cluster.
        k: neighbours to step towards.
        owner: (n,) cluster of each row.
        balance: the smallest share of a class in a cluster where it grows; below 0, half of the share that the class
            has in all rows to be made.
        seed: the ``random_state``.
    """
    missing = {code: goal - int(view.counts[code]) for code, goal in sorted(goals.items())}
    made = {}
    for code, n in missing.items():
        floor = balance if balance >= 0 else n / sum(missing.values()) / 2
        places = []
        for cluster in np.unique(owner):
            inside = view.y[owner == cluster] == code
            share = inside.mean()
            # the number of its rows, with the rounding of imbalanced-learn
            if share >= floor and share * len(inside) >= k + 1:
                places.append(np.flatnonzero((owner == cluster) & (view.y == code)))
        if places:
            shares = _shares([view.x[place] for place in places])
            made[code] = np.concatenate(
                [
                    _between_neighbours(view.x[place], math.ceil(n * share), k, seed)
                    for place, share in zip(places, shares, strict=True)
                ]
            )
    return joined(view, made)


def _between_neighbours(x: Floats, n: int, k: int, seed: int) -> Floats:
    """(n, d) points between rows of x and their k nearest among them."""
    near = neighbours(x, x, k + 1)[:, 1:]
    base, which, steps = drawn(near, n, seed)
    return between(x, base, x, near[base, which], steps)


def _shares(clusters: list[Floats]) -> NDArray[np.floating]:
    """What share of the new rows goes to each cluster: (mean distance)^exponent / rows, normalised."""
    sizes = np.array([len(x) for x in clusters])
    means = [_mean_distance(_tame(x)) for x in clusters]
    exponents = np.array([math.log(len(x), 1.6) ** 1.8 * 0.16 for x in clusters])
    with np.errstate(all="ignore"):
        sparsity = np.array([m ** float(e) / n for m, e, n in zip(means, exponents, sizes.tolist(), strict=True)])
        shares: NDArray[np.floating] = sparsity / sparsity.sum()
        if np.isfinite(shares).all():
            return shares
        # the power over- or underflows: the same in logarithms; rows that are all equal have no distance
        logs = exponents * np.log(np.asarray(means, dtype=np.float64)) - np.log(sizes)
    if not np.isfinite(logs).any():
        return np.full(len(logs), 1 / len(logs))
    weights = np.exp(logs - logs.max())
    shares = weights / weights.sum()
    return shares


def _mean_distance(x: Floats) -> np.float32:
    """Mean distance of two different rows, in the type of x as imbalanced-learn computes it."""
    pairs = len(x) ** 2 - len(x)
    if len(x) <= _ROWS:
        away = pairwise_distances(x)
        np.fill_diagonal(away, 0)
        return np.float32(away.sum() / pairs)
    total = sum(
        pairwise_distances(x[a : a + _ROWS // 4], x).sum(dtype=np.float64) for a in range(0, len(x), _ROWS // 4)
    )
    return np.float32(total / pairs)


def kmeans_smote(k: int, clusters: int, balance: float) -> Recipe:
    """Recipe of `KMeansSmote`."""
    return Recipe(resample=KMeansSmote(k, clusters, balance))

"""Means and intervals over nested blocks, vectorised.

The dataset is the unit: seeds are averaged first, then ratios, then datasets; datasets of one origin are averaged
together before they count (design §7; folds and seeds are not independent, Nadeau & Bengio 2003; Benavoli et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bootstrap", "Interval", "Levels", "nested_mean"]

Numbers = NDArray[np.float64]
Reals = NDArray[Any]
Mask = NDArray[np.bool_]
Interval = tuple[float, float] | None

#: Bytes of weights kept for reuse (strategies with the same missing blocks share them).
_CACHE_BYTES = 1 << 28


@dataclass(frozen=True, kw_only=True, eq=False)
class Levels:
    """How B blocks nest. All arrays are (B,) codes; the first three rise from 0 without gaps.

    Attributes:
        cluster: origin of the dataset.
        dataset: the dataset.
        condition: dataset and ratio (with profile, backbone, budget).
        seed: dataset and seed: ratios of one seed share their split, so that they are drawn together.
    """

    cluster: NDArray[np.intp]
    dataset: NDArray[np.intp]
    condition: NDArray[np.intp]
    seed: NDArray[np.intp]


def nested_mean(values: Numbers, mask: Mask, levels: Levels) -> float | None:
    """Mean of the masked values (B,) over seeds, then ratios, then datasets, then clusters; None if there are none."""
    if not mask.any():
        return None
    ones = np.ones((1, mask.size))
    weights = _weights(mask, ones, np.ones((1, int(levels.cluster[-1]) + 1)), levels)[0]
    return float(weights[mask] @ values[mask])


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Hierarchical bootstrap: clusters are drawn with replacement, then seeds within their datasets.

    All strategies are seen through the same draws, so that a difference is paired. A cluster drawn m times draws its
    seeds m times afresh.
    """

    levels: Levels
    seeds: NDArray[np.float32]
    clusters: NDArray[np.float32]
    _cache: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def draw(cls, levels: Levels, replicates: int, seed: int) -> Bootstrap:
        """Draw the replicates: how often each cluster (R, clusters) and each block's seed (R, B) is taken."""
        rng = np.random.default_rng(seed)
        n_clusters = int(levels.cluster[-1]) + 1 if levels.cluster.size else 0
        taken = rng.multinomial(n_clusters, np.full(n_clusters, 1 / max(n_clusters, 1)), size=replicates)
        seeds = np.zeros((replicates, levels.seed.size), dtype=np.float32)
        for dataset in np.unique(levels.dataset):
            here = np.flatnonzero(levels.dataset == dataset)
            names, which = np.unique(levels.seed[here], return_inverse=True)
            draws = taken[:, levels.cluster[here[0]]] * names.size
            seeds[:, here] = rng.multinomial(draws, np.full(names.size, 1 / names.size))[:, which]
        return cls(levels, seeds, taken.astype(np.float32))

    def interval(self, difference: Numbers) -> Interval:
        """95 % percentile interval of the mean of (B,) differences, NaN where the pair lacks the block.

        None if there are not two independent units (seeds of a dataset) to draw from, or no replicates.
        """
        mask = np.isfinite(difference)
        if np.unique(self.levels.seed[mask]).size < 2 or not len(self.seeds):
            return None
        means = self._weights_for(mask) @ np.where(mask, difference, 0.0).astype(np.float32)
        means = means[np.isfinite(means)]
        if not means.size:
            return None
        low, high = np.quantile(means, (0.025, 0.975))
        return float(low), float(high)

    def _weights_for(self, mask: Mask) -> NDArray[np.float32]:
        key = mask.tobytes()
        if key not in self._cache:
            room = max(1, _CACHE_BYTES // max(self.seeds.nbytes, 1))
            while len(self._cache) >= room:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = _weights(mask, self.seeds, self.clusters, self.levels)
        return self._cache[key]


def _weights(mask: Mask, seeds: Reals, clusters: Reals, levels: Levels) -> Reals:
    """(R, B) weights under which the nested mean of each replicate is a plain sum; NaN where nothing was drawn.

    What has no block left under the mask does not count in the mean of the level above it.

    Args:
        mask: (B,) blocks that take part.
        seeds: (R, B) how often the seed of each block is taken.
        clusters: (R, clusters) how often each cluster is taken.
        levels: how blocks nest.
    """
    first = _starts(levels.condition)
    dataset_of, cluster_of = levels.dataset[first], levels.cluster[first][_starts(levels.dataset[first])]
    taken: Reals = np.where(mask, seeds, seeds.dtype.type(0))
    in_condition = np.add.reduceat(taken, first, axis=1)
    in_dataset = np.add.reduceat((in_condition > 0).astype(seeds.dtype), _starts(dataset_of), axis=1)
    in_cluster = np.add.reduceat((in_dataset > 0).astype(seeds.dtype), _starts(cluster_of), axis=1)
    alive = clusters * (in_cluster > 0)
    total = alive.sum(axis=1, keepdims=True)
    share = np.divide(alive, total, out=np.full_like(alive, np.nan), where=total > 0)
    share = _split(share, in_cluster)[:, cluster_of] * (in_dataset > 0)
    share = _split(share, in_dataset)[:, dataset_of] * (in_condition > 0)
    weights: Reals = taken * _split(share, in_condition)[:, levels.condition]
    return weights


def _starts(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each run of equal codes begins."""
    return np.flatnonzero(np.diff(codes, prepend=-1))


def _split(share: Reals, among: Reals) -> Reals:
    """The share of one of ``among``; 0 where there is none."""
    parts: Reals = np.divide(share, among, out=share * 0, where=among > 0)
    return parts

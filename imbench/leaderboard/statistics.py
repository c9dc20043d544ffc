"""Means and intervals over nested blocks, vectorised.

The dataset is the unit: seeds are averaged first, then ratios, then datasets; datasets of one origin are averaged
together before they count (folds and seeds are not independent, Nadeau & Bengio 2003; Benavoli et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bootstrap", "Interval", "Levels", "nested_mean"]

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Interval = tuple[float, float] | None


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
    once = np.ones((1, int(levels.seed.max()) + 1)), np.ones((1, int(levels.cluster[-1]) + 1))
    return float(_nested_means(values, mask, *once, levels)[0])


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Hierarchical bootstrap: clusters are drawn with replacement, then seeds within their datasets.

    All strategies are seen through the same draws, so that a difference is paired. A cluster drawn m times draws its
    seeds m times afresh.

    Attributes:
        levels: how blocks nest.
        seeds: (R, seeds of datasets) how often each is taken.
        clusters: (R, clusters) how often each is taken.
    """

    levels: Levels
    seeds: Numbers
    clusters: Numbers

    @classmethod
    def draw(cls, levels: Levels, replicates: int, seed: int) -> Bootstrap:
        """Draw R replicates."""
        if not levels.seed.size:
            return cls(levels, np.zeros((0, 0)), np.zeros((0, 0)))
        rng = np.random.default_rng(seed)
        n_clusters = int(levels.cluster[-1]) + 1
        clusters = rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=replicates)
        seeds = np.zeros((replicates, int(levels.seed.max()) + 1))
        for first in _starts(levels.dataset):
            own = np.unique(levels.seed[levels.dataset == levels.dataset[first]])
            draws = clusters[:, levels.cluster[first]] * own.size
            seeds[:, own] = rng.multinomial(draws, np.full(own.size, 1 / own.size))
        return cls(levels, seeds, clusters.astype(np.float64))

    def interval(self, difference: Numbers) -> Interval:
        """95 % interval of the mean of (B,) differences, NaN where the pair lacks the block.

        The percentile interval of the bootstrap, widened about the mean for few units: by sqrt(n / (n - 1)), which the
        bootstrap's variance lacks, times Student's over the normal quantile (after Hesterberg 2015, The American
        Statistician 69:371, section 5.3). n counts what carries the uncertainty: datasets (clusters), or the seeds if
        there is one dataset. Without it three datasets would exclude a true 0 in a fifth of all cases.

        None if there are not two independent units (seeds of a dataset) to draw from, or no replicates.
        """
        mask = np.isfinite(difference)
        if np.unique(self.levels.seed[mask]).size < 2 or not len(self.seeds):
            return None
        means = _nested_means(difference, mask, self.seeds, self.clusters, self.levels)
        means = means[np.isfinite(means)]
        if not means.size:
            return None
        low, high = np.quantile(means, (0.025, 0.975))
        centre = nested_mean(difference, mask, self.levels) or 0.0
        datasets = np.unique(self.levels.cluster[mask]).size
        wider = _widening(datasets if datasets > 1 else int(np.unique(self.levels.seed[mask]).size))
        return centre - wider * (centre - float(low)), centre + wider * (float(high) - centre)


#: Two-sided 5 % quantiles of Student's t for 1, 2, … degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def _widening(units: int) -> float:
    """How much wider the percentile interval of n units must be; tends to 1."""
    freedom = units - 1
    student = _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else 1.96 + 2.42 / freedom
    return float(student / 1.96 * np.sqrt(units / freedom))


def _nested_means(values: Numbers, mask: Mask, seeds: Numbers, clusters: Numbers, levels: Levels) -> Numbers:
    """(R,) nested means of the masked values in each replicate; NaN where none of them was drawn.

    What has no value under the mask does not count in the mean of the level above it.

    Args:
        values: (B,) values; those outside the mask are not read.
        mask: (B,) blocks that take part.
        seeds: (R, seeds of datasets) how often each is taken.
        clusters: (R, clusters) how often each is taken.
        levels: how blocks nest.
    """
    first = _starts(levels.condition)
    # (seeds of datasets, conditions): each entry is one block, so that resampling seeds is a matrix product
    shape = seeds.shape[1], first.size
    place = np.ravel_multi_index((levels.seed[mask], levels.condition[mask]), shape)
    taken = seeds @ np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    total = seeds @ np.bincount(place, weights=values[mask], minlength=shape[0] * shape[1]).reshape(shape)
    means, alive = _average(total, taken)
    for codes in (levels.dataset[first], levels.cluster[first][_starts(levels.dataset[first])]):
        above = np.equal.outer(codes, np.arange(codes[-1] + 1)).astype(np.float64)
        means, alive = _average(means @ above, alive @ above)
    means, alive = _average((means * clusters).sum(axis=1), (alive * clusters).sum(axis=1))
    return np.where(alive > 0, means, np.nan)


def _starts(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each run of equal codes begins."""
    return np.flatnonzero(np.diff(codes, prepend=-1))


def _average(total: Numbers, count: Numbers) -> tuple[Numbers, Numbers]:
    """Total / count, and 1 where the count is above 0; both are 0 elsewhere."""
    alive = (count > 0).astype(np.float64)
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0), alive

"""ClusterCentroids: every larger class is replaced by as many k-means centres as the smallest class has rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from imblearn.under_sampling import ClusterCentroids
from sklearn.cluster import KMeans, MiniBatchKMeans
from threadpoolctl import threadpool_limits

from imbench import Recipe, Resampled, TrainView, UsageError
from imbench_resampling.common import balanced, draw_seed, finish, fit_resample, to_shrink
from imbench_resampling.kmeans import QuickKMeans

__all__ = ["cluster_centroids"]


@dataclass(frozen=True)
class Centroids:
    """Keep the smallest class (and its equals), make centres for the others; ``hard`` takes the row next to each."""

    voting: str = "soft"
    minibatch: bool = False
    fast: bool = False
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        goals = to_shrink(view)
        sampler = ClusterCentroids(
            sampling_strategy=goals, estimator=self._clusters(seed), voting=self.voting, random_state=seed
        )
        # one thread, for equal bits: k-means adds up its threads' sums in the order in which they finish
        with threadpool_limits(1):
            x, y = fit_resample(sampler, view.x, view.y)
        shrunk = np.isin(y, list(goals))
        made_x, made_y = x[shrunk], y[shrunk]
        distinct = len(np.unique(np.column_stack([made_y, made_x]), axis=0))
        note = f"only {distinct} of {len(made_y)} centres are distinct" if distinct < len(made_y) else ""
        keep = np.flatnonzero(~np.isin(view.y, list(goals)))
        return finish(view, keep, made_x, made_y, notes=[note])

    def _clusters(self, seed: int) -> Any:
        """The k-means to fit; n_init as in imbalanced-learn: one k-means++ start, also for the mini-batch kind."""
        if self.fast:
            return QuickKMeans(random_state=seed)
        return MiniBatchKMeans(n_init=1, random_state=seed) if self.minibatch else KMeans(random_state=seed)


def cluster_centroids(voting: str, minibatch: bool, fast: bool) -> Recipe:
    """Recipe of `Centroids`.

    Raises:
        UsageError: both kinds of approximate k-means are asked for.
    """
    if minibatch and fast:
        raise UsageError("cluster_centroids: minibatch and fast are two kinds of k-means, got both; set one of them")
    return Recipe(resample=Centroids(voting, minibatch, fast))

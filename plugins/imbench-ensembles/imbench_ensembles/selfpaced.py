"""Self-paced ensembles (Liu et al. 2020) and BalanceCascade (Liu, Wu & Zhou 2009)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from imbench import Labels, Predictor, PriorEffect, Trial
from imbench_ensembles.predictors import Average, Scores, constant, present_classes
from imbench_ensembles.subsets import balanced, self_paced, self_paced_factor

__all__ = ["BalanceCascade", "SelfPaced", "SelfPacedNetworks"]

#: (rows, number of the member) → its predictor
Train = Callable[[NDArray[np.int64], int], Predictor]


@dataclass(frozen=True)
class SelfPaced:
    """Trees on balanced subsets, chosen by how hard the ensemble so far finds a row (Liu et al. 2020).

    Attributes:
        members: trees.
        bins: k, bins of hardness.
        max_depth: levels of a tree; 0: until its leaves are pure.
    """

    members: int = 50
    bins: int = 5
    max_depth: int = 10
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Grow tree after tree."""
        present, rng = present_classes(trial), trial.rng("self_paced trees")

        def grow(rows: NDArray[np.int64], _member: int) -> Predictor:
            tree = DecisionTreeClassifier(max_depth=self.max_depth or None, random_state=int(rng.integers(2**31)))
            return Scores(tree.fit(trial.x[rows], trial.y[rows]).predict_proba, present, trial.n_classes)

        return constant(trial) or _self_paced(trial, self.members, self.bins, grow)


@dataclass(frozen=True)
class SelfPacedNetworks:
    """A self-paced ensemble of networks, one trained after the other, each with the whole budget.

    Attributes:
        members: networks.
        bins: k, bins of hardness.
    """

    members: int = 10
    bins: int = 5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Train network after network."""

        def train(rows: NDArray[np.int64], member: int) -> Predictor:
            return trial.train(rows=rows, stream=f"self-paced {member}")

        return constant(trial) or _self_paced(trial, self.members, self.bins, train)


def _self_paced(trial: Trial, members: int, bins: int, train: Train) -> Predictor:
    rng = trial.rng("self_paced rows")
    trained: list[Predictor] = []
    own = np.zeros(len(trial.y))  # summed scores of the true class
    for member in range(members):
        if member == 0:
            rows = balanced(trial.y, rng)
        else:
            hardness = np.clip(1 - own / member, 0, 1)
            rows = self_paced(trial.y, hardness, bins, self_paced_factor(member, members), rng)
        trained.append(train(rows, member))
        if member < members - 1:
            own += _of_true_class(trained[-1], trial)
    return Average(trained, notes={"members": members})


@dataclass(frozen=True)
class BalanceCascade:
    """AdaBoost on balanced subsets; after each member the rows of larger classes that it finds easy leave the pool.

    Of class c, (n_min/n_c)^(i/(T-1)) of the rows are left after member i, so the last one sees n_min of each: the
    threshold of the paper that leaves as many false positives, for any number of classes. As in EasyEnsemble here, the
    members' scores are averaged; the paper adds up their votes and thresholds.

    Attributes:
        members: T, boosted models.
        rounds: stumps of each.
    """

    members: int = 10
    rounds: int = 10
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Boost model after model on a shrinking pool."""
        present, rng = present_classes(trial), trial.rng("balance_cascade")
        trained: list[Predictor] = []
        pool = np.arange(len(trial.y))
        only = constant(trial)
        if only is not None:
            return only
        for member in range(self.members):
            rows = pool[balanced(trial.y[pool], rng)]
            model = AdaBoostClassifier(n_estimators=self.rounds, random_state=int(rng.integers(2**31)))
            trained.append(Scores(model.fit(trial.x[rows], trial.y[rows]).predict_proba, present, trial.n_classes))
            if member < self.members - 1:
                left = _left(trial.counts, (member + 1) / (self.members - 1))
                pool = _hardest(pool, trial.y, _of_true_class(trained[-1], trial), left, rng)
        return Average(trained, notes={"members": self.members, "pool": np.bincount(trial.y[pool]).tolist()})


def _of_true_class(predictor: Predictor, trial: Trial) -> NDArray[np.float64]:
    """(n,) scores of the true class of the training rows."""
    return predictor(trial.x)[np.arange(len(trial.y)), trial.y].astype(np.float64)


def _left(counts: Labels, progress: float) -> NDArray[np.int64]:
    """(C,) rows per class that stay in the pool: from n_c at progress 0 to n_min at 1, by a constant factor."""
    smallest = counts[counts > 0].min()
    kept = np.rint(counts * (smallest / np.maximum(counts, 1)) ** progress)
    return np.asarray(np.minimum(counts, np.maximum(kept, smallest)), dtype=np.int64)


def _hardest(
    pool: NDArray[np.int64],
    y: Labels,
    own: NDArray[np.float64],
    left: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Of each class, the ``left`` rows of the pool with the least score of their class; ties by lot."""
    pool = rng.permutation(pool)
    kept = []
    for label in np.unique(y[pool]):
        rows = pool[y[pool] == label]
        kept.append(rows[np.argsort(own[rows], kind="stable")[: left[label]]])
    return np.sort(np.concatenate(kept))

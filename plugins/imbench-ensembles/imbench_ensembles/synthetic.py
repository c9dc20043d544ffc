"""Ensembles on made rows: SMOTEBagging (Wang & Yao 2009) and SMOTEBoost (Chawla et al. 2003)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.tree import DecisionTreeClassifier

from imbench import Floats, Labels, Predictor, PriorEffect, Trial
from imbench_ensembles.predictors import Average, Scores, constant, present_classes

__all__ = ["SmoteBagging", "SmoteBoost", "Smoter"]

#: SMOTEBagging cycles through these shares of real rows, from diverse to faithful members.
_SHARES = np.arange(1, 11) / 10


class Smoter:
    """SMOTE for one class (Chawla et al. 2002): neighbours are searched once, rows are made as often as asked.

    A made row takes all its one-hot and indicator columns from the nearer of its two parents, so they stay 0 or 1. A
    class of one row can only be copied.
    """

    def __init__(self, x: Floats, categorical: NDArray[np.bool_], k: int) -> None:
        self._x = x
        self._categorical = categorical
        k = min(k, len(x) - 1)
        if k == 0:
            self._near = np.zeros((1, 1), dtype=np.int64)
        else:
            self._near = NearestNeighbors(n_neighbors=k, n_jobs=1).fit(x).kneighbors(return_distance=False)

    def make(self, n: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
        """(n, d) rows between a row and one of its neighbours, and (n,) which row each started from."""
        base = rng.integers(len(self._x), size=n)
        near = self._near[base, rng.integers(self._near.shape[1], size=n)]
        step = rng.random((n, 1), dtype=np.float32)
        made = self._x[base] + step * (self._x[near] - self._x[base])
        parent = np.where(step[:, 0] < 0.5, base, near)
        made[:, self._categorical] = self._x[parent][:, self._categorical]
        return made, base


def _smoters(trial: Trial, k: int) -> dict[int, tuple[NDArray[np.int64], Smoter]]:
    """Class → its rows, and what makes more of them; not for classes as large as the largest."""
    counts = trial.counts
    small = [int(c) for c in np.flatnonzero(counts) if counts[c] < counts.max()]
    rows = {label: np.flatnonzero(trial.y == label) for label in small}
    return {label: (own, Smoter(trial.x[own], trial.categorical, k)) for label, own in rows.items()}


@dataclass(frozen=True)
class SmoteBagging:
    """Trees on bootstraps in which every class is as large as the largest, partly by SMOTE (Wang & Yao 2009).

    In member i a share b of the rows of a smaller class is drawn with replacement and the rest is made; b goes 10 %,
    20 %, … 100 %, 10 %, …, so members differ in how far they trust made rows.

    Attributes:
        members: trees.
        k: neighbours of the same class to interpolate with; lowered to the class's size less one.
    """

    members: int = 30
    k: int = 5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Grow the trees."""
        only = constant(trial)
        if only is not None:
            return only
        rng, present, smoters = trial.rng("smote_bagging"), present_classes(trial), _smoters(trial, self.k)
        trees: list[Predictor] = []
        for member in range(self.members):
            x, y = _bag(trial, smoters, float(_SHARES[member % len(_SHARES)]), rng)
            tree = DecisionTreeClassifier(random_state=int(rng.integers(2**31))).fit(x, y)
            trees.append(Scores(tree.predict_proba, present, trial.n_classes))
        return Average(trees, notes={"members": self.members})


def _bag(
    trial: Trial, smoters: dict[int, tuple[NDArray[np.int64], Smoter]], share: float, rng: np.random.Generator
) -> tuple[Floats, Labels]:
    size = int(trial.counts.max())
    xs, ys = [], []
    for label in present_classes(trial):
        rows, smoter = smoters.get(int(label), (np.flatnonzero(trial.y == label), None))
        real = size if smoter is None else max(1, round(share * size))
        xs.append(trial.x[rng.choice(rows, real)])
        if smoter is not None:
            xs.append(smoter.make(size - real, rng)[0])
        ys.append(np.full(size, label))
    return np.concatenate(xs), np.concatenate(ys)


@dataclass(frozen=True)
class SmoteBoost:
    """AdaBoost.M2 whose trees see new SMOTE rows in every round (Chawla et al. 2003).

    Every smaller class is filled up to the largest in each round; a made row weighs as much as the row it started
    from. Made rows are forgotten after the round: errors and weights are those of the real rows.

    Attributes:
        members: trees asked for; the result says how many there are.
        max_depth: levels of a tree.
        k: neighbours of the same class to interpolate with; lowered to the class's size less one.
    """

    members: int = 50
    max_depth: int = 3
    k: int = 5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Boost (AdaBoost.M2, Freund & Schapire 1997)."""
        only = constant(trial)
        if only is not None:
            return only
        rng, present, smoters = trial.rng("smote_boost"), present_classes(trial), _smoters(trial, self.k)
        wrong = np.ones((len(trial.y), len(present)))  # weight of each way to be wrong
        wrong[np.arange(len(trial.y)), np.searchsorted(present, trial.y)] = 0
        wrong /= wrong.sum()
        trees: list[Predictor] = []
        says: list[float] = []
        for _ in range(self.members):
            tree = self._tree(trial, smoters, wrong.sum(axis=1), rng)
            odds, wrong = _reweighed(wrong, tree.predict_proba(trial.x), np.searchsorted(present, trial.y))
            if odds <= 1 and trees:
                break
            trees.append(Scores(tree.predict_proba, present, trial.n_classes))
            says.append(float(np.log(max(odds, 1 + 1e-6))))
        weights = np.array(says) / sum(says)
        return Average(trees, weights, {"members": len(trees), "asked": self.members})

    def _tree(
        self,
        trial: Trial,
        smoters: dict[int, tuple[NDArray[np.int64], Smoter]],
        weights: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> DecisionTreeClassifier:
        xs, ys, ws = [trial.x], [trial.y], [weights]
        for label, (rows, smoter) in smoters.items():
            made, base = smoter.make(int(trial.counts.max()) - len(rows), rng)
            xs.append(made)
            ys.append(np.full(len(made), label))
            ws.append(weights[rows[base]])
        tree = DecisionTreeClassifier(max_depth=self.max_depth, random_state=int(rng.integers(2**31)))
        return tree.fit(np.concatenate(xs), np.concatenate(ys), sample_weight=np.concatenate(ws))


def _reweighed(
    wrong: NDArray[np.float64], said: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """One round of AdaBoost.M2.

    Args:
        wrong: (n, K) weights of the wrong labels, 0 for the true one, summing to one.
        said: (n, K) probabilities by the new member.
        truth: (n,) position of the true label.

    Returns:
        1/β, the odds of the pseudo-loss ε against 1, at most 1e10; and the new weights.
    """
    lead = said[np.arange(len(truth)), truth][:, None] - said  # h(x, y) - h(x, wrong label), in [-1, 1]
    loss = float((wrong * (1 - lead)).sum() / 2)
    beta = max(loss, 1e-10) / max(1 - loss, 1e-10)
    new = wrong * beta ** ((1 + lead) / 2)
    return 1 / beta, new / new.sum()

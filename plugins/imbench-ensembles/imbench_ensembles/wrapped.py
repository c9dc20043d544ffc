"""Ensembles of scikit-learn and imbalanced-learn: the same seed gives the scores of their own estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from imblearn.under_sampling import RandomUnderSampler
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from imbench import Predictor, PriorEffect, Trial
from imbench_ensembles.predictors import Scores, constant, present_classes

__all__ = ["BalancedBagging", "BalancedRandomForest", "EasyEnsemble", "RandomForest", "RusBoost"]

#: A bootstrap of n rows misses a class of m of them with probability e^-m or less: 2e-9 for this m.
_SURE_TO_BE_DRAWN = 20


def _fitted(estimator: Any, trial: Trial, **notes: object) -> Predictor:
    model = estimator.fit(trial.x, trial.y)
    return Scores(
        model.predict_proba, present_classes(trial), trial.n_classes, {"members": len(model.estimators_), **notes}
    )


@dataclass(frozen=True)
class RandomForest:
    """`sklearn.ensemble.RandomForestClassifier` (Breiman 2001), the reference for the balanced kind.

    Attributes:
        members: trees.
        min_samples_leaf: rows that a leaf holds at least.
        weighted: weigh rows by N/(C·n_c) (Chen et al. 2004, weighted random forest).
    """

    members: int = 100
    min_samples_leaf: int = 1
    weighted: bool = False

    @property
    def prior_effect(self) -> PriorEffect:
        """Weights come from the rows it is given, so they correct what a resampler left over."""
        return "corrects-effective" if self.weighted else "keeps"

    def fit(self, trial: Trial) -> Predictor:
        """Grow the trees on bootstraps of all rows."""
        forest = RandomForestClassifier(
            n_estimators=self.members,
            min_samples_leaf=self.min_samples_leaf,
            class_weight="balanced" if self.weighted else None,
            random_state=trial.seed("random_forest"),
        )
        return constant(trial) or _fitted(forest, trial)


@dataclass(frozen=True)
class BalancedRandomForest:
    """Each tree sees a bootstrap with equally many rows of every class (Chen, Liaw & Breiman 2004).

    Attributes:
        members: trees.
        min_samples_leaf: rows that a leaf holds at least.
    """

    members: int = 100
    min_samples_leaf: int = 1
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Grow the trees of `imblearn.ensemble.BalancedRandomForestClassifier`."""
        forest = BalancedRandomForestClassifier(
            n_estimators=self.members,
            min_samples_leaf=self.min_samples_leaf,
            sampling_strategy="all",
            replacement=True,
            bootstrap=False,
            random_state=trial.seed("balanced_random_forest"),
        )
        return constant(trial) or _fitted(forest, trial)


@dataclass(frozen=True)
class BalancedBagging:
    """Trees on balanced subsets of bootstraps (Hido, Kashima & Takahashi 2009; Wallace et al. 2011).

    Where a bootstrap could miss a class (fewer than 20 rows), subsets are drawn from all rows instead; the result says
    so.

    Attributes:
        members: trees.
    """

    members: int = 50
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Grow the trees of `imblearn.ensemble.BalancedBaggingClassifier`."""
        counts = trial.counts
        bootstrap = bool(counts[counts > 0].min() >= _SURE_TO_BE_DRAWN)
        bagging = BalancedBaggingClassifier(
            n_estimators=self.members, bootstrap=bootstrap, random_state=trial.seed("balanced_bagging")
        )
        return constant(trial) or _fitted(bagging, trial, bootstrap=bootstrap)


@dataclass(frozen=True)
class EasyEnsemble:
    """AdaBoost on balanced subsets, averaged (Liu, Wu & Zhou 2009).

    Attributes:
        members: boosted models, each of 50 stumps.
    """

    members: int = 10
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Boost the stumps of `imblearn.ensemble.EasyEnsembleClassifier`."""
        ensemble = EasyEnsembleClassifier(n_estimators=self.members, random_state=trial.seed("easy_ensemble"))
        return constant(trial) or _fitted(ensemble, trial)


@dataclass(frozen=True)
class RusBoost:
    """AdaBoost whose trees see balanced subsets (Seiffert et al. 2010).

    With the library's own defaults (stumps, rate 1) boosting mostly ends after a handful of trees, or fails at the
    first: a tree on balanced rows errs often on the natural ones. A deeper tree and a smaller rate keep most of them.
    A tree gets as many levels as it takes to have a leaf for every class, if ``max_depth`` is less. Where even the
    first errs no less than chance, there is nothing to boost: it stands alone, and the result says so.

    Attributes:
        members: trees asked for; the result says how many there are.
        max_depth: levels of a tree.
        learning_rate: shrinkage.
    """

    members: int = 50
    max_depth: int = 3
    learning_rate: float = 0.1
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Boost the trees of `imblearn.ensemble.RUSBoostClassifier`."""
        only = constant(trial)
        if only is not None:
            return only
        seed = trial.seed("rusboost")
        depth = max(self.max_depth, int(np.ceil(np.log2(len(present_classes(trial))))))
        tree = DecisionTreeClassifier(max_depth=depth, random_state=seed)
        notes: dict[str, object] = {"asked": self.members, "depth": depth}
        boosting = RUSBoostClassifier(
            tree, n_estimators=self.members, learning_rate=self.learning_rate, random_state=seed
        )
        try:
            return _fitted(boosting, trial, **notes)
        except ValueError as error:
            if "worse than random" not in str(error):
                raise
        x, y = RandomUnderSampler(random_state=seed).fit_resample(trial.x, trial.y)
        notes |= {"members": 1, "note": "boosting ended at the first tree, which errs no less than chance"}
        return Scores(tree.fit(x, y).predict_proba, present_classes(trial), trial.n_classes, notes)

"""Baselines that are no networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from imbench import Floats, Predictor, PriorEffect, Trial

__all__ = ["BoostedTrees", "Prior"]


@dataclass(frozen=True)
class Prior:
    """Every row gets the class frequencies of the training data."""

    def fit(self, trial: Trial) -> Predictor:
        """A predictor that never looks at its input."""
        scores = trial.prior.astype(np.float32)
        return lambda x: np.tile(scores, (len(x), 1))


@dataclass(frozen=True)
class BoostedTrees:
    """`sklearn.ensemble.HistGradientBoostingClassifier` without early stopping.

    Attributes:
        max_iter: boosting rounds.
        learning_rate: shrinkage.
        max_leaf_nodes: leaves of a tree.
        weighted: weigh rows by N/(C·n_c).
    """

    max_iter: int = 100
    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    weighted: bool = False

    @property
    def prior_effect(self) -> PriorEffect:
        """Weights come from the rows it is given, so they correct what a resampler left over."""
        return "corrects-effective" if self.weighted else "keeps"

    def fit(self, trial: Trial) -> Predictor:
        """Boost trees on the training rows."""
        present = np.flatnonzero(trial.counts)
        if len(present) == 1:  # scikit-learn refuses, but the answer is clear
            return Prior().fit(trial)
        model = HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            class_weight="balanced" if self.weighted else None,
            early_stopping=False,
            random_state=trial.seed("gbdt"),
        ).fit(trial.x, trial.y)

        def predict(x: Floats) -> Floats:
            scores = np.zeros((len(x), trial.n_classes), dtype=np.float32)
            scores[:, present] = model.predict_proba(x)
            return scores

        return predict

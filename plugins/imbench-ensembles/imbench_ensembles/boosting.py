"""Boosted trees of LightGBM, XGBoost and CatBoost, with class weights and focal loss. One thread each."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from imbench import EnvironmentFault, Floats, Predictor, Prior, PriorEffect, Trial, normalised
from imbench_ensembles.focal import focal_curvature
from imbench_ensembles.predictors import Scores, constant, present_classes

__all__ = ["CatBoost", "LightGBM", "Loss", "Weighting", "XGBoost"]

Loss = Literal["log", "focal"]
Weighting = Literal["none", "sqrt", "balanced"]

_POWER: dict[Weighting, float] = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}

#: (log odds) → slope and curvature, of the same shape
Objective = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class _Weighted:
    """What the three libraries share.

    Attributes:
        max_iter: boosting rounds.
        learning_rate: shrinkage.
        weighting: rows of class c weigh n_max/n_c (balanced), its square root (sqrt) or 1 (none).
    """

    max_iter: int = 100
    learning_rate: float = 0.1
    weighting: Weighting = "none"

    @property
    def prior_effect(self) -> PriorEffect:
        """Weights come from the rows it is given, so they correct what a resampler left over."""
        return "keeps" if self.weighting == "none" else "corrects-effective"

    def prior_after(self, prior: Prior) -> Prior:
        """π^(1 - power) over the classes present."""
        return normalised(np.where(prior > 0, prior ** (1 - _POWER[self.weighting]), 0.0))

    def _rows(self, trial: Trial) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(n,) labels counted over the classes present, and (n,) weights."""
        codes = np.searchsorted(present_classes(trial), trial.y)
        counts = np.bincount(codes)
        return codes, (counts.max() / counts[codes]) ** _POWER[self.weighting]

    def _scores(self, trial: Trial, library: Any, probabilities: Callable[[Floats], Any]) -> Predictor:
        notes = {"library": f"{library.__name__} {library.__version__}"}

        def of_present(x: Floats) -> NDArray[np.float64]:
            return _both(np.asarray(probabilities(x), dtype=np.float64))

        return Scores(of_present, present_classes(trial), trial.n_classes, notes)


@dataclass(frozen=True)
class LightGBM(_Weighted):
    """`lightgbm.train` (Ke et al. 2017), leaf-wise trees.

    Attributes:
        max_leaf_nodes: leaves of a tree.
        loss: ``focal`` is the binary focal loss, with more than two classes one against the rest.
        gamma: of the focal loss.
    """

    max_leaf_nodes: int = 31
    loss: Loss = "log"
    gamma: float = 2.0

    def fit(self, trial: Trial) -> Predictor:
        """Boost trees on the training rows. Raises EnvironmentFault where the library is missing."""
        library = _library("lightgbm")
        only = constant(trial)
        if only is not None:
            return only
        codes, weights = self._rows(trial)
        outputs = _outputs(codes)
        options: dict[str, Any] = {
            "learning_rate": self.learning_rate,
            "num_leaves": self.max_leaf_nodes,
            "num_class": outputs,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": trial.seed("lightgbm"),
            "verbosity": -1,
        }
        if self.loss == "log":
            options["objective"] = "binary" if outputs == 1 else "multiclass"
            model = library.train(options, library.Dataset(trial.x, codes, weight=weights), self.max_iter)
            return self._scores(trial, library, lambda x: model.predict(x, num_threads=1))
        objective, start = _one_against_rest(codes, weights, self.gamma)
        options["objective"] = lambda margins, _: objective(margins)
        data = library.Dataset(trial.x, codes, init_score=np.tile(start, (len(codes), 1)).squeeze())
        model = library.train(options, data, self.max_iter)
        return self._scores(
            trial, library, lambda x: expit(start + model.predict(x, num_threads=1).reshape(len(x), -1))
        )


@dataclass(frozen=True)
class XGBoost(_Weighted):
    """`xgboost.train` (Chen & Guestrin 2016) on histograms.

    Attributes:
        max_depth: levels of a tree.
        loss: ``focal`` is the binary focal loss, with more than two classes one against the rest.
        gamma: of the focal loss.
    """

    max_depth: int = 6
    loss: Loss = "log"
    gamma: float = 2.0

    def fit(self, trial: Trial) -> Predictor:
        """Boost trees on the training rows. Raises EnvironmentFault where the library is missing."""
        library = _library("xgboost")
        only = constant(trial)
        if only is not None:
            return only
        codes, weights = self._rows(trial)
        outputs = _outputs(codes)
        options: dict[str, Any] = {
            "eta": self.learning_rate,
            "max_depth": self.max_depth,
            "tree_method": "hist",
            "nthread": 1,
            "seed": trial.seed("xgboost"),
            "verbosity": 0,
            "objective": "binary:logistic" if outputs == 1 else "multi:softprob",
        }
        if outputs > 1:
            options["num_class"] = outputs
        if self.loss == "log":
            data = library.DMatrix(trial.x, codes, weight=weights, nthread=1)
            model = library.train(options, data, self.max_iter)
            return self._scores(trial, library, lambda x: model.predict(library.DMatrix(x, nthread=1)))
        objective, start = _one_against_rest(codes, weights, self.gamma)

        def rows(x: Floats, labels: NDArray[np.int64] | None = None) -> Any:
            margins = np.tile(start, (len(x), 1)).squeeze(axis=1 if outputs == 1 else ())
            weight = None if labels is None else weights  # for the bins alone: the objective weighs for itself
            return library.DMatrix(x, labels, weight=weight, base_margin=margins, nthread=1)

        model = library.train(
            options, rows(trial.x, codes), self.max_iter, obj=lambda margins, _: objective(margins.astype(np.float64))
        )
        return self._scores(
            trial, library, lambda x: expit(model.predict(rows(x), output_margin=True).astype(np.float64))
        )


@dataclass(frozen=True)
class CatBoost(_Weighted):
    """`catboost.CatBoostClassifier` (Prokhorenkova et al. 2018), symmetric trees with ordered boosting.

    Attributes:
        max_depth: levels of a tree.
    """

    max_depth: int = 6

    def fit(self, trial: Trial) -> Predictor:
        """Boost trees on the training rows. Raises EnvironmentFault where the library is missing."""
        library = _library("catboost")
        only = constant(trial)
        if only is not None:
            return only
        codes, weights = self._rows(trial)
        model = library.CatBoostClassifier(
            iterations=self.max_iter,
            learning_rate=self.learning_rate,
            depth=self.max_depth,
            loss_function="Logloss" if _outputs(codes) == 1 else "MultiClass",
            random_seed=trial.seed("catboost"),
            thread_count=1,
            logging_level="Silent",
            allow_writing_files=False,  # it would leave a folder behind
        ).fit(trial.x, codes, sample_weight=weights)
        return self._scores(trial, library, lambda x: model.predict_proba(x, thread_count=1))


def _library(name: str) -> Any:
    """The module of that name. Raises EnvironmentFault that says how to install it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, something that it needs is not
            raise
        raise EnvironmentFault(f"needs {name}: pip install 'imbench-ensembles[{name}]'") from None


def _outputs(codes: NDArray[np.int64]) -> int:
    """Trees a round: one for two classes, else one for each."""
    classes = int(codes.max()) + 1
    return 1 if classes == 2 else classes


def _both(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,), (n, 1) or (n, K) → (n, K), rows summing to one."""
    if probabilities.ndim == 1 or probabilities.shape[1] == 1:
        positive = probabilities.reshape(-1, 1)
        return np.hstack([1 - positive, positive])
    total = probabilities.sum(axis=1, keepdims=True)
    # where no class says yes at all, none is preferred
    return np.where(total > 0, probabilities / np.where(total > 0, total, 1.0), 1 / probabilities.shape[1])


def _one_against_rest(
    codes: NDArray[np.int64], weights: NDArray[np.float64], gamma: float
) -> tuple[Objective, NDArray[np.float64]]:
    """Weighted focal loss in log odds (n,) or (n, outputs), and the log odds (outputs,) to start from: the prior's."""
    outputs = _outputs(codes)
    positive = codes[:, None] == (np.arange(outputs) if outputs > 1 else 1)
    start = logit(np.average(positive, axis=0, weights=weights))

    def objective(margins: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        slope, curvature = focal_curvature(margins.reshape(positive.shape), positive, gamma)
        return (
            (weights[:, None] * slope).reshape(margins.shape),
            (weights[:, None] * curvature).reshape(margins.shape),
        )

    return objective, start

"""The same study as a user writes it today: skorch networks in imbalanced-learn pipelines, cross-validated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from sklearn.model_selection import StratifiedShuffleSplit, TunedThresholdClassifierCV, cross_validate
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, WeightedRandomSampler

SCORING = ["average_precision", "roc_auc", "neg_log_loss", "balanced_accuracy", "f1", "matthews_corrcoef"]
#: Shares of the rows as imbench splits them.
TRAIN, TEST = 0.6, 0.2


class Network(nn.Module):
    """Two hidden layers."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Focal(nn.Module):
    """Lin et al. 2017."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        loss = cross_entropy(logits, labels, reduction="none")
        return ((1 - (-loss).exp()) ** 2 * loss).mean()


class BalancedNet(NeuralNetClassifier):
    """Batches with as many rows of each class."""

    def get_iterator(self, dataset: Any, training: bool = False) -> DataLoader:
        if not training:
            return super().get_iterator(dataset, training=False)
        y = np.asarray(dataset.y)
        weights = (1 / np.bincount(y))[y]
        sampler = WeightedRandomSampler(torch.from_numpy(weights), len(y))
        return DataLoader(dataset, batch_size=self.batch_size, sampler=sampler)


def estimator(strategy: str, x: np.ndarray, y: np.ndarray, *, steps: int, batch: int, hidden: int) -> Any:
    """A pipeline; epochs are whole, so it takes at most ``steps`` optimiser steps (see `epochs`)."""
    counts = np.bincount(y)
    base = {
        "module": Network, "module__features": x.shape[1], "module__hidden": hidden, "optimizer": torch.optim.Adam,
        "lr": 1e-3, "batch_size": batch, "max_epochs": epochs(strategy, y, steps=steps, batch=batch),
        "train_split": None, "verbose": 0, "classes": [0, 1],
    }  # fmt: skip
    shuffled = {**base, "iterator_train__shuffle": True}
    plain = {**shuffled, "criterion": nn.CrossEntropyLoss}
    focal = {**shuffled, "criterion": Focal, "predict_nonlinearity": softmax}
    weights = torch.tensor(len(y) / (2 * counts), dtype=torch.float32)
    net = {
        "weighted_ce": lambda: NeuralNetClassifier(**plain, criterion__weight=weights),
        "focal": lambda: NeuralNetClassifier(**focal),
        "smote+focal": lambda: NeuralNetClassifier(**focal),
        "balanced": lambda: BalancedNet(**base, criterion=nn.CrossEntropyLoss),
    }.get(strategy, lambda: NeuralNetClassifier(**plain))()
    sampler = [("resample", SMOTE(random_state=0))] if "smote" in strategy else []
    sampler += [("resample", RandomOverSampler(random_state=0))] if strategy == "random_over" else []
    pipeline = Pipeline([("scale", StandardScaler()), *sampler, ("net", net)])
    if strategy != "erm+threshold":
        return pipeline
    # one split and no refit: one training, the cheapest way there is (the default of scikit-learn trains six times)
    return TunedThresholdClassifierCV(pipeline, scoring="balanced_accuracy", cv=0.25, refit=False, random_state=0)


def softmax(logits: Tensor) -> Tensor:
    return logits.softmax(-1)


def epochs(strategy: str, y: np.ndarray, *, steps: int, batch: int) -> int:
    """Whole epochs in ``steps`` optimiser steps, rounded down: the user's side never trains longer than ours."""
    return max(steps // steps_per_epoch(strategy, y, batch), 1)


def steps_per_epoch(strategy: str, y: np.ndarray, batch: int) -> int:
    """Batches of an epoch over the training rows after resampling."""
    counts = np.bincount(y) * TRAIN * (0.75 if strategy == "erm+threshold" else 1.0)
    rows = counts.max() * len(counts) if "smote" in strategy or strategy == "random_over" else counts.sum()
    return math.ceil(rows / batch)


def study(
    strategies: tuple[str, ...], x: np.ndarray, y: np.ndarray, *,
    seeds: int, steps: int, batch: int = 128, hidden: int = 128, jobs: int = 1,
) -> dict[str, float]:  # fmt: skip
    """Mean average precision of every strategy over ``seeds`` splits."""
    found = {}
    for strategy in strategies:
        splits = StratifiedShuffleSplit(n_splits=seeds, train_size=TRAIN, test_size=TEST, random_state=0)
        model = estimator(strategy, x, y, steps=steps, batch=batch, hidden=hidden)
        scores = cross_validate(model, x, y, cv=splits, scoring=SCORING, n_jobs=jobs, error_score="raise")
        found[strategy] = float(scores["test_average_precision"].mean())
    return found

"""Strategies that break the contract in what they return or raise."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench import ClassFacts, Fit, Predictor, Recipe, Resampled, TrainView, Trial


class Returning:
    """A Fit whose predictor returns ``make(n, C)`` for n rows."""

    def __init__(self, make):
        self._make = make

    def fit(self, trial: Trial) -> Predictor:
        return lambda x: self._make(len(x), trial.n_classes)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this can be printed")


def raises_make() -> Recipe:
    raise LookupError("no such\nremedy")


def raises_unprintable() -> Recipe:
    raise Unprintable


def makes_nothing() -> None:
    return None


def nan_scores() -> Fit:
    return Returning(lambda n, c: np.full((n, c), np.nan, np.float32))


def nan_loss() -> Recipe:
    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy(logits, labels, reduction="none") * float("nan")

    return Recipe(loss=loss)


def scalar_loss() -> Recipe:
    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy(logits, labels)

    return Recipe(loss=loss)


def wrong_shape() -> Fit:
    return Returning(lambda n, c: np.full((n, c + 1), 1 / (c + 1), np.float32))


def labels_for_scores() -> Fit:
    return Returning(lambda n, c: np.zeros(n, np.int64))


def logits_for_scores() -> Fit:
    return Returning(lambda n, c: np.tile(np.array([-3.0, 2.0], np.float32), (n, 1)))


def out_of_range() -> Recipe:
    def resample(view: TrainView, rng: np.random.Generator) -> Resampled:
        return Resampled(keep=np.arange(len(view.y) + 1))

    return Recipe(resample=resample)


def writes_x() -> Recipe:
    def resample(view: TrainView, rng: np.random.Generator) -> Resampled:
        view.x[:] = 0
        return Resampled(keep=np.arange(len(view.y)))

    return Recipe(resample=resample)

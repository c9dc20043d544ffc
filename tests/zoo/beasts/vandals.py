"""Strategies that wreck what the process shares, and train all the same."""

from __future__ import annotations

import os
import random
import sys
import warnings

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench import ClassFacts, Fit, Predictor, Recipe, Resampled, TrainView, Trial

from .deaths import Resampling


def wreck_globals() -> None:
    """Reseed and reconfigure everything that a careless author finds in a recipe on the web, and more."""
    np.random.seed(0)
    random.seed(0)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(3)
    torch.use_deterministic_algorithms(True)
    np.seterr(all="raise")
    warnings.simplefilter("error")
    os.chdir("/")
    os.environ.clear()
    os.umask(0o777)
    sys.setrecursionlimit(150)


def force(*arrays: np.ndarray) -> None:
    """Zero arrays although they are read-only."""
    for array in arrays:
        array.setflags(write=True)
        array[:] = 0


def forces_x() -> Recipe:
    def resample(view: TrainView, rng: np.random.Generator) -> Resampled:
        rows = np.arange(len(view.y) - 1)
        force(view.x, view.y)
        return Resampled(keep=rows)

    return Recipe(resample=resample)


class Forcing:
    def fit(self, trial: Trial) -> Predictor:
        force(trial.x, trial.y, trial.x_validation, trial.y_validation)
        return lambda x: np.full((len(x), trial.n_classes), 1 / trial.n_classes, np.float32)


def forces_x_fit() -> Fit:
    return Forcing()


def globals_make() -> Recipe:
    wreck_globals()
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    return Recipe()


def globals_resample() -> Recipe:
    return Recipe(resample=Resampling(wreck_globals))


def globals_loss() -> Recipe:
    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        values = cross_entropy(logits, labels, reduction="none")
        wreck_globals()
        return values

    return Recipe(loss=loss)


def nograd_loss() -> Recipe:
    """A loss that switches gradients off, for all that follow."""

    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        torch.set_grad_enabled(False)
        return cross_entropy(logits, labels, reduction="none")

    return Recipe(loss=loss)


def meta_loss() -> Recipe:
    """In the middle of training, tensors of the whole process begin to hold nothing."""

    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        values = cross_entropy(logits, labels, reduction="none")
        torch.set_default_device("meta")
        return values

    return Recipe(loss=loss)


class Unseeded:
    """Draws from the global generators, which nobody seeded, as much code does."""

    def fit(self, trial: Trial) -> Predictor:
        def predict(x: np.ndarray) -> np.ndarray:
            noise = np.random.random(len(x)) + torch.rand(len(x)).numpy() + random.random()
            positive = (noise / 4).astype(np.float32)
            return np.stack([1 - positive, positive], axis=1)

        return predict


def unseeded() -> Fit:
    return Unseeded()


def inplace_loss() -> Recipe:
    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        values = cross_entropy(logits, labels, reduction="none")
        for tensor in (labels, facts.counts, facts.prior, facts.effective):
            tensor.zero_()
        return values

    return Recipe(loss=loss)


def prints() -> Recipe:
    for _ in range(50):
        print("la" * 2**19)  # noqa: T201
    return Recipe()


def no_vmap() -> Recipe:
    def loss(logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        values = cross_entropy(logits, labels, reduction="none")
        return values * 2 if values.mean() > 1e6 else values  # vmap cannot branch on values

    return Recipe(loss=loss)

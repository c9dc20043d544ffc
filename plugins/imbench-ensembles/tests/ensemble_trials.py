"""Trials that the tests of this plugin share. Networks are trained by imbench's own engine, with a tiny budget."""

from __future__ import annotations

import numpy as np
import torch

from imbench import Trial
from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget, Coordinates
from imbench.training.mlp import MLP
from imbench.training.networks import Networks
from imbench_ensembles import imbench_strategies

SPECS = {spec.name: spec for spec in imbench_strategies()}
NETWORKS = ("bagged_networks", "self_paced_networks")
LIBRARIES = ("lightgbm", "xgboost", "catboost")
#: Few members, so that tests are quick.
SMALL = {
    "random_forest": {"members": 20},
    "balanced_random_forest": {"members": 20},
    "balanced_bagging": {"members": 10},
    "easy_ensemble": {"members": 2},
    "rusboost": {"members": 10},
    "self_paced": {"members": 10},
    "balance_cascade": {"members": 4},
    "smote_bagging": {"members": 5},
    "smote_boost": {"members": 8},
    "bagged_networks": {"members": 3},
    "self_paced_networks": {"members": 3},
    "lightgbm": {"max_iter": 20},
    "xgboost": {"max_iter": 20},
    "catboost": {"max_iter": 20},
}


def strategy(name, **params):
    """A strategy as a worker builds it, with few members."""
    return SPECS[name].build({**SMALL[name], **params})


def trial_of(x, y, x_validation, y_validation, n_classes, *, seed=0, steps=60, categorical=None):
    arrays = [np.array(a) for a in (x, y, x_validation, y_validation)]
    for array in arrays:
        array.setflags(write=False)
    categorical = np.zeros(x.shape[1], dtype=bool) if categorical is None else categorical
    at = Coordinates(dataset="made", ratio="natural", seed=seed)
    budget = Budget(steps=steps, batch_size=32, evaluations=2)
    data = TrainingData(
        at=at,
        x_train=arrays[0],
        y_train=arrays[1],
        x_validation=arrays[2],
        y_validation=arrays[3],
        x_test=arrays[2],
        n_classes=n_classes,
        categorical=categorical,
    )
    network = MLP(x.shape[1], n_classes, hidden=16, layers=1)
    return Trial(
        x=arrays[0],
        y=arrays[1],
        x_validation=arrays[2],
        y_validation=arrays[3],
        n_classes=n_classes,
        categorical=categorical,
        budget=budget,
        at=at,
        device="cpu",
        engine=Networks(data=data, backbone=network, budget=budget, device=torch.device("cpu")),
    )


def clouds(counts, *, features=4, spread=3.0, seed=0, **more):
    """Gaussian classes of the given sizes in training, 40 rows of each in validation."""
    rng = np.random.default_rng(seed)
    centres = spread * rng.normal(size=(len(counts), features))

    def draw(sizes):
        y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        return (rng.normal(size=(len(y), features)) + centres[y]).astype(np.float32), y

    return trial_of(*draw(counts), *draw([40] * len(counts)), len(counts), seed=seed, **more)

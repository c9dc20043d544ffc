"""Problems and ways to run strategies that the tests of this plugin share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from imbench import Recipe, Seen
from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget, Coordinates
from imbench.strategy.facts import ClassFacts
from imbench.strategy.trial import Trial
from imbench.training.heads import head_logits
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.networks import Networks
from imbench.training.trained import Trained

CPU = torch.device("cpu")
BUDGET = Budget(steps=60, batch_size=32, learning_rate=1e-2, evaluations=3)


def problem(counts: list[int], seed: int = 0, features: int = 6, gap: float = 3.0, test: int = 40) -> TrainingData:
    """Gaussian classes; validation has the classes of training, the test rows are balanced (labels: 0…C-1, in turn)."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(len(counts), features))
    centres *= gap / np.linalg.norm(centres, axis=1, keepdims=True)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    y_validation = rng.permutation(np.repeat(np.arange(len(counts)), np.minimum(counts, 40)))
    y_test = np.arange(test) % len(counts)
    x, x_validation, x_test = (
        (rng.normal(size=(len(labels), features)) + centres[labels]).astype(np.float32)
        for labels in (y, y_validation, y_test)
    )
    return TrainingData(
        at=Coordinates(dataset="adaptive", ratio="natural", seed=seed),
        x_train=x, y_train=y, x_validation=x_validation, y_validation=y_validation, x_test=x_test,
        n_classes=len(counts), categorical=np.zeros(features, bool),
    )  # fmt: skip


def trial_of(data: TrainingData, budget: Budget = BUDGET) -> Trial:
    backbone = MLP(data.x_train.shape[1], data.n_classes, hidden=16)
    return Trial(
        x=data.x_train, y=data.y_train, x_validation=data.x_validation, y_validation=data.y_validation,
        n_classes=data.n_classes, categorical=data.categorical, budget=budget, at=data.at, device="cpu",
        engine=Networks(data=data, backbone=backbone, budget=budget, device=CPU),
    )  # fmt: skip


def train(recipes: list[Recipe], data: TrainingData, budget: Budget = BUDGET) -> list[Trained]:
    """One pack."""
    members = [Member(recipe=recipe, data=data, rows=resample(data, recipe)) for recipe in recipes]
    outcomes = train_pack(members, MLP(data.x_train.shape[1], data.n_classes, hidden=16), budget, CPU)
    for outcome in outcomes:
        assert isinstance(outcome, Trained), outcome
    return outcomes


def scores_of(made: Any, data: TrainingData, budget: Budget = BUDGET) -> np.ndarray:
    """(t, C) scores of the test rows, of a recipe or a Fit."""
    predictor = train([made], data, budget)[0] if isinstance(made, Recipe) else made.fit(trial_of(data, budget))
    return predictor(data.x_test)


def seen(
    labels: list[int], losses: Any = None, logits: Any = None, features: Any = None, *, effective: Any, progress=0.9
) -> Seen:
    """What a reweight part sees, in float64; what is not given is drawn."""
    generator = torch.Generator().manual_seed(3)
    size, n_classes = len(labels), len(effective)

    def tensor(given: Any, *shape: int) -> torch.Tensor:
        if given is None:
            return torch.rand(shape, generator=generator, dtype=torch.float64)
        return torch.as_tensor(given, dtype=torch.float64)

    facts = ClassFacts(*(torch.as_tensor(effective, dtype=torch.float64) for _ in range(3)))
    return Seen(
        tensor(losses, size), tensor(logits, size, n_classes), torch.tensor(labels), tensor(features, size, 4), facts,
        progress,
    )  # fmt: skip


@dataclass
class Net:
    """A network in float64 to call gradients with."""

    backbone: MLP
    row: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.row = self.backbone.initial(torch.Generator().manual_seed(1)).double()

    def features(self, row: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return self.backbone.infer(row, x)

    def head(self, row: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        weight, bias = self.backbone.head(row[None])
        return head_logits(None, features[None], weight, bias)[0]

    def logits(self, row: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return self.head(row, self.features(row, x))

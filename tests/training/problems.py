"""Small problems and parts that several tests of the engine share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from imbench import Mixture, Recipe, Resampled
from imbench.data.block import TrainingData
from imbench.matrix.cell import Coordinates


def problem(
    seed: int = 0, rows: int = 1200, features: int = 11, n_classes: int = 2, share: float = 0.08
) -> TrainingData:
    """A block with a learnable minority."""
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, rows, p=[1 - share * (n_classes - 1)] + [share] * (n_classes - 1))
    y[:n_classes] = y[rows // 2 : rows // 2 + n_classes] = y[-n_classes:] = np.arange(n_classes)
    centres = np.random.default_rng(99).normal(size=(n_classes, features))
    x = (rng.normal(size=(rows, features)) + centres[y]).astype(np.float32)
    a, b = rows // 2, 3 * rows // 4
    return TrainingData(
        at=Coordinates(dataset="problem", ratio=20.0, seed=seed),
        x_train=x[:a], y_train=y[:a], x_validation=x[a:b], y_validation=y[a:b], x_test=x[b:],
        n_classes=n_classes, categorical=np.zeros(features, bool),
    )  # fmt: skip


@dataclass(frozen=True)
class Inverse:
    prior_effect = "corrects-effective"

    def __call__(self, counts, effective, progress):
        return 1 / np.maximum(effective, 1e-9)


@dataclass(frozen=True)
class Deferred:
    prior_effect = "corrects-effective"

    def __call__(self, counts, effective, progress):
        return np.ones(len(counts)) if progress < 0.5 else 1 / np.maximum(effective, 1e-9)


@dataclass(frozen=True)
class Balanced:
    prior_effect = "corrects-effective"

    def __call__(self, counts, progress):
        return (counts > 0) / (counts > 0).sum()


@dataclass(frozen=True)
class Focal:
    gamma: float = 2.0

    def __call__(self, logits, labels, facts):
        loss = cross_entropy(logits, labels, reduction="none")
        return (1 - (-loss).exp()) ** self.gamma * loss


@dataclass(frozen=True)
class Adjusted:
    prior_effect = "corrects-effective"

    def __call__(self, logits, labels, facts):
        return cross_entropy(logits + facts.effective.clamp_min(1e-9).log(), labels, reduction="none")


@dataclass(frozen=True)
class Branching:
    """A loss with data-dependent control flow: it does not survive vmap and has to run alone."""

    def __call__(self, logits, labels, facts):
        loss = cross_entropy(logits, labels, reduction="none")
        return loss * 2 if loss.detach().mean().item() > 1e9 else loss


@dataclass(frozen=True)
class Duplicate:
    prior_effect = "corrects-effective"

    def __call__(self, view, rng):
        extra = [rng.choice(np.flatnonzero(view.y == c), view.counts.max() - n) for c, n in enumerate(view.counts) if n]
        return Resampled(keep=np.concatenate([np.arange(len(view.y)), *extra]))


@dataclass(frozen=True)
class Interpolate:
    prior_effect = "corrects-effective"

    def __call__(self, view, rng):
        rare = view.x[view.y == 1]
        made = int(view.counts[0] - view.counts[1])
        i, j, u = rng.integers(len(rare), size=made), rng.integers(len(rare), size=made), rng.random((made, 1))
        x = (rare[i] + u * (rare[j] - rare[i])).astype(np.float32)
        return Resampled(keep=np.arange(len(view.y)), made_x=x, made_y=np.ones(made, np.int64))


@dataclass(frozen=True)
class Mixup:
    def __call__(self, inputs, labels, counts, generator):
        order = torch.randperm(len(inputs), generator=generator)
        share = torch.rand((), generator=generator)
        ones = torch.ones(len(inputs))
        return Mixture(share * inputs + (1 - share) * inputs[order],
                       ((labels, share * ones), (labels[order], (1 - share) * ones)))  # fmt: skip


@dataclass(frozen=True)
class Ramp:
    radius: float = 0.0

    def __call__(self, progress):
        return min(1.0, 0.1 + progress)


RECIPES: dict[str, Recipe] = {
    "plain": Recipe(),
    "inverse": Recipe(weight=Inverse()),
    "deferred": Recipe(weight=Deferred()),
    "balanced": Recipe(sample=Balanced()),
    "focal": Recipe(loss=Focal()),
    "adjusted": Recipe(loss=Adjusted()),
    "branching": Recipe(loss=Branching()),
    "duplicate": Recipe(resample=Duplicate()),
    "interpolate": Recipe(resample=Interpolate()),
    "interpolate+focal": Recipe(resample=Interpolate(), loss=Focal()),
    "mixup": Recipe(augment=Mixup()),
    "mixup+focal+inverse": Recipe(augment=Mixup(), loss=Focal(), weight=Inverse()),
    "ramp": Recipe(optimize=Ramp()),
}

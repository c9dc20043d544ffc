"""Checks of datasets, backbones and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from imbench.data.dataset import Dataset
from imbench.data.prepare import prepare
from imbench.matrix.cell import Coordinates
from imbench.plugin.registry import Offer
from imbench.plugin.specs import BackboneSpec, DatasetSpec, MetricSpec, resolve
from imbench.testing.bench import PLAIN, run_alone
from imbench.testing.data import problem
from imbench.testing.finding import Broken
from imbench.training.selection import macro_average_precision
from imbench.training.stack import ALIGNMENT, Backbone

__all__ = ["BACKBONE_CHECKS", "DATASET_CHECKS", "METRIC_CHECKS", "Other"]

#: How far batched kernels may be from single ones, and a backward pass from autograd's, relative to the largest value.
CLOSE = 1e-4
#: How far a card's figures may be from the data's.
CARD = 0.02
WIDTH, CLASSES, CELLS, ROWS = 9, 3, 2, 32


@dataclass(frozen=True, eq=False)
class Other:
    """A dataset, a backbone or a metric under test."""

    offer: Offer[Any]

    @property
    def full_name(self) -> str:
        """``plugin/name``."""
        return self.offer.full_name

    @property
    def home(self) -> str:
        """Module that the entry point names."""
        return self.offer.origin.target

    @property
    def target(self) -> Any:
        """The function that the record names."""
        spec: DatasetSpec | BackboneSpec | MetricSpec = self.offer.spec
        named = (
            spec.load
            if isinstance(spec, DatasetSpec)
            else spec.make
            if isinstance(spec, BackboneSpec)
            else spec.compute
        )
        return resolve(named)

    @cached_property
    def dataset(self) -> Dataset:
        """What a dataset's record loads."""
        loaded = self.target()
        if not isinstance(loaded, Dataset):
            raise Broken(f"load() returned {type(loaded).__name__}")
        return loaded

    @cached_property
    def backbone(self) -> Backbone:
        """What a backbone's record makes for WIDTH features and CLASSES classes, with its defaults."""
        defaults = {name: parameter.default for name, parameter in self.offer.spec.params.items()}
        made: Backbone = self.target(WIDTH, CLASSES, **defaults)
        return made


def loads(other: Other) -> None:
    """load() returns a Dataset that is called like its record and has columns."""
    dataset = other.dataset
    if dataset.name != other.offer.spec.name:
        raise Broken(f"Dataset(name={dataset.name!r})")
    if dataset.features.shape[1] == 0:
        raise Broken("a table without columns")


def repeats(other: Other) -> None:
    """Loading twice gives the same bytes, so that results have one key."""
    again = other.target()
    if again.digest != other.dataset.digest:
        raise Broken("another digest the second time: rows in the order of a set, or drawn without a seed?")


def card(other: Other) -> None:
    """The card tells rows, classes and the natural ratio as they are, the licence and where the bytes come from."""
    told, dataset = other.offer.spec.card, other.dataset
    for name, says, has in (
        ("rows", told.rows, len(dataset.features)),
        ("classes", told.classes, dataset.n_classes),
        ("natural_ratio", told.natural_ratio, dataset.natural_ratio),
    ):
        if abs(says - has) > CARD * has:
            raise Broken(f"card.{name} = {says:g}, and the data has {has:.4g}")
    if empty := [name for name in ("domain", "source", "licence", "citation") if not getattr(told, name).strip()]:
        raise Broken(f"card.{empty[0]} is empty")


def splits(other: Other) -> None:
    """The protocol can split and preprocess it: rows of every class in training, finite features."""
    block = prepare(other.dataset, Coordinates(dataset=other.offer.spec.name, ratio="natural", seed=0))
    if 0 in block.realised.train:
        raise Broken(f"training rows per class: {list(block.realised.train)}")
    if not np.isfinite(block.data.x_train).all():
        raise Broken("features that are not finite after preprocessing")


def positives(other: Other) -> None:
    """In a binary task class 1, the positive one, is the rarer."""
    dataset = other.dataset
    if dataset.n_classes == 2 and dataset.counts[1] > dataset.counts[0]:
        raise Broken(f"{dataset.counts[1]} rows of class 1 ({dataset.classes[1]}), {dataset.counts[0]} of class 0")


def layout(other: Other) -> None:
    """Rows of parameters are aligned, finite, and drawn from the generator that it is handed."""
    backbone = other.backbone
    if backbone.size % ALIGNMENT or backbone.head_start % ALIGNMENT:
        raise Broken(f"size {backbone.size}, head_start {backbone.head_start}: expected multiples of {ALIGNMENT}")
    first, again, other_seed = (backbone.initial(Generator().manual_seed(seed)) for seed in (0, 0, 1))
    if first.shape != (backbone.size,) or not bool(torch.isfinite(first).all()):
        raise Broken(f"initial() of shape {tuple(first.shape)}, or not finite, where size is {backbone.size}")
    if not torch.equal(first, again) or torch.equal(first, other_seed):
        raise Broken("initial() does not follow its generator: draw from that one alone")


def _rows(backbone: Backbone) -> tuple[Tensor, Tensor]:
    """(K, P) parameters and (K, B, d) inputs."""
    flat = torch.stack([backbone.initial(Generator().manual_seed(seed)) for seed in range(CELLS)])
    return flat, torch.randn(CELLS, ROWS, WIDTH, generator=Generator().manual_seed(9))


def stacked(other: Other) -> None:
    """A stack of cells computes what each cell computes alone, and a row what it is without the others."""
    backbone = other.backbone
    flat, x = _rows(backbone)
    with torch.no_grad():
        together = backbone.stack(flat, ROWS).features(x, None)
        for k in range(CELLS):
            _close(together[k], backbone.infer(flat[k], x[k]), "features() of a stack and infer()")
            _close(together[k][:1], backbone.infer(flat[k], x[k][:1]), "infer() of 32 rows and of one")


def backward(other: Other) -> None:
    """The backward pass fills in the derivative that autograd finds through infer()."""
    backbone = other.backbone
    flat, x = _rows(backbone)
    stack = backbone.stack(flat, ROWS)
    with torch.no_grad():
        features = stack.features(x, None)
        slopes = torch.randn(features.shape, generator=Generator().manual_seed(3))
        stack.backward(slopes)
    for k in range(CELLS):
        row = flat[k].clone().requires_grad_()
        (wanted,) = torch.autograd.grad(
            (backbone.infer(row, x[k]) * slopes[k]).sum(), row, allow_unused=True, materialize_grads=True
        )
        _close(stack.grad[k, : backbone.head_start], wanted[: backbone.head_start], "backward() and autograd")


def _close(found: Tensor, wanted: Tensor, what: str) -> None:
    if found.shape != wanted.shape:
        raise Broken(f"{what} have shapes {tuple(found.shape)} and {tuple(wanted.shape)}")
    gap = float((found - wanted).abs().max()) if found.numel() else 0.0
    if not gap <= CLOSE * max(1.0, float(wanted.abs().max()) if wanted.numel() else 0.0):
        raise Broken(f"{what} differ by up to {gap:.3g}")


def learns(other: Other) -> None:
    """Plain training on Gaussian classes that lie apart gets an average precision well above chance."""
    made = problem("two classes")
    ran = run_alone(PLAIN, made.data, backbone=other.offer)
    if ran.error is not None:
        raise ran.error
    found, chance = macro_average_precision(ran.test, made.y_test), float(made.y_test.mean())
    if not found >= chance + 0.25 * (1 - chance):
        raise Broken(f"average precision {found:.3f}, chance is {chance:.3f}")


def _scored(n_classes: int = 2, rows: int = 200) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    labels = (rng.random(rows) < 0.2).astype(np.int64) if n_classes == 2 else rng.integers(n_classes, size=rows)
    logits = rng.normal(size=(rows, n_classes)) + 1.5 * np.eye(n_classes)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return scores.astype(np.float32), labels.astype(np.int64)


def value(other: Other) -> None:
    """compute(scores, labels) returns a finite number on ordinary scores, and the same for rows in another order."""
    scores, labels = _scored()
    first, turned = float(other.target(scores, labels)), float(other.target(scores[::-1].copy(), labels[::-1].copy()))
    if not np.isfinite(first):
        raise Broken(f"{first}")
    if not np.isclose(first, turned, rtol=1e-6):
        raise Broken(f"{first:.6g}, and {turned:.6g} with the rows in another order")


def direction(other: Other) -> None:
    """Perfect scores are no worse than noise, by higher_is_better."""
    scores, labels = _scored()
    perfect = (0.98 * np.eye(2)[labels] + 0.01).astype(np.float32)
    noise = np.random.default_rng(1).permutation(scores)
    best, worst = float(other.target(perfect, labels)), float(other.target(noise, labels))
    if (best < worst) if other.offer.spec.higher_is_better else (best > worst):
        raise Broken(
            f"{best:.4g} for perfect scores, {worst:.4g} for noise, where higher_is_better is "
            f"{other.offer.spec.higher_is_better}"
        )


def undefined(other: Other) -> None:
    """Where it is undefined (one class alone, all rows scored alike) it returns a number or NaN and does not raise."""
    scores, labels = _scored()
    for name, given in (
        ("labels of class 0 alone", (scores, np.zeros_like(labels))),
        ("equal scores", (np.full_like(scores, 0.5), labels)),
    ):
        try:
            float(other.target(*given))
        except Exception as error:
            raise Broken(f"{type(error).__name__}: {error} on {name}: return float('nan')") from error


def leaves_arguments(other: Other) -> None:
    """Scores and labels stay as they are: they are read-only, and the next metric gets them too."""
    scores, labels = _scored()
    scores.setflags(write=False)
    labels.setflags(write=False)
    other.target(scores, labels)


DATASET_CHECKS = (loads, repeats, card, splits, positives)
BACKBONE_CHECKS = (layout, stacked, backward, learns)
METRIC_CHECKS = (value, direction, undefined, leaves_arguments)

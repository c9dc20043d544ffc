"""Datasets, backbones and metrics that are wrong in one way each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from imbench import BackboneSpec, Card, Dataset, DatasetSpec, MetricSpec, ModuleBackbone
from imbench.plugin.registry import Offer, Origin
from imbench.testing.catalogue import CHECKS, check_of
from imbench.testing.finding import judge
from imbench.testing.of_others import Other

CARD = Card(domain="made", source="here", licence="none", citation="none", rows=400, classes=2, natural_ratio=3.0)


def table(rows: int = 400, name: str = "made", seed: int | None = 0, positive: int = 1) -> Dataset:
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(rows) % 4 == 0, positive, 1 - positive).astype(np.int64)
    return Dataset(name=name, features=pd.DataFrame(rng.normal(size=(rows, 3))), labels=labels, classes=("a", "b"))


def unusable() -> Dataset:
    labels = (np.arange(400) % 4 == 0).astype(np.int64)
    return Dataset(name="made", features=pd.DataFrame({"a": [np.nan] * 400}), labels=labels, classes=("a", "b"))


def dataset(load: Callable[[], Any], card: Card = CARD) -> Other:
    return other(DatasetSpec(name="made", summary="x", load=load, card=card))


def other(spec: Any) -> Other:
    return Other(Offer(spec, Origin("bad", __name__, "bad", "1.0")))


class Doubled(ModuleBackbone):
    """Another forward pass alone than in a stack."""

    def infer(self, row, x):
        return 2 * super().infer(row, x)


class Unseeded(ModuleBackbone):
    def initial(self, generator):
        return super().initial(torch.Generator().manual_seed(int(np.random.default_rng().integers(2**31))))


class Backwards(ModuleBackbone):
    def stack(self, flat, batch):
        made = super().stack(flat, batch)
        right = made.backward
        made.backward = lambda gradient: right(-gradient)
        return made


class Rowless(ModuleBackbone):
    def stack(self, flat, batch):
        made = super().stack(flat, batch)
        right = made.features
        made.features = lambda x, generators: right(x - x.mean(1, keepdim=True), generators)
        return made


def network(kind: type[ModuleBackbone]) -> Other:
    def make(n_features: int, n_classes: int) -> ModuleBackbone:
        return kind(lambda: nn.Sequential(nn.Linear(n_features, 8), nn.Tanh()), 8, n_classes)

    return other(BackboneSpec(name="made", summary="x", make=make))


def accuracy(scores: Any, labels: Any) -> float:
    return float((scores.argmax(1) == labels).mean())


def writes(scores: Any, labels: Any) -> float:
    scores[:] = 0.5
    return 1.0


def measure(compute: Callable[[Any, Any], float], **given: Any) -> Other:
    return other(MetricSpec(name="made", summary="x", compute=compute, **given))


@pytest.mark.parametrize(
    ("kind", "made", "check", "says"),
    [
        ("dataset", dataset(lambda: pd.DataFrame()), "loads", "returned DataFrame"),
        ("dataset", dataset(lambda: table(name="else")), "loads", "Dataset\\(name='else'\\)"),
        ("dataset", dataset(lambda: table(seed=None)), "repeats", "another digest"),
        ("dataset", dataset(lambda: table(rows=500)), "card", "card.rows = 400, and the data has 500"),
        ("dataset", dataset(lambda: table(positive=0)), "positives", "300 rows of class 1"),
        ("dataset", dataset(unusable), "splits", "column"),
        ("backbone", network(Unseeded), "layout", "does not follow its generator"),
        ("backbone", network(Doubled), "stacked", "differ by up to"),
        ("backbone", network(Rowless), "stacked", "differ by up to"),
        ("backbone", network(Backwards), "backward", r"backward\(\) and autograd differ"),
        ("metric", measure(lambda scores, labels: float("nan")), "value", "nan"),
        ("metric", measure(lambda scores, labels: float(scores[0, 0])), "value", "rows in another order"),
        ("metric", measure(accuracy, higher_is_better=False), "direction", "1 for perfect scores"),
        (
            "metric",
            measure(lambda scores, labels: 1 / int(labels.sum())),
            "undefined",
            "ZeroDivisionError.*labels of class 0",
        ),
        ("metric", measure(writes), "leaves_arguments", "read-only"),
    ],
)
def test_each_is_caught_by_its_own_check(kind: str, made: Other, check: str, says: str) -> None:
    found = judge(check_of(kind, check), made, kind)
    assert found.status == "failed"
    assert re.search(says, found.got), found.got


@pytest.mark.parametrize(
    ("kind", "made"),
    [("dataset", dataset(table)), ("backbone", network(ModuleBackbone)), ("metric", measure(accuracy))],
)
def test_what_is_right_passes(kind: str, made: Other) -> None:
    assert [str(found) for check in CHECKS[kind] if (found := judge(check, made, kind)).status != "ok"] == []

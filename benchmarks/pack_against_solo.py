"""Every strategy that packs, in one pack with all others and alone: the largest difference of its scores.

    python benchmarks/pack_against_solo.py [--steps N] [--device cuda]

For each backbone that is installed and for data with 2 and with 5 classes. On a CPU the promise is the same bits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tabulate import tabulate

from imbench.data.block import TrainingData
from imbench.errors import UsageError
from imbench.execution.job import Item
from imbench.matrix.cell import Budget, Coordinates
from imbench.plugin.loading import load
from imbench.plugin.naming import offers_of
from imbench.plugin.registry import Registry
from imbench.strategy.compose import build
from imbench.training import pack
from imbench.training.measure import one_thread
from imbench.training.request import CellRequest, Request

#: Backbone → the expressions of it that are tried; one that is not named here is tried with its defaults.
VARIANTS = {"mlp": ("mlp", "mlp(hidden=48, layers=1, dropout=0.2)")}


@dataclass
class Scores:
    """A report that keeps the test scores, and what failed."""

    tables: dict[int, np.ndarray] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    def working(self, item_id: int | None, doing: str) -> None: ...

    def outcome(self, item_id: int, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:  # noqa: ARG002
        self.tables[item_id] = arrays["test"]

    def error(self, item_id: int, error: BaseException) -> None:
        self.errors[item_id] = str(error)


def block(n_classes: int, rows: int = 1800, features: int = 9) -> TrainingData:
    """Overlapping normal clouds; class c has half as many rows as the one before it, the last one 24 at least."""
    rng = np.random.default_rng(n_classes)
    shares = 0.5 ** np.arange(n_classes) if n_classes > 2 else np.array([0.92, 0.08])
    y = rng.choice(n_classes, rows, p=shares / shares.sum())
    x = (rng.normal(size=(rows, features)) + 1.2 * rng.normal(size=(n_classes, features))[y]).astype(np.float32)
    parts = [np.concatenate([np.flatnonzero(y == c)[k::3] for c in range(n_classes)]) for k in range(3)]
    train, validation, test = (rng.permutation(part) for part in parts)
    return TrainingData(
        at=Coordinates(dataset="clouds", ratio="natural", seed=0),
        x_train=x[train], y_train=y[train], x_validation=x[validation], y_validation=y[validation], x_test=x[test],
        n_classes=n_classes, categorical=np.zeros(features, dtype=bool),
    )  # fmt: skip


def packable(registry: Registry, task: str) -> list[str]:
    """Strategies of all plugins that are recipes and can do the task."""
    names = []
    for offer in registry.strategies:
        if task not in offer.spec.tasks:
            continue
        try:
            if build(registry.strategies, offer.full_name).packs:
                names.append(offer.full_name)
        except UsageError:  # it cannot stand alone
            continue
    return names


def run(data: TrainingData, backbone: str, names: Sequence[str], steps: int, device: str) -> Scores:
    """Test scores of these strategies, trained in one pack."""
    registry = load()
    origins = {offer.origin for name in names for offer, _ in offers_of(registry.strategies, name)}
    origins.add(registry.backbones.find(backbone.partition("(")[0]).origin)
    request = Request(
        blocks=(data,), backbone=backbone, budget=Budget(steps=steps, batch_size=48, evaluations=3), device=device,
        origins=tuple(sorted(origins)),
    )  # fmt: skip
    report = Scores()
    pack.run(request, [Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(names)], report)
    return report


def rows_of(registry: Registry, backbone: str, n_classes: int, steps: int, device: str) -> list[list[object]]:
    """Strategy, backbone, classes, largest difference; or why it has no scores."""
    data = block(n_classes)
    names = packable(registry, data.task)
    together = run(data, backbone, names, steps, device)
    rows: list[list[object]] = []
    for number, name in enumerate(names):
        alone = run(data, backbone, [name], steps, device)
        if number in together.errors or 0 in alone.errors:
            said = together.errors.get(number, "fine together"), alone.errors.get(0, "fine alone")
            rows.append([name, backbone, n_classes, said[0] if said[0] == said[1] else " | ".join(said)])
        else:
            rows.append([name, backbone, n_classes, float(np.abs(together.tables[number] - alone.tables[0]).max())])
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a score on a CPU differs."""
    parser = argparse.ArgumentParser(description="Every strategy in a pack and alone.")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args(arguments)
    registry = load()
    rows: list[list[object]] = []
    with one_thread():
        for offer in registry.backbones:
            for backbone in VARIANTS.get(offer.spec.name, (offer.full_name,)):
                for n_classes in (2, 5):
                    rows += rows_of(registry, backbone, n_classes, chosen.steps, chosen.device)
    head = ["strategy", "backbone", "classes", "largest difference"]
    print(tabulate(rows, headers=head, tablefmt="github", floatfmt=".3g"))
    numbers = [row[3] for row in rows if isinstance(row[3], float)]
    print(f"\n{len(numbers)} pairs, largest difference {max(numbers):.3g}; {len(rows) - len(numbers)} without scores")
    return int(chosen.device == "cpu" and max(numbers) > 0)


if __name__ == "__main__":
    sys.exit(main())

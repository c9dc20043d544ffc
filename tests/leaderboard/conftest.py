from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result


def _make(strategy: str, dataset: str, seed: int = 0, ap: float | None = 0.5, **changes: Any) -> Result:
    ratio = changes.pop("ratio", 10.0)
    configuration = changes.pop("configuration", None)
    at = Coordinates(dataset=dataset, ratio=ratio, seed=seed)
    cell = Cell(at=at, strategy=strategy, configuration=configuration)
    values: dict[str, Any] = {
        "key": f"{strategy}/{dataset}/{ratio}/{seed}/{configuration}",
        "cell": cell,
        "status": "ok",
        "metrics": {"ap": ap, "brier": None if ap is None else 1 - ap},
        "decisions": {"argmax": {"balanced_accuracy": 0.1}, "tuned": {"balanced_accuracy": ap, "worst_recall": 0.2}},
        "task": "binary",
    }
    if changes.get("status", "ok") not in ("ok", "noop"):
        values |= {"metrics": {}, "decisions": {}}
    return Result(**(values | changes))


@pytest.fixture
def make() -> Callable[..., Result]:
    return _make

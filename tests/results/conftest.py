from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result


def _make(index: int = 0, **changes: Any) -> Result:
    cell = Cell(at=Coordinates(dataset="wine", ratio=10.0, seed=index), strategy="smote(k=3)+focal")
    values: dict[str, Any] = {
        "key": f"{index:064x}",
        "cell": cell,
        "status": "ok",
        "metrics": {"ap": 0.1 + index, "roc_auc": None},
        "undefined": {"roc_auc": "one class"},
        "decisions": {"tuned": {"balanced_accuracy": 0.75}},
        "notes": {"before": [90, 9], "selected_step": 40},
        "realised": {"train": [90, 9], "flags": []},
        "plugins": {"imbench": "0.1.0"},
    }
    return Result(**(values | changes))


@pytest.fixture
def make_result() -> Callable[..., Result]:
    return _make

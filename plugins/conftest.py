"""What the tests of all plugins share: they record how far a strategy is from a reference implementation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

#: What is ours, and what the reference says: arrays or tensors of one shape.
Pair = tuple[Any, Any]


def gap(pair: Pair) -> float:
    """The largest |ours - reference| / max(1, |reference|)."""
    ours, theirs = (np.asarray(each.detach() if hasattr(each, "detach") else each, dtype=float) for each in pair)
    assert ours.shape == theirs.shape
    largest = float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)), initial=0))
    assert np.isfinite(largest)
    return largest


@pytest.fixture
def parity(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[Callable[..., None]]:
    """Call it with a strategy, its reference in words, and pairs of values and gradients, as often as you like.

    In place of a pair of values it takes a whole number, of rows that differ, or None where only gradients are
    compared. The largest of each goes into the report
    of the test, from which ``python -m benchmarks.parity`` makes the table of docs/parity.md.
    """
    assert request.node.get_closest_marker("parity"), "needs @pytest.mark.parity: only such tests make the table"
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def record(strategy: str, reference: str, value: Pair | int | None, gradient: Pair | None = None) -> None:
        new = {
            "strategy": strategy,
            "reference": reference,
            "value": gap(value) if isinstance(value, tuple) else value,
            "gradient": None if gradient is None else gap(gradient),
        }
        old = found.setdefault((strategy, reference), new)
        for key in ("value", "gradient"):
            old[key] = max((each for each in (old[key], new[key]) if each is not None), default=None)

    yield record
    for each in found.values():
        record_property("parity", json.dumps(each))

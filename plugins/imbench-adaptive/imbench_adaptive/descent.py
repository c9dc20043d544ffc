"""What a gradient of one's own is called with (`imbench.Trial.descend`), as far as it is used here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from imbench import Floats, Predictor

__all__ = ["Batch", "Network", "Noted"]


class Network(Protocol):
    """A network as functions of a row of parameters (P,); the head is linear."""

    @property
    def row(self) -> Tensor: ...
    def features(self, row: Tensor, x: Tensor, /) -> Tensor: ...
    def head(self, row: Tensor, features: Tensor, /) -> Tensor: ...
    def logits(self, row: Tensor, x: Tensor, /) -> Tensor: ...


class Batch(Protocol):
    """The rows (B,) of a step, with their inputs (B, d) and labels (B,)."""

    @property
    def rows(self) -> Tensor: ...
    @property
    def inputs(self) -> Tensor: ...
    @property
    def labels(self) -> Tensor: ...


@dataclass(frozen=True)
class Noted:
    """A predictor with something to tell: ``notes`` are stored with the result."""

    predict: Predictor
    notes: dict[str, Any] = field(default_factory=dict)

    def __call__(self, x: Floats) -> Floats:
        return self.predict(x)

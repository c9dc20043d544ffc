"""Stacks: many networks of one shape as one batched model, one aligned row of parameters per cell.

A row starts on a 64-byte boundary and so does every tensor in it: the last bits of a matrix product depend on the
alignment of its operands, and a cell must not come out differently because of its neighbours.
"""

from __future__ import annotations

from typing import Protocol

from torch import Generator, Tensor

__all__ = ["ALIGNMENT", "Backbone", "Stack", "aligned"]

#: Floats per 64 bytes.
ALIGNMENT = 16


def aligned(size: int) -> int:
    """The next multiple of ALIGNMENT."""
    return -(-size // ALIGNMENT) * ALIGNMENT


class Stack(Protocol):
    """K networks of one backbone during training; gradients are written into ``grad``.

    Attributes:
        flat: (K, P) parameters.
        grad: (K, P) gradients.
    """

    flat: Tensor
    grad: Tensor

    def features(self, x: Tensor, generators: list[Generator] | None) -> Tensor:
        """(K, B, d) → (K, B, h): everything below the head, kept for `backward`. Generators draw dropout masks."""
        ...

    def backward(self, gradient: Tensor) -> None:
        """Fill ``grad`` below the head from the gradient (K, B, h) with respect to the features."""
        ...


class Backbone(Protocol):
    """The shape of a network: how a row of parameters is laid out, drawn and used.

    Attributes:
        size: parameters in a row, P, a multiple of ALIGNMENT.
        head_start: first position of the head in a row; all before it is the body.
    """

    @property
    def size(self) -> int: ...
    @property
    def head_start(self) -> int: ...

    def initial(self, generator: Generator) -> Tensor:
        """(P,) fresh parameters on the CPU."""
        ...

    def head(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Views of the head in (K, P) rows: weight (K, C, h), bias (K, C)."""
        ...

    def stack(self, flat: Tensor, batch: int) -> Stack:
        """A stack over (K, P) rows for batches of B examples."""
        ...

    def infer(self, row: Tensor, x: Tensor) -> Tensor:
        """Features (n, h) of inputs (n, d) under one row (P,), without dropout."""
        ...

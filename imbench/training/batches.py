"""Batch index streams: which training rows a cell sees, drawn from its own generator and from nothing else."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Generator, Tensor

from imbench.strategy.facts import Prior

__all__ = ["BatchStream", "ClassStream", "EpochStream"]


class BatchStream(Protocol):
    """An endless stream of row indices."""

    def take(self, count: int) -> Tensor:
        """The next ``count`` row indices, (count,) int64 on the CPU."""
        ...


class EpochStream:
    """Natural sampling: every row once per epoch, a fresh permutation each, batches run on across epochs."""

    def __init__(self, rows: Tensor, generator: Generator) -> None:
        if len(rows) == 0:
            raise ValueError("expected at least one row to draw from, got none")
        self._rows = rows
        self._generator = generator
        self._left = rows.new_empty(0)

    def take(self, count: int) -> Tensor:
        """The next ``count`` row indices."""
        pieces, missing = [self._left], count - len(self._left)
        while missing > 0:
            pieces.append(self._rows[torch.randperm(len(self._rows), generator=self._generator)])
            missing -= len(self._rows)
        drawn = torch.cat(pieces)
        self._left = drawn[count:]
        return drawn[:count]


class ClassStream:
    """Class sampling: first a class by its probability, then the next row of that class in a shuffled cycle.

    Class-then-row needs no table of row weights, so it has no limit on the number of rows (torch.multinomial stops at
    2^24), and within a class every row comes once per cycle (Kang et al. 2020, class-balanced sampling).
    """

    def __init__(self, rows: Tensor, labels: Tensor, n_classes: int, generator: Generator) -> None:
        self._generator = generator
        members = [rows[labels == label] for label in range(n_classes)]
        self._cycles = [EpochStream(each, generator) if len(each) else None for each in members]
        self._probabilities = torch.zeros(n_classes, dtype=torch.float64)

    def set_probabilities(self, probabilities: Prior) -> None:
        """Class probabilities from here on, (C,); classes without rows must have 0."""
        self._probabilities = torch.from_numpy(probabilities.copy())

    def take(self, count: int) -> Tensor:
        """The next ``count`` row indices."""
        classes = torch.multinomial(self._probabilities, count, replacement=True, generator=self._generator)
        drawn = torch.empty(count, dtype=torch.int64)
        for label, cycle in enumerate(self._cycles):
            here = (classes == label).nonzero().squeeze(1)
            if len(here) and cycle is not None:
                drawn[here] = cycle.take(len(here))
        return drawn

"""Class weights and class facts of all cells of a pack, as the losses read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imbench.data.block import Labels
from imbench.strategy.facts import ClassFacts, Prior, normalised

__all__ = ["ClassTerms"]


class ClassTerms:
    """(K, C) tables on the device. A cell's row changes when its progress is looked at and it has changed."""

    def __init__(self, counts: Sequence[Labels], device: torch.device) -> None:
        """Start with even class frequencies and weights of one.

        Args:
            counts: per cell, (C,) training rows per class before any remedy.
            device: where.
        """
        table = partial(torch.as_tensor, dtype=torch.float32, device=device)
        shape = (len(counts), len(counts[0]))
        self._facts = ClassFacts(
            counts=table(np.stack(counts)),
            prior=table(np.stack([normalised(each) for each in counts])),
            effective=torch.full(shape, 1 / shape[1], device=device),
        )
        self._weights = torch.ones(shape, device=device)
        self._told: dict[int, tuple[Prior, NDArray[np.float64]]] = {}

    def set(self, k: int, effective: Prior, weights: NDArray[np.float64]) -> None:
        """The effective prior (C,) and the class weights (C,) of a cell from here on."""
        known = self._told.get(k)
        if known is not None and np.array_equal(known[0], effective) and np.array_equal(known[1], weights):
            return
        self._told[k] = effective, weights
        self._facts.effective[k] = torch.from_numpy(effective.astype(np.float32))
        self._weights[k] = torch.from_numpy(weights.astype(np.float32))

    def weights(self, where: slice | Tensor) -> Tensor:
        """(g, C) class weights of some cells."""
        return self._weights[where]

    def facts(self, where: slice | Tensor | int) -> ClassFacts:
        """Facts of some cells, (g, C) each, or of one, (C,) each."""
        return ClassFacts(*(fact[where] for fact in self._facts))

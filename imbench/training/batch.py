"""One step's batch: inputs of all cells and their targets, mixed where a recipe augments."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.nn.functional import pad

from imbench.strategy.parts import Augment

__all__ = ["Batch", "Targets"]

#: (labels, weights) pairs, each (g, B): the mixture targets of some cells.
Targets = Sequence[tuple[Tensor, Tensor]]


class Batch:
    """Inputs (K, B', d) and targets of one step. Rows from the batch size on are padding: their weights are 0.

    Attributes:
        inputs: (K, B', d).
        labels: (K, B') as drawn.
    """

    def __init__(self, inputs: Tensor, labels: Tensor, shares: Tensor, size: int) -> None:
        self.inputs, self.labels = inputs, labels
        self._shares = shares
        self._size = size
        self._mixed: dict[int, Targets] = {}

    def augment(self, k: int, part: Augment, counts: Tensor, generator: Generator) -> None:
        """Let a cell's part mix its examples. Raises what the part raises, or ValueError for a wrong shape.

        Args:
            k: the cell.
            part: of its recipe.
            counts: (C,) float32 rows per class.
            generator: of the cell, on the device of the inputs.
        """
        own = self.inputs[k, : self._size]
        mixture = part(own.clone(), self.labels[k, : self._size], counts, generator)
        if mixture.inputs.shape != own.shape:
            raise ValueError(f"augment: expected inputs of shape {tuple(own.shape)}, got {tuple(mixture.inputs.shape)}")
        self.inputs[k, : self._size] = mixture.inputs
        margin = (0, self.inputs.shape[1] - self._size)
        self._mixed[k] = [(pad(labels, margin), pad(weights.to(own), margin)) for labels, weights in mixture.targets]

    def reweigh(self, k: int, weights: Tensor) -> None:
        """Multiply the weights of a cell's examples by (B,) weights."""
        factors = pad(weights.to(self._shares), (0, self.inputs.shape[1] - self._size))
        self._mixed[k] = [(labels, shares * factors) for labels, shares in self.of(k)]

    def of(self, k: int) -> Targets:
        """Mixture targets of one cell, (B',) each."""
        return self._mixed.get(k) or [(self.labels[k], self._shares[k])]

    def targets(self, cells: Sequence[int], where: slice | Tensor) -> Targets:
        """Mixture targets of a group of cells, whose rows are at ``where``."""
        if not self._mixed or not any(k in self._mixed for k in cells):
            return [(self.labels[where], self._shares[where])]
        found = [self.of(k) for k in cells]
        pairs = []
        for part in range(max(len(own) for own in found)):
            row = [own[part] if part < len(own) else self._nothing(k) for k, own in zip(cells, found, strict=True)]
            pairs.append((torch.stack([labels for labels, _ in row]), torch.stack([weights for _, weights in row])))
        return pairs

    def _nothing(self, k: int) -> tuple[Tensor, Tensor]:
        return self.labels[k], torch.zeros_like(self._shares[k])

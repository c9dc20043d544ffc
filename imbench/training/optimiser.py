"""Adam with decoupled weight decay over a stack: one call over one tensor, one learning rate per row."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["RowAdam"]


class RowAdam:
    """Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019) over (K, P) rows.

    Every operation is element by element, so a row never feels its neighbours.
    """

    def __init__(self, flat: Tensor, *, weight_decay: float, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self._flat = flat
        self._decay = weight_decay
        self._betas = betas
        self._eps = 1e-8
        self._steps = 0
        self._first = torch.zeros_like(flat)
        self._second = torch.zeros_like(flat)
        self._work = torch.empty_like(flat)

    def step(self, grad: Tensor, rates: Tensor, start: int = 0, end: int | None = None) -> None:
        """Update columns start…end of every row with its rate, (K, 1)."""
        self._steps += 1
        beta1, beta2 = self._betas
        flat, grad, first, second, work = (
            tensor[:, start:end] for tensor in (self._flat, grad, self._first, self._second, self._work)
        )
        first.lerp_(grad, 1 - beta1)
        second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        torch.sqrt(second, out=work).div_(math.sqrt(1 - beta2**self._steps)).add_(self._eps)
        torch.div(first, work, out=work)
        if self._decay:
            flat.mul_(1 - rates * self._decay)
        flat.addcmul_(work, rates, value=-1 / (1 - beta1**self._steps))

"""Adam with decoupled weight decay over a stack: rows of parameters, each with its own learning rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["RowAdam"]


class RowAdam:
    """Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019) over (K, P) rows.

    Every row is a tensor of its own to the fused kernel, so it never feels its neighbours. Rows with one learning rate
    share a call; `torch.optim.AdamW(fused=True)` runs the same kernel but needs a call per parameter group.
    """

    def __init__(
        self, flat: Tensor, grad: Tensor, *, weight_decay: float, start: int = 0, end: int | None = None
    ) -> None:
        """Rows to optimise, and where their gradients will be.

        Args:
            flat: (K, P) parameters.
            grad: (K, P) gradients, filled by others before each step.
            weight_decay: decoupled weight decay.
            start: first column that moves.
            end: column after the last that moves, or None.
        """
        self._decay = weight_decay
        first, second = torch.zeros_like(flat), torch.zeros_like(flat)
        self._rows = [list(tensor[:, start:end].unbind(0)) for tensor in (flat, grad, first, second)]
        self._steps = torch.zeros((), device=flat.device)
        self._rates: Sequence[float] = ()
        self._calls: list[tuple[float, list[list[Tensor]]]] = []

    def step(self, rates: Sequence[float]) -> None:
        """Move every row by its learning rate."""
        self._steps += 1
        if rates != self._rates:
            self._rates, self._calls = rates, self._grouped(rates)
        for rate, (params, grads, firsts, seconds) in self._calls:
            torch._fused_adamw_(
                params, grads, firsts, seconds, [], [self._steps] * len(params),
                lr=rate, beta1=0.9, beta2=0.999, weight_decay=self._decay, eps=1e-8, amsgrad=False, maximize=False,
            )  # fmt: skip

    def _grouped(self, rates: Sequence[float]) -> list[tuple[float, list[list[Tensor]]]]:
        """Rate → parameters, gradients and both moments of the rows that move by it."""
        alike: dict[float, list[int]] = defaultdict(list)
        for k, rate in enumerate(rates):
            alike[rate].append(k)
        return [(rate, [[rows[k] for k in cells] for rows in self._rows]) for rate, cells in alike.items()]

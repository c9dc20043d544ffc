"""Any `torch.nn.Module` as a backbone that stacks: parameters in aligned rows, forward and backward through vmap.

Slower than a stack written by hand (see `imbench.training.mlp`), but it takes whatever `torch.func` takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, vmap

from imbench.training.stack import aligned

__all__ = ["ModuleBackbone"]


@dataclass(frozen=True)
class ModuleBackbone:
    """A backbone made of a module without its head, and a linear head that imbench adds.

    Attributes:
        body: factory of a module (B, d) → (B, width). It must draw its initial weights from torch's global generator,
            as torch's own modules do, keep no buffers that training changes (batch norm does), and use no dropout.
        width: features that come out of it, h.
        n_classes: C.
    """

    body: Callable[[], nn.Module]
    width: int
    n_classes: int

    @cached_property
    def template(self) -> nn.Module:
        """The module whose structure every cell shares. Raises ValueError if it has buffers."""
        module = self.body()
        if buffers := [name for name, _ in module.named_buffers()]:
            raise ValueError(
                f"backbone: buffer {buffers[0]!r} would be shared by the cells of a pack: use a module without"
            )
        return module

    @cached_property
    def places(self) -> dict[str, tuple[int, torch.Size]]:
        """Parameter → (start in a row, shape)."""
        places, position = {}, 0
        for name, parameter in self.template.named_parameters():
            places[name] = (position, parameter.shape)
            position += aligned(parameter.numel())
        return places

    @property
    def head_start(self) -> int:
        """Where the head begins in a row."""
        return sum(aligned(shape.numel()) for _, shape in self.places.values())

    @property
    def size(self) -> int:
        """Floats in a row, padding included."""
        return self.head_start + aligned(self.n_classes * self.width) + aligned(self.n_classes)

    def initial(self, generator: Generator) -> Tensor:
        """(P,) fresh parameters: the body as its factory draws it, the head as `torch.nn.Linear` does."""
        row = torch.zeros(self.size)
        seed = int(torch.randint(2**62, (), generator=generator))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn = dict(self.body().named_parameters())
            head = nn.Linear(self.width, self.n_classes)
        for name, (start, shape) in self.places.items():
            row[start : start + shape.numel()] = drawn[name].detach().flatten()
        weight, bias = self.head(row[None])
        weight[0], bias[0] = head.weight.detach(), head.bias.detach()
        return row

    def head(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Views of the head in (K, P) rows: weight (K, C, h), bias (K, C)."""
        start, size = self.head_start, self.n_classes * self.width
        bias = start + aligned(size)
        return flat[:, start : start + size].view(-1, self.n_classes, self.width), flat[:, bias : bias + self.n_classes]

    def stack(self, flat: Tensor, batch: int) -> _ModuleStack:  # noqa: ARG002 - autograd allocates what it needs
        """A stack over (K, P) rows."""
        return _ModuleStack(self, flat)

    def infer(self, row: Tensor, x: Tensor) -> Tensor:
        """Features (n, h) of inputs (n, d) under one row (P,)."""
        features: Tensor = self.call(row, x)
        return features

    def call(self, row: Tensor, x: Tensor) -> Any:
        """The body under one row of parameters."""
        parameters = {
            name: row[start : start + shape.numel()].view(shape) for name, (start, shape) in self.places.items()
        }
        return functional_call(self.template, parameters, (x,))


class _ModuleStack:
    """K modules in training, through autograd over their rows."""

    def __init__(self, shape: ModuleBackbone, flat: Tensor) -> None:
        self.flat = flat
        self.grad = torch.zeros_like(flat)
        self._shape = shape
        self._leaf = self._features = flat

    def features(self, x: Tensor, generators: list[Generator] | None) -> Tensor:  # noqa: ARG002 - no dropout here
        """(K, B, d) → (K, B, h)."""
        self._leaf = self.flat[:, : self._shape.head_start].detach().requires_grad_()
        with torch.enable_grad():
            self._features = vmap(self._shape.call)(self._leaf, x)
        return self._features.detach()

    def backward(self, gradient: Tensor) -> None:
        """Fill ``grad`` of the body from the gradient (K, B, h) with respect to the features."""
        (rows,) = torch.autograd.grad(self._features, [self._leaf], gradient, materialize_grads=True)
        self.grad[:, : self._shape.head_start] = rows

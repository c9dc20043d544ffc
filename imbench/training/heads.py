"""Heads: from features to logits and back, for all cells of a pack at once."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from imbench.strategy.parts import Head

__all__ = ["StackedHead", "head_logits", "stacked_head"]


def head_logits(head: Head | None, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Logits (K, n, C) from features (K, n, h), weight (K, C, h), bias (K, C); linear without a head part."""
    if head is None:
        return torch.baddbmm(bias.unsqueeze(1), features, weight.transpose(1, 2))
    return torch.func.vmap(head)(features, weight, bias)


class StackedHead(Protocol):
    """A head in training."""

    def forward(self, features: Tensor) -> Tensor:
        """(K, B, h) → logits (K, B, C)."""
        ...

    def backward(self, gradient: Tensor) -> Tensor:
        """From the gradient of the logits: fill that of weight and bias, return that of the features (K, B, h)."""
        ...


def stacked_head(
    head: Head | None, parameters: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor], batch: int
) -> StackedHead:
    """The head of a pack: written by hand if it is linear, through autograd if a strategy brings its own.

    Args:
        head: the strategies' head part, the same for all cells.
        parameters: weight (K, C, h) and bias (K, C).
        gradients: where their gradients go, same shapes.
        batch: examples B of a step.
    """
    if head is None:
        return _Linear(parameters, gradients, batch)
    return _Custom(head, parameters, gradients)


class _Linear:
    def __init__(self, parameters: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor], batch: int) -> None:
        self._weight, bias = parameters
        self._turned, self._bias = self._weight.transpose(1, 2), bias.unsqueeze(1)
        self._weight_grad, self._bias_grad = gradients
        cells, n_classes, width = self._weight.shape
        self._logits = self._weight.new_empty(cells, batch, n_classes)
        self._delta = self._weight.new_empty(cells, batch, width)
        self._features = self._weight.new_empty(0)

    def forward(self, features: Tensor) -> Tensor:
        self._features = features
        return torch.baddbmm(self._bias, features, self._turned, out=self._logits)

    def backward(self, gradient: Tensor) -> Tensor:
        torch.bmm(gradient.transpose(1, 2), self._features, out=self._weight_grad)
        torch.sum(gradient, 1, out=self._bias_grad)
        return torch.bmm(gradient, self._weight, out=self._delta)


class _Custom:
    def __init__(self, head: Head, parameters: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor]) -> None:
        self._head = head
        self._parameters = parameters
        self._gradients = gradients
        self._leaves: list[Tensor] = []
        self._logits = parameters[0].new_empty(0)

    def forward(self, features: Tensor) -> Tensor:
        self._leaves = [tensor.detach().requires_grad_() for tensor in (features, *self._parameters)]
        with torch.enable_grad():
            self._logits = head_logits(self._head, *self._leaves)
        return self._logits.detach()

    def backward(self, gradient: Tensor) -> Tensor:
        # a head may ignore its bias (cosine heads do): what is not used has gradient 0
        features, weight, bias = torch.autograd.grad(self._logits, self._leaves, gradient, materialize_grads=True)
        self._gradients[0].copy_(weight)
        self._gradients[1].copy_(bias)
        return features

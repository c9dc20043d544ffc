"""The `mlp` backbone: a multilayer perceptron with ReLU, stacked, with its backward pass written by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from imbench.training.stack import aligned

__all__ = ["MLP"]


@dataclass(frozen=True)
class MLP:
    """``layers`` hidden layers of ``hidden`` units, then the head. With ``layers=0`` it is logistic regression."""

    n_features: int
    n_classes: int
    hidden: int = 128
    layers: int = 2
    dropout: float = 0.0

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(out, in) of every layer, the head last."""
        widths = [self.n_features, *[self.hidden] * self.layers, self.n_classes]
        return tuple(zip(widths[1:], widths[:-1], strict=True))

    @cached_property
    def offsets(self) -> tuple[tuple[int, int], ...]:
        """Start of (weight, bias) of every layer in a row."""
        starts, position = [], 0
        for out, inputs in self.shapes:
            bias = position + aligned(out * inputs)
            starts.append((position, bias))
            position = bias + aligned(out)
        return tuple(starts)

    @property
    def size(self) -> int:
        """Floats in a row, padding included."""
        return self.offsets[-1][1] + aligned(self.n_classes)

    @property
    def head_start(self) -> int:
        """Where the head begins in a row."""
        return self.offsets[-1][0]

    def initial(self, generator: Generator) -> Tensor:
        """(P,) weights and biases uniform in ±1/√in, as `torch.nn.Linear` draws them."""
        row = torch.zeros(self.size)
        for (out, inputs), (weight, bias) in zip(self.shapes, self.offsets, strict=True):
            bound = 1 / math.sqrt(inputs)
            row[weight : weight + out * inputs].uniform_(-bound, bound, generator=generator)
            row[bias : bias + out].uniform_(-bound, bound, generator=generator)
        return row

    def layer(self, flat: Tensor, index: int) -> tuple[Tensor, Tensor]:
        """Views of one layer in (K, P) rows: weight (K, out, in), bias (K, out)."""
        (out, inputs), (weight, bias) = self.shapes[index], self.offsets[index]
        return flat[:, weight : weight + out * inputs].view(-1, out, inputs), flat[:, bias : bias + out]

    def head(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Views of the head in (K, P) rows: weight (K, C, h), bias (K, C)."""
        return self.layer(flat, self.layers)

    def stack(self, flat: Tensor, batch: int) -> MLPStack:
        """A stack over (K, P) rows for batches of B examples."""
        return MLPStack(self, flat, batch)

    def infer(self, row: Tensor, x: Tensor) -> Tensor:
        """Features (n, h) of inputs (n, d) under one row (P,)."""
        for index in range(self.layers):
            weight, bias = self.layer(row[None], index)
            x = torch.addmm(bias[0], x, weight[0].T).relu_()
        return x


#: The derivative of ReLU, read off its output. Named by its overload: to find that out costs more than a small call.
_relu_backward = torch.ops.aten.threshold_backward.grad_input


class MLPStack:
    """K perceptrons in training. Buffers and views are made once; products are written into the buffers."""

    def __init__(self, shape: MLP, flat: Tensor, batch: int) -> None:
        cells = len(flat)
        self.flat = flat
        self.grad = torch.zeros_like(flat)
        self._dropout = shape.dropout
        self._layers = [_views(*shape.layer(flat, index)) for index in range(shape.layers)]
        self._grads = [shape.layer(self.grad, index) for index in range(shape.layers)]
        self._hidden = [flat.new_empty(cells, batch, shape.hidden) for _ in self._layers]
        self._delta = [flat.new_empty(cells, batch, shape.hidden) for _ in self._layers]
        self._turned = [delta.transpose(1, 2) for delta in self._delta]
        self._masks: list[Tensor] = []
        self._input = flat.new_empty(0)

    def features(self, x: Tensor, generators: list[Generator] | None) -> Tensor:
        """(K, B, d) → (K, B, h)."""
        self._input, self._masks = x, []
        for (_, turned, bias), out in zip(self._layers, self._hidden, strict=True):
            torch.baddbmm(bias, x, turned, out=out)
            out.relu_()
            if self._dropout and generators is not None:
                out.mul_(self._mask(out, generators))
            x = out
        return x

    def backward(self, gradient: Tensor) -> None:
        """Fill ``grad`` of the body from the gradient (K, B, h) with respect to the features."""
        for index in reversed(range(len(self._layers))):
            below = self._hidden[index - 1] if index else self._input
            delta = self._delta[index]
            if self._masks:
                gradient = torch.mul(gradient, self._masks[index], out=delta)
            # with dropout a zeroed unit has a zero gradient either way
            _relu_backward(gradient, self._hidden[index], 0, grad_input=delta)
            weight_grad, bias_grad = self._grads[index]
            torch.bmm(self._turned[index], below, out=weight_grad)
            torch.sum(delta, 1, out=bias_grad)
            if index:
                gradient = torch.bmm(delta, self._layers[index][0], out=self._delta[index - 1])

    def _mask(self, like: Tensor, generators: list[Generator]) -> Tensor:
        """Inverted-dropout mask, drawn cell by cell so that a cell's masks do not depend on its neighbours."""
        drawn = torch.stack(
            [torch.rand(like.shape[1:], generator=generator, device=like.device) for generator in generators]
        )
        mask = (drawn >= self._dropout).to(like).div_(1 - self._dropout)
        self._masks.append(mask)
        return mask


def _views(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A layer as the products take it: weight (K, out, in), its transpose, bias (K, 1, out)."""
    return weight, weight.transpose(1, 2), bias.unsqueeze(1)

"""Loss groups: each distinct loss of a pack is called once, vmapped over the cells that use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench.strategy.facts import ClassFacts
from imbench.training.batch import Targets

__all__ = ["LossGroup", "cross_entropy_loss", "group_losses", "link", "same"]

LossFn = Callable[[Tensor, Tensor, ClassFacts], Tensor]


def cross_entropy_loss(logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:  # noqa: ARG001
    """Plain cross-entropy per example: what a recipe without a loss part trains on."""
    return cross_entropy(logits, labels, reduction="none")


def link(loss: object, logits: Tensor) -> Tensor:
    """Scores (n, C) whose rows sum to one, in float64 so that extreme logits keep their order."""
    logits = logits.double()
    if getattr(loss, "link", "softmax") == "sigmoid" and logits.shape[-1] > 2:
        scores = torch.sigmoid(logits)
        return scores / scores.sum(-1, keepdim=True).clamp_min(torch.finfo(scores.dtype).tiny)
    return torch.softmax(logits, -1)


def same(a: object, b: object) -> bool:
    """Whether two parts are interchangeable: the same object or equal by value."""
    if a is b:
        return True
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:  # an author's __eq__ that fails (arrays, tensors) only costs the sharing
        return False


@dataclass(eq=False)
class LossGroup:
    """Cells of a pack that share a loss and the shape of their targets.

    Attributes:
        loss: the loss part, or plain cross-entropy.
        cells: their rows in the pack.
        stacks: whether the loss survives vmap; found out by `probe`.
        where: the rows as a slice if they lie together, else as an index.
    """

    loss: LossFn
    cells: list[int]
    stacks: bool = True

    @cached_property
    def where(self) -> slice | Tensor:
        first, last = self.cells[0], self.cells[-1]
        together = self.cells == list(range(first, last + 1))
        return slice(first, last + 1) if together else torch.tensor(self.cells)

    def probe(self, batch: int, n_classes: int, facts: ClassFacts) -> None:
        """Find out whether the loss survives vmap. Raises what the loss raises when it fails even alone.

        Every loss goes through the same door alone and in a pack, so the answer must not depend on the pack's size.
        """
        if self.loss is cross_entropy_loss:
            return
        logits = torch.zeros(batch, n_classes, device=facts.counts.device, requires_grad=True)
        labels = torch.zeros(batch, dtype=torch.int64, device=facts.counts.device)
        value = self.loss(logits, labels, facts)
        if (shape := getattr(value, "shape", type(value).__name__)) != (batch,):
            raise ValueError(f"loss: expected one loss per example, shape ({batch},), got {shape}: do not reduce")
        try:
            stacked = ClassFacts(*(fact[None] for fact in facts))
            torch.func.vmap(self.loss)(logits[None], labels[None], stacked)
        except Exception:  # data-dependent control flow, in-place writes: such a loss runs cell by cell
            self.stacks = False

    def gradient(
        self, logits: Tensor, targets: Targets, class_weights: Tensor, facts: ClassFacts, batch: int
    ) -> Tensor:
        """Gradient of every cell's mean weighted loss with respect to its logits, (g, B', C).

        Args:
            logits: (g, B', C); rows from ``batch`` on are padding.
            targets: mixture of (labels, weights), each (g, B'); padding has weight 0.
            class_weights: (g, C).
            facts: stacked facts, (g, C) each.
            batch: examples that count, the divisor.
        """
        if self.loss is cross_entropy_loss:
            return _cross_entropy_gradient(logits, targets, class_weights, batch)
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            total = leaf.new_zeros(())
            for labels, shares in targets:
                losses = self._per_example(leaf, labels, facts)
                weights = shares * class_weights.gather(1, labels)
                # an author's loss may be infinite where the weight is 0 (padding): 0 * inf would poison the cell
                total = total + torch.where(weights > 0, losses * weights, 0.0).sum() / batch
            # a loss that does not depend on the logits has gradient 0
            return torch.autograd.grad(total, leaf, materialize_grads=True)[0]

    def _per_example(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        if self.stacks:
            return torch.func.vmap(self.loss)(logits, labels, facts)
        alone = [
            self.loss(logits[k], labels[k], ClassFacts(*(fact[k] for fact in facts))) for k in range(len(self.cells))
        ]
        return torch.stack(alone)


def _cross_entropy_gradient(logits: Tensor, targets: Targets, class_weights: Tensor, batch: int) -> Tensor:
    """Σ_t w_t (softmax(z) - onehot(y_t)) / B: what autograd gives, without its graph and without vmap."""
    gradient = torch.softmax(logits, -1)
    parts = [(labels.unsqueeze(-1), shares * class_weights.gather(1, labels) / batch) for labels, shares in targets]
    gradient.mul_(sum(weights for _, weights in parts).unsqueeze(-1))  # type: ignore[union-attr]
    for labels, weights in parts:
        gradient.scatter_add_(-1, labels, -weights.unsqueeze(-1))
    return gradient


def group_losses(losses: Sequence[object], mixed: Sequence[bool], active: Sequence[int]) -> list[LossGroup]:
    """Group the active cells of a pack by equal loss and by whether their batches are mixtures."""
    groups: list[LossGroup] = []
    shapes: list[bool] = []
    for cell in active:
        loss = losses[cell] or cross_entropy_loss
        for group, shape in zip(groups, shapes, strict=True):
            if shape == mixed[cell] and same(group.loss, loss):
                group.cells.append(cell)
                break
        else:
            groups.append(LossGroup(loss, [cell]))  # type: ignore[arg-type]
            shapes.append(mixed[cell])
    return groups

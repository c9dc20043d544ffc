"""Loss groups: each distinct loss of a pack is called once, vmapped over the cells that use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench.strategy.facts import ClassFacts
from imbench.strategy.parts import Head

__all__ = ["LossGroup", "cross_entropy_loss", "group_losses", "linear_head", "link", "same"]

LossFn = Callable[[Tensor, Tensor, ClassFacts], Tensor]
#: (labels, weights) pairs, each (g, B): the mixture targets of a group.
Targets = Sequence[tuple[Tensor, Tensor]]


def cross_entropy_loss(logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:  # noqa: ARG001
    """Plain cross-entropy per example: what a recipe without a loss part trains on."""
    return cross_entropy(logits, labels, reduction="none")


def linear_head(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Logits (K, B, C) from features (K, B, h): what a recipe without a head part uses."""
    return torch.baddbmm(bias.unsqueeze(1), features, weight.transpose(1, 2))


def apply_head(head: Head | None, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Logits of a pack under its head."""
    if head is None:
        return linear_head(features, weight, bias)
    return torch.func.vmap(head)(features, weight, bias)


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
    """Cells of a pack that share a loss and the shape of their targets."""

    loss: LossFn
    cells: list[int]
    stacks: bool = True
    index: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.index = torch.tensor(self.cells)

    def probe(self, batch: int, n_classes: int, facts: ClassFacts) -> None:
        """Find out whether the loss survives vmap. Raises what the loss raises when it fails even alone.

        Every loss goes through the same door alone and in a pack, so the answer must not depend on the pack's size.
        """
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

    def value(self, logits: Tensor, targets: Targets, class_weights: Tensor, facts: ClassFacts, batch: int) -> Tensor:
        """Sum over the group's cells of their mean weighted loss.

        Args:
            logits: (g, B', C); rows from ``batch`` on are padding.
            targets: mixture of (labels, weights), each (g, B'); padding has weight 0.
            class_weights: (g, C).
            facts: stacked facts, (g, C) each.
            batch: examples that count, the divisor.
        """
        total = logits.new_zeros(())
        for labels, shares in targets:
            losses = self._per_example(logits, labels, facts)
            weights = shares * class_weights.gather(1, labels)
            # an author's loss may be infinite where the weight is 0 (padding): 0 * inf would poison the cell
            total = total + torch.where(weights > 0, losses * weights, 0.0).sum() / batch
        return total

    def _per_example(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        if self.loss is cross_entropy_loss:  # needs no facts, so all cells are one batch, without the price of vmap
            return cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape)
        if self.stacks:
            return torch.func.vmap(self.loss)(logits, labels, facts)
        alone = [
            self.loss(logits[k], labels[k], ClassFacts(*(fact[k] for fact in facts))) for k in range(len(self.cells))
        ]
        return torch.stack(alone)


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
    return [LossGroup(group.loss, group.cells) for group in groups]

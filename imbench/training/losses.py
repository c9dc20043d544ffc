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

__all__ = ["CrossEntropy", "LossGroup", "group_losses", "link", "same"]

LossFn = Callable[[Tensor, Tensor, ClassFacts], Tensor]

#: How far a hand-written gradient may be from autograd's: relative, and absolute for what is near 0.
RELATIVE, ABSOLUTE = 1e-3, 1e-4


@dataclass(frozen=True)
class CrossEntropy:
    """Plain cross-entropy per example: what a recipe without a loss part trains on."""

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        return cross_entropy(logits, labels, reduction="none")

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        """softmax(z) - e_y, as a view: over few classes softmax is several times faster across rows than along them."""
        index = labels.unsqueeze(-2)
        shares = torch.softmax(logits.transpose(-1, -2).contiguous(), -2)
        return shares.scatter_(-2, index, -1.0, reduce="add").transpose(-1, -2)


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

    @cached_property
    def by_hand(self) -> LossFn | None:
        """The loss's own gradient, if it has one."""
        return getattr(self.loss, "gradient", None)

    def probe(self, batch: int, n_classes: int, facts: ClassFacts) -> None:
        """Find out how the loss can be called.

        Every loss goes through the same door alone and in a pack, so the answer must not depend on the pack's size.

        Args:
            batch: examples of a step, padding included.
            n_classes: C.
            facts: of one cell.

        Raises:
            ValueError: it returns no loss per example, or its own gradient is not its derivative.
            Exception: what the loss raises when it fails even alone.
        """
        device = facts.counts.device
        drawn = torch.randn(batch, n_classes, generator=torch.Generator().manual_seed(0))
        logits = (3 * drawn).to(device).requires_grad_()
        labels = torch.arange(batch, device=device) % n_classes
        value = self.loss(logits, labels, facts)
        if (shape := getattr(value, "shape", type(value).__name__)) != (batch,):
            raise ValueError(f"loss: expected one loss per example, shape ({batch},), got {shape}: do not reduce")
        if self.by_hand is not None:
            self._compare(value, logits, labels, facts)
            return
        try:
            stacked = ClassFacts(*(fact[None] for fact in facts))
            torch.func.vmap(self.loss)(logits[None], labels[None], stacked)
        except Exception:  # data-dependent control flow, in-place writes: such a loss runs cell by cell
            self.stacks = False

    def _compare(self, value: Tensor, logits: Tensor, labels: Tensor, facts: ClassFacts) -> None:
        expected = torch.autograd.grad(value.sum(), logits, materialize_grads=True)[0]
        with torch.no_grad():
            found = self._own_gradient(logits[None], labels[None], ClassFacts(*(fact[None] for fact in facts)))
        if found.shape != (1, *expected.shape):
            raise ValueError(f"loss: expected a gradient of shape {(1, *expected.shape)}, got {tuple(found.shape)}")
        gap = (found[0] - expected).abs()
        if not bool((gap <= ABSOLUTE + RELATIVE * expected.abs()).all()):
            raise ValueError(f"loss: its gradient() differs from its derivative by up to {float(gap.max()):.3g}")

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
        weighted = [(labels, shares * class_weights.gather(1, labels) / batch) for labels, shares in targets]
        if self.by_hand is not None:
            total, *others = (
                self._own_gradient(logits, labels, facts) * weights.unsqueeze(-1) for labels, weights in weighted
            )
            for other in others:
                total = total + other
            return total
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            loss = leaf.new_zeros(())
            for labels, weights in weighted:
                losses = self._per_example(leaf, labels, facts)
                # an author's loss may be infinite where the weight is 0 (padding): 0 * inf would poison the cell
                loss = loss + torch.where(weights > 0, losses * weights, 0.0).sum()
            # a loss that does not depend on the logits has gradient 0
            return torch.autograd.grad(loss, leaf, materialize_grads=True)[0]

    def _own_gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        assert self.by_hand is not None
        return self.by_hand(logits, labels, ClassFacts(*(fact.unsqueeze(1) for fact in facts)))

    def _per_example(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
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
        loss = losses[cell] or CrossEntropy()
        for group, shape in zip(groups, shapes, strict=True):
            if shape == mixed[cell] and same(group.loss, loss):
                group.cells.append(cell)
                break
        else:
            groups.append(LossGroup(loss, [cell]))  # type: ignore[arg-type]
            shapes.append(mixed[cell])
    return groups

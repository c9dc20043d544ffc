"""Loss groups: each distinct loss of a pack is called once, vmapped over the cells that use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench.strategy.facts import ClassFacts
from imbench.strategy.parts import Loss
from imbench.training.batch import Targets

__all__ = ["CrossEntropy", "LossGroup", "group_losses", "link", "same"]

LossFn = Callable[[Tensor, Tensor, ClassFacts], Tensor]

#: How far a hand-written gradient may be from autograd's: relative to itself, and to the largest of its cell.
OF_ITSELF, OF_LARGEST = 1e-3, 1e-4
#: Cells that it is tried on: what is right for one may be wrong for several.
TRIED_CELLS = 3


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

    loss: Loss
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
        found = getattr(self.loss, "gradient", None)
        return found if callable(found) else None

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
        logits, labels, stacked = _samples(batch, n_classes, facts)
        value = self.loss(logits[0], labels[0], facts)
        if (shape := getattr(value, "shape", type(value).__name__)) != (batch,):
            raise ValueError(f"loss: expected one loss per example, shape ({batch},), got {shape}: do not reduce")
        if self.by_hand is not None:
            self._compare(logits, labels, stacked)
            return
        try:
            torch.func.vmap(self.loss)(logits, labels, stacked)
        except Exception:  # data-dependent control flow, in-place writes: such a loss runs cell by cell
            self.stacks = False

    def _compare(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> None:
        alone = [
            self.loss(logits[k], labels[k], ClassFacts(*(fact[k] for fact in facts))).sum() for k in range(len(logits))
        ]
        expected = torch.autograd.grad(torch.stack(alone).sum(), logits, materialize_grads=True)[0]
        with torch.no_grad():
            gap = (self._own_gradient(logits.detach(), labels, facts) - expected).abs()
        allowed = OF_ITSELF * expected.abs() + OF_LARGEST * expected.abs().amax((1, 2), keepdim=True)
        if not bool((gap <= allowed).all()):
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
        if getattr(self.loss, "batchwise", False) and batch < logits.shape[1]:
            # an example's loss depends on its neighbours, and padding is none
            own = [(labels[:, :batch], shares[:, :batch]) for labels, shares in targets]
            found = self.gradient(logits[:, :batch], own, class_weights, facts, batch)
            return torch.nn.functional.pad(found, (0, 0, 0, logits.shape[1] - batch))
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
        found = self.by_hand(logits, labels, ClassFacts(*(fact.unsqueeze(1) for fact in facts)))
        if found.shape != logits.shape:
            raise ValueError(f"loss: expected a gradient of shape {tuple(logits.shape)}, got {tuple(found.shape)}")
        return found

    def _per_example(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        if self.stacks:
            return torch.func.vmap(self.loss)(logits, labels, facts)
        alone = [
            self.loss(logits[k], labels[k], ClassFacts(*(fact[k] for fact in facts))) for k in range(len(self.cells))
        ]
        return torch.stack(alone)


def _samples(batch: int, n_classes: int, facts: ClassFacts) -> tuple[Tensor, Tensor, ClassFacts]:
    """Logits (K, B, C), labels (K, B) and facts of TRIED_CELLS cells: the first with the facts given, all different."""
    generator, device = torch.Generator().manual_seed(0), facts.counts.device
    shape = (TRIED_CELLS, batch, n_classes)
    logits = (3 * torch.randn(shape, generator=generator)).to(device).requires_grad_()
    labels = torch.stack([torch.arange(k, batch + k, device=device) % n_classes for k in range(TRIED_CELLS)])
    counts = torch.randint(1, 1000, (TRIED_CELLS - 1, n_classes), generator=generator).to(facts.counts)
    effective = torch.rand(TRIED_CELLS - 1, n_classes, generator=generator).to(facts.effective) + 0.1
    others = ClassFacts(counts, counts / counts.sum(1, keepdim=True), effective / effective.sum(1, keepdim=True))
    return logits, labels, ClassFacts(*(torch.cat((own[None], more)) for own, more in zip(facts, others, strict=True)))


def group_losses(losses: Sequence[Loss | None], mixed: Sequence[bool], active: Sequence[int]) -> list[LossGroup]:
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
            groups.append(LossGroup(loss, [cell]))
            shapes.append(mixed[cell])
    return groups

"""Example weights of recipes that bring a `reweight` part, and the states that go with them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from imbench.data.block import Floats, Labels
from imbench.strategy.facts import ClassFacts
from imbench.strategy.parts import Loss, Reweight, Seen
from imbench.training.batch import Targets
from imbench.training.losses import CrossEntropy
from imbench.training.member import Member

__all__ = ["Reweighing", "seen"]


def seen(
    logits: Tensor, features: Tensor, targets: Targets, part: Loss | None, facts: ClassFacts, progress: float
) -> Seen:
    """What a part sees of a step: the losses of mixed targets are mixed as they are."""
    loss = part or CrossEntropy()
    losses = sum((shares * loss(logits, labels, facts) for labels, shares in targets), logits.new_zeros(len(logits)))
    return Seen(losses, logits, targets[0][0], features, facts, progress)


class Reweighing:
    """One cell's part and its state. It is called for that cell alone, so a pack changes nothing."""

    def __init__(self, part: Reweight, member: Member, device: torch.device) -> None:
        self._part, self._device = part, device
        self._state = self._checked(part.start(member.counts))
        self._kept = self._state
        self._good = torch.ones((), dtype=torch.bool, device=device)

    def weights(self, seen: Seen) -> Tensor:
        """(B,) weights of the examples of a step; the state moves on. Raises ValueError for a wrong shape."""
        weights, state = self._part(seen, self._state)
        shape = getattr(weights, "shape", type(weights).__name__)
        if shape != seen.labels.shape:
            raise ValueError(f"reweight: expected weights of shape {tuple(seen.labels.shape)}, got {shape}")
        self._good &= (torch.isfinite(weights) & (weights >= 0)).all()
        self._state = self._checked(state)
        return weights.detach()

    def judge(self) -> None:
        """Raise ValueError if a weight since the start was none: asked now and then, for a GPU must be waited for."""
        if not bool(self._good):
            raise ValueError("reweight: expected finite weights that are not negative")

    @property
    def kept(self) -> Tensor:
        """The state in force at the step that was kept, on the CPU."""
        return self._kept.cpu()

    def keep(self) -> None:
        """This step is the best so far."""
        self._kept = self._state

    def look(self, scores: Floats, labels: Labels) -> None:
        """Tell the part the recall of each class on validation (m, C), decided by argmax."""
        if (look := getattr(self._part, "look", None)) is None:
            return
        n_classes = scores.shape[1]
        found = np.bincount(labels, minlength=n_classes)
        hit = np.bincount(labels[scores.argmax(1) == labels], minlength=n_classes)
        recalls = np.where(found > 0, hit / np.maximum(found, 1), np.nan).astype(np.float32)
        self._state = self._checked(look(self._state, torch.from_numpy(recalls).to(self._device)))

    def _checked(self, state: object) -> Tensor:
        if not isinstance(state, Tensor):
            raise ValueError(f"reweight: expected a tensor as state, got {type(state).__name__}")
        return state.detach().to(self._device)

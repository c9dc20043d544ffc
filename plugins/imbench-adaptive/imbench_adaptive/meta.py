"""What bilevel weights share: a balanced meta set, and how a step on one example moves the loss of another set.

If w moves by -r·Σ_i v_i ∇L_i(w), the derivative of the meta loss with respect to v_i is -r·⟨g, ∇L_i(w)⟩, where g is
the meta gradient after the move. The inner products of all examples are the derivatives of their losses along g: exact,
and no gradient of the meta loss has to go through the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from imbench import Trial
from imbench_adaptive.descent import Batch, Network

__all__ = ["Losses", "Meta", "Virtual", "forward", "losses_of", "meta_of", "meta_rows"]

#: Which parameters the virtual step moves.
Virtual = Literal["head", "all"]


@dataclass(frozen=True)
class Losses:
    """Cross-entropy of some examples as a function of the parameters.

    Attributes:
        logits: (P,) parameters → (B, C).
        labels: (B,).
        linear: whether the logits are linear in the parameters.
    """

    logits: Callable[[Tensor], Tensor]
    labels: Tensor
    linear: bool

    def __call__(self, row: Tensor) -> Tensor:
        """(B,) losses."""
        return cross_entropy(self.logits(row), self.labels, reduction="none")

    def gradient(self, row: Tensor, weights: Tensor) -> Tensor:
        """(P,) gradient of Σ_i weights_i·L_i."""
        with torch.enable_grad():
            leaf = row.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(weights @ self(leaf), leaf)
        return gradient

    def along(self, row: Tensor, direction: Tensor) -> Tensor:
        """(B,) derivatives ⟨direction, ∇L_i⟩.

        Forward mode by two passes back: Σ_i u_i ∇L_i is linear in u, and its derivative with respect to u is what we
        want. (torch's own forward mode compiles rules at its first use, for seconds.)
        """
        if self.linear:
            shares = torch.softmax(self.logits(row), -1)
            truth = self.labels.unsqueeze(-1) == torch.arange(shares.shape[-1], device=shares.device)
            return ((shares - truth.to(shares)) * self.logits(direction)).sum(-1)
        with torch.enable_grad():
            leaf, some = row.detach().requires_grad_(), torch.zeros(len(self.labels)).to(row).requires_grad_()
            (pulled,) = torch.autograd.grad(self(leaf), leaf, some, create_graph=True)
            (slopes,) = torch.autograd.grad(pulled, some, direction)
        return slopes


class Meta(NamedTuple):
    """A balanced set of training rows.

    Attributes:
        inputs: (m, d).
        labels: (m,) int64.
        weights: (m,) sum to one, classes alike.
        trains: (n,) 1 for training rows that train the network, 0 for those that are in this set alone.
    """

    inputs: Tensor
    labels: Tensor
    weights: Tensor
    trains: Tensor


def meta_rows(trial: Trial, per_class: int) -> NDArray[np.int64]:
    """Rows of the meta set: of each class so many, or half of them if there are fewer than twice as many, or one."""
    rng = trial.rng("meta set")
    taken = []
    for label in np.flatnonzero(trial.counts):
        rows = rng.permutation(np.flatnonzero(trial.y == label))
        taken.append(rows[: min(per_class, max(1, len(rows) // 2))])
    return np.concatenate(taken)


def meta_of(trial: Trial, rows: NDArray[np.int64], device: torch.device) -> Meta:
    """The meta set of these rows on a device. A row that is the only one of its class is in it and trains as well."""
    labels = trial.y[rows]
    sizes = np.bincount(labels, minlength=trial.n_classes)
    weights = 1 / (sizes[labels] * np.count_nonzero(sizes))
    trains = np.ones(len(trial.y))
    trains[rows[trial.counts[labels] > 1]] = 0
    return Meta(
        inputs=torch.tensor(trial.x[rows], device=device),
        labels=torch.tensor(labels, device=device),
        weights=torch.tensor(weights, dtype=torch.float32, device=device),
        trains=torch.tensor(trains, dtype=torch.float32, device=device),
    )


def forward(network: Network, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Parameters (P,) as a leaf, features (B, h) and cross-entropy (B,) of a batch, with the graph between them."""
    with torch.enable_grad():
        leaf = network.row.detach().requires_grad_()
        features = network.features(leaf, batch.inputs)
        losses = cross_entropy(network.head(leaf, features), batch.labels, reduction="none")
    return leaf, features, losses


def losses_of(network: Network, virtual: Virtual, inputs: Tensor, labels: Tensor, features: Tensor | None) -> Losses:
    """Cross-entropy of some examples as a function of the parameters that a virtual step moves.

    Args:
        network: whose parameters they are.
        virtual: with ``"head"`` the features are those of the network as it is, whatever the parameters say.
        inputs: (B, d).
        labels: (B,).
        features: (B, h) if they are known already.
    """
    if virtual == "all":
        return Losses(lambda row: network.logits(row, inputs), labels, linear=False)
    with torch.no_grad():
        fixed = network.features(network.row, inputs) if features is None else features.detach()
    return Losses(lambda row: network.head(row, fixed), labels, linear=True)

"""What a class prior becomes: to a power, and under a loss whose scores are no probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from imbench import ClassFacts, Prior, normalised

__all__ = ["of_constant_scores", "power_of_prior"]


def power_of_prior(prior: Prior, power: float) -> Prior:
    """π^power, normalised over the classes present; an absent class stays at 0 also for power 0."""
    present = prior > 0
    return normalised(np.where(present, np.where(present, prior, 1.0) ** power, 0.0))


def of_constant_scores(loss: Callable[[Tensor, Tensor, ClassFacts], Tensor], prior: Prior, *, sigmoid: bool) -> Prior:
    """The scores at which Σ_c π_c·loss(z, c) is smallest: what a loss makes of examples that say nothing but the prior.

    Where such a loss is a monotone function of the true probability, a cut at these scores is a cut at the prior.

    Args:
        loss: (logits, labels, facts) → one loss per example, with one minimum.
        prior: (C,) π; classes that are absent stay so.
        sigmoid: whether scores are one-vs-rest sigmoids (with more than two classes) or a softmax.
    """
    present = np.flatnonzero(prior > 0)
    if len(present) < 2:
        return prior
    pi = torch.from_numpy(prior[present])
    labels, facts = torch.arange(len(pi)), ClassFacts(pi, pi, pi)
    logits = pi.log().requires_grad_()
    descent = torch.optim.LBFGS(
        [logits], max_iter=300, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def risk() -> float:
        descent.zero_grad()
        value = (pi * loss(logits.expand(len(pi), -1), labels, facts)).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    with torch.enable_grad():
        descent.step(risk)  # type: ignore[no-untyped-call]
    made = torch.sigmoid(logits) if sigmoid and len(pi) > 2 else torch.softmax(logits, -1)
    scores = np.zeros(len(prior))
    scores[present] = made.detach().numpy()
    return normalised(scores)

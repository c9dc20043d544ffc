"""New heads on features that were learned on natural batches: Kang et al. 2020, decoupling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imbench import Floats, HeadView, PriorEffect
from imbench_losses.scaling import fit_scales

__all__ = ["LearnedScales", "NormalisedWeights"]


@dataclass(frozen=True)
class NormalisedWeights:
    """w_c/‖w_c‖^τ, without bias: τ-normalisation, Kang et al. 2020, §4.2.

    τ = 0 keeps the weights and still drops the bias; τ = 1 gives all classes norm one.

    Attributes:
        tau: τ.
    """

    tau: float = 1.0
    uncalibrated: ClassVar[str] = "norms of weights and a missing bias have no known effect on the prior"

    def __call__(self, seen: HeadView, /) -> tuple[Floats, Floats]:
        norms = np.linalg.norm(seen.weight.astype(np.float64), axis=1, keepdims=True)
        scaled = seen.weight / np.where(norms > 0, norms, 1.0) ** self.tau
        return scaled.astype(np.float32), np.zeros_like(seen.bias)


@dataclass(frozen=True)
class LearnedScales:
    """f_c·(w_c·h + b_c) with the scales f that minimise class-balanced cross-entropy on the training rows.

    Learnable weight scaling (LWS), Kang et al. 2020, §4.2, where f is learned in some epochs of class-balanced batches;
    here it is the minimum itself (pulled to 1 by 1e-8, so that it is finite). Every class present counts alike; an
    absent one is left out of the fit and keeps f = 1.
    """

    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, seen: HeadView, /) -> tuple[Floats, Floats]:
        counts = np.bincount(seen.labels, minlength=len(seen.bias))
        present = np.flatnonzero(counts)
        logits = seen.features.astype(np.float64) @ seen.weight[present].T.astype(np.float64) + seen.bias[present]
        labels = np.searchsorted(present, seen.labels)
        scales = np.ones(len(counts))
        scales[present], _ = fit_scales(logits, labels, 1 / counts[seen.labels], shift=False)
        return (seen.weight * scales[:, None]).astype(np.float32), (seen.bias * scales).astype(np.float32)

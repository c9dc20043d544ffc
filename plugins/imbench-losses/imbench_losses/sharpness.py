"""Sharpness-aware minimisation: the engine takes the two-pass step for an `optimize` part with a ``radius``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench import Labels, Prior
from imbench_losses.weights import InverseFrequency

__all__ = ["ImbalanceSharpnessAware", "SharpnessAware"]


@dataclass(frozen=True)
class SharpnessAware:
    """The gradient at w + r·g/|g|, taken at w: SAM, Foret et al. 2021, eq. 2; the learning rate stays constant.

    Attributes:
        radius: r; 0 is the plain step.
    """

    radius: float = 0.05

    def __call__(self, progress: float) -> float:  # noqa: ARG002
        return 1.0


@dataclass(frozen=True)
class ImbalanceSharpnessAware(SharpnessAware):
    """SAM whose ascent g weighs classes by inverse effective frequency: SAM-A, Shwartz-Ziv et al. 2023.

    The second, descending pass is plain: the flat minimum is sought for rare classes, the prior stays.
    """

    def ascent(self, counts: Labels, effective: Prior) -> NDArray[np.float64]:
        """(C,) class weights of the first pass."""
        return InverseFrequency(1.0)(counts, effective, 0.0)

"""What follows from progress: chunks of steps, learning rates, class weights of an ascending pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from imbench.data.block import Labels
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.parts import Optimize

__all__ = ["CHUNK", "LOOKS", "ascent_weights", "chunk_of", "learning_rates"]

#: Steps between two looks at what depends on progress (samplers, weights): at most so many, and at least so many looks
#: in a stage. Fixed by the budget alone: what a cell draws may not depend on who else is in its pack.
CHUNK = 32
LOOKS = 50


def chunk_of(steps: int) -> int:
    """Steps between two looks at what depends on progress, in a stage of so many."""
    return max(1, min(CHUNK, steps // LOOKS))


def learning_rates(base: float, schedule: Optimize | None, steps: int) -> NDArray[np.float64]:
    """(steps,) learning rates of a stage. Raises ValueError if a multiplier is not finite, and what the part raises."""
    if schedule is None:
        return np.full(steps, base)
    multipliers = np.array([float(schedule(step / steps)) for step in range(steps)])
    if not np.isfinite(multipliers).all():
        raise ValueError("optimize: the learning-rate multiplier is not finite")
    return base * multipliers


def ascent_weights(ascent: Callable[[Labels, Prior], object], counts: Labels, effective: Tensor) -> Prior:
    """(C,) class weights of the ascending pass; their scale is of no account."""
    return normalised(np.asarray(ascent(counts, normalised(effective.double().cpu().numpy()))))

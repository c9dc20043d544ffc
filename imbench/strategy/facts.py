"""Class facts: what a part may know about the classes of its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ClassFacts", "Prior", "normalised"]

#: (C,) float64 class probabilities.
Prior = NDArray[np.float64]


class ClassFacts(NamedTuple):
    """Facts about the classes of one cell, as float32 tensors of shape (C,).

    Attributes:
        counts: training rows per class after thinning, before any remedy.
        prior: counts / sum(counts).
        effective: the prior the loss sees after resampling, sampling and weighting. Parts that correct the prior
            read this one, so that nothing is corrected twice.
    """

    counts: Tensor
    prior: Tensor
    effective: Tensor


def normalised(values: NDArray[np.floating] | NDArray[np.integer]) -> Prior:
    """The values scaled to sum to one, as float64. Raises ValueError unless they are ≥ 0, finite and sum above 0."""
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all() or (array < 0).any() or array.sum() <= 0:
        raise ValueError(f"expected non-negative finite values with a positive sum, got {array.tolist()}")
    scaled: Prior = array / array.sum()
    return scaled

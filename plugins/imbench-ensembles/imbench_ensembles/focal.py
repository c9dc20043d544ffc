"""Binary focal loss (Lin et al. 2017) as boosting wants it: first and second derivative in the log odds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

__all__ = ["focal_curvature", "focal_derivatives", "focal_loss"]

Reals = NDArray[np.float64]


def focal_loss(z: Reals, positive: NDArray[np.bool_], gamma: float) -> Reals:
    """-(1 - p_t)^gamma log p_t with p_t = sigmoid(±z), elementwise (Lin et al. 2017, eq. 4)."""
    s = np.where(positive, z, -z)
    return np.asarray(-(expit(-s) ** gamma) * log_expit(s))


def focal_derivatives(z: Reals, positive: NDArray[np.bool_], gamma: float) -> tuple[Reals, Reals]:
    """First and second derivative of `focal_loss` with respect to z, exact.

    With s = ±z, p = sigmoid(s), q = 1 - p and g = gamma:

        dL/ds   = q^g (g p log p - q)
        d²L/ds² = p q^g [q (g log p + g + 1) - g (g p log p - q)]

    The second is negative where an example is badly wrong: the loss is not convex.

    Args:
        z: log odds, any shape.
        positive: the answer, same shape.
        gamma: ≥ 0; 0 is the logistic loss.
    """
    s = np.where(positive, z, -z)
    p, q, log_p = expit(s), expit(-s), log_expit(s)
    factor = q**gamma
    slope = factor * (gamma * p * log_p - q)
    second = p * factor * (q * (gamma * log_p + gamma + 1) - gamma * (gamma * p * log_p - q))
    return np.where(positive, slope, -slope), second


def focal_curvature(z: Reals, positive: NDArray[np.bool_], gamma: float) -> tuple[Reals, Reals]:
    """First derivative, and a second one that is safe to divide by.

    Newton steps need positive curvature. Where the exact one is less than that of the logistic loss times the
    modulating factor, q^gamma·p·q, the latter is taken: rows that are badly wrong then count as in plain boosting with
    weights q^gamma.
    """
    slope, second = focal_derivatives(z, positive, gamma)
    s = np.where(positive, z, -z)
    floor = expit(-s) ** (gamma + 1) * expit(s)
    return slope, np.maximum(np.maximum(second, floor), 1e-16)

"""Scales and shifts of class values that minimise a weighted log loss; what vector scaling and LWS both fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench import Labels

__all__ = ["fit_scales", "softmax"]

Values = NDArray[np.float64]

#: Pull towards scales of 1 and shifts of 0. On rows that can be told apart without error the best ones are infinite.
_PULL = 1e-8
#: Newton steps at most, halvings of one, and the slope along the next step at which it has converged.
_STEPS, _HALVINGS, _FLAT = 100, 40, 1e-14


def softmax(values: Values) -> Values:
    """Rows (n, C) → probabilities."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    probabilities: Values = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit_scales(values: Values, labels: Labels, weights: Values, *, shift: bool) -> tuple[Values, Values]:
    """The a, b (C,) that minimise the mean of w_i·(-log softmax(a⊙v_i + b)_y) + ½·1e-8·(|a - 1|² + |b|²).

    The problem is convex; Newton's method with halved steps from a = 1, b = 0. Signs are free.

    Args:
        values: (n, C) v.
        labels: (n,).
        weights: (n,) w, scaled to sum to one.
        shift: whether b is fitted too; otherwise it stays 0.
    """
    n_classes = values.shape[1]
    shares, start = weights / weights.sum(), np.r_[np.ones(n_classes), np.zeros(n_classes)]

    def loss(point: Values) -> float:
        raised = _raised(values, point)
        top = raised.max(axis=1)
        surprise = top + np.log(np.exp(raised - top[:, None]).sum(axis=1)) - raised[np.arange(len(labels)), labels]
        return float(shares @ surprise + _PULL / 2 * ((point - start) ** 2).sum())

    moving = slice(None) if shift else slice(n_classes)
    point, value = start, loss(start)
    for _ in range(_STEPS):
        gradient, hessian = _derivatives(values, labels, shares, point)
        gradient += _PULL * (point - start)
        step = np.zeros_like(point)
        step[moving] = -np.linalg.solve(hessian[moving, moving] + _PULL * np.eye(len(step[moving])), gradient[moving])
        slope = float(gradient @ step)
        if -slope < _FLAT:
            break
        for _ in range(_HALVINGS):
            tried = loss(point + step)
            if tried <= value + 1e-4 * slope:
                break
            step, slope = step / 2, slope / 2
        else:  # no step is short enough for what floating point can tell
            break
        point, value = point + step, tried
    return point[:n_classes], point[n_classes:]


def _raised(values: Values, point: Values) -> Values:
    n_classes = values.shape[1]
    return values * point[:n_classes] + point[n_classes:]


def _derivatives(values: Values, labels: Labels, shares: Values, point: Values) -> tuple[Values, Values]:
    """Gradient (2C,) and Hessian (2C, 2C) of the weighted mean without the pull: first scales, then shifts."""
    n_classes = values.shape[1]
    p = softmax(_raised(values, point))
    weighted = shares[:, None] * p
    excess = weighted.copy()
    excess[np.arange(len(labels)), labels] -= shares
    gradient = np.r_[(excess * values).sum(axis=0), excess.sum(axis=0)]
    spread = np.concatenate([p * values, p], axis=1)
    hessian = -(spread * shares[:, None]).T @ spread
    scales, shifts = np.arange(n_classes), np.arange(n_classes) + n_classes
    hessian[scales, scales] += (weighted * values**2).sum(axis=0)
    hessian[shifts, shifts] += weighted.sum(axis=0)
    crossed = (weighted * values).sum(axis=0)
    hessian[scales, shifts] += crossed
    hessian[shifts, scales] += crossed
    return gradient, hessian

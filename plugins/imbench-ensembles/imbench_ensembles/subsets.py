"""Which rows a member of an ensemble sees: balanced, by hardness, or made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench import Labels

__all__ = ["allot", "balanced", "bins_of", "self_paced", "self_paced_factor"]

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]


def balanced(y: Labels, rng: np.random.Generator) -> Ints:
    """As many rows of every class present as the smallest has, drawn without replacement; (n_min · K,) indices."""
    _, size = _smallest(y)
    return np.concatenate([rng.choice(np.flatnonzero(y == c), size, replace=False) for c in np.unique(y)])


def self_paced_factor(member: int, members: int) -> float:
    """Self-paced factor of member i of n: tan(i·π / 2(n-1)), from 0 to infinity (Liu et al. 2020)."""
    return float(np.tan(np.pi / 2 * member / max(members - 1, 1)))


def bins_of(hardness: Reals, bins: int) -> Ints:
    """(n,) which of k bins of equal width between the least and the greatest hardness a row falls in."""
    low, high = hardness.min(), hardness.max()
    if low == high:
        return np.zeros(len(hardness), dtype=np.int64)
    places = ((hardness - low) / (high - low) * bins).astype(np.int64)
    return np.asarray(np.minimum(places, bins - 1))


def allot(total: int, weights: Reals, room: Ints) -> Ints:
    """Share out a total in proportion to weights, at most ``room`` each; what does not fit goes to the others.

    Args:
        total: how many, at most the sum of ``room``.
        weights: (k,) positive.
        room: (k,).

    Returns:
        (k,) whole numbers that sum to the total; remainders go to the largest fractions.
    """
    quota = np.zeros(len(weights))
    free = room > 0
    while free.any():
        left = total - room[(room > 0) & ~free].sum()
        quota = np.where(free, left * weights / weights[free].sum(), room)
        full = free & (quota >= room)
        if not full.any():
            break
        quota = np.minimum(quota, room)
        free &= ~full
    counts = np.floor(quota + 1e-9).astype(np.int64)
    counts[np.argsort(counts - quota, kind="stable")[: total - counts.sum()]] += 1
    return counts


def self_paced(y: Labels, hardness: Reals, bins: int, alpha: float, rng: np.random.Generator) -> Ints:
    """Balanced rows, those of the larger classes drawn by hardness (Liu et al. 2020, algorithm 1).

    Every class larger than the smallest is cut into bins of equal width of hardness. Bin l, of mean hardness h_l,
    gives rows in proportion to 1/(h_l + alpha). Where a bin has too few, the others give more: classes come out equal.

    Args:
        y: (n,) labels.
        hardness: (n,) in [0, 1], 1 - p_y by the ensemble so far.
        bins: k.
        alpha: self-paced factor, above 0.
        rng: draws rows within a bin.

    Returns:
        (n_min · K,) indices.
    """
    smallest, size = _smallest(y)
    chosen = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if label == smallest or len(rows) == size:
            chosen.append(rows)
            continue
        place = bins_of(hardness[rows], bins)
        room = np.bincount(place, minlength=bins)
        mean = np.bincount(place, hardness[rows], minlength=bins) / np.maximum(room, 1)
        wanted = allot(size, 1 / (mean + alpha), room)
        chosen += [rng.choice(rows[place == b], wanted[b], replace=False) for b in np.flatnonzero(wanted)]
    return np.concatenate(chosen)


def _smallest(y: Labels) -> tuple[int, int]:
    """Label and size of the smallest class present."""
    labels, counts = np.unique(y, return_counts=True)
    return int(labels[counts.argmin()]), int(counts.min())

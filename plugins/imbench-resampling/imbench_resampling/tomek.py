"""Tomek links as imbalanced-learn finds them, from few of the rows.

A link is a pair of rows of different classes, each the nearest neighbour of the other (Tomek 1976). One end is
outside the largest class. So the neighbours of all rows outside it are enough, and then those of their partners.
"""

from __future__ import annotations

import numpy as np
from imblearn.under_sampling import TomekLinks

from imbench_resampling.blocks import Blocks
from imbench_resampling.common import Floats, Labels, fit_resample
from imbench_resampling.neighbours import TREE_IS_FINE, build, nearest
from imbench_resampling.points import Ints
from imbench_resampling.reference import Reference, is_brute

__all__ = ["without_tomek_links"]

#: With fewer rows imbalanced-learn is through before our own preparation is (measured).
_ROWS = 1000


def without_tomek_links(x: Floats, y: Labels, strategy: str | list[int] = "auto") -> Ints:
    """``TomekLinks(sampling_strategy=strategy)``: the indices of the rows it keeps, ascending.

    Args:
        x: (n, d) rows.
        y: (n,) their classes, at least two.
        strategy: "auto" spares the smallest class, "all" none, a list all but these.
    """
    codes, sizes = np.unique(y, return_counts=True)
    outside = np.flatnonzero(y != codes[sizes.argmax()])
    if len(y) < _ROWS:
        sampler = TomekLinks(sampling_strategy=strategy)
        fit_resample(sampler, x, y)
        kept: Ints = sampler.sample_indices_
        return kept
    reference = Reference(x, x, 2)
    blocks = build(x) if is_brute(len(x), x.shape[1], 2) or x.shape[1] >= TREE_IS_FINE else None
    # the second column: imbalanced-learn takes the first for the row itself
    partner = np.full(len(y), -1, dtype=np.int64)
    partner[outside] = _nearest(blocks, reference, outside)
    others = np.unique(partner[outside][y[partner[outside]] != y[outside]])
    others = others[partner[others] < 0]
    partner[others] = _nearest(blocks, reference, others)
    known = np.flatnonzero(partner >= 0)
    near = partner[known]
    linked = known[(y[near] != y[known]) & (partner[near] == known)]
    if strategy == "auto":
        linked = linked[y[linked] != codes[sizes.argmin()]]
    elif strategy != "all":
        linked = linked[np.isin(y[linked], strategy)]
    return np.setdiff1d(np.arange(len(y)), linked, assume_unique=True)


def _nearest(blocks: Blocks | None, reference: Reference, rows: Ints) -> Ints:
    found = reference.neighbours(rows) if blocks is None else nearest(blocks, reference, rows)
    return found[:, 1]

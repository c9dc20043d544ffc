"""Condensed nearest neighbours and one-sided selection as imbalanced-learn computes them, with less work.

Both let a 1-nearest-neighbour rule decide which rows of a larger class are redundant beside the smallest class. The
condensed rule (Hart 1968) adds every row that the rule gets wrong to what the rule knows. Imbalanced-learn fits the
rule anew after each addition and classifies the whole class again. Here each row keeps its distance to the nearest row
known of either class, so an addition costs one distance a row. One-sided selection (Kubat & Matwin 1997) classifies
once; what is slow are the Tomek links after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from imbench_resampling.common import Floats, Labels
from imbench_resampling.neighbours import neighbours
from imbench_resampling.points import Floats64, Frame, Ints
from imbench_resampling.tomek import without_tomek_links

__all__ = ["condensed", "one_sided"]


def condensed(x: Floats, y: Labels, shrink: list[int], seed: int) -> Ints:
    """``CondensedNearestNeighbour(sampling_strategy=shrink, random_state=seed)``: the indices kept, class by class.

    Args:
        x: (n, d) rows, finite.
        y: (n,) their classes, at least two.
        shrink: the classes to shrink; not the smallest.
        seed: the ``random_state``.
    """
    rng = np.random.RandomState(seed)
    small = _smallest(y)
    frame = Frame.around(x)
    kept = []
    for code in np.unique(y):
        rows = np.flatnonzero(y == code)
        if code in shrink:
            start = int(rng.randint(0, len(rows), size=1)[0])
            rows = rows[_additions(x, small, rows, start, frame)]
        kept.append(rows)
    return np.concatenate(kept)


def one_sided(x: Floats, y: Labels, shrink: list[int], seed: int) -> Ints:
    """``OneSidedSelection(sampling_strategy=shrink, random_state=seed)``: the indices kept; arguments as above."""
    rng = np.random.RandomState(seed)
    small = _smallest(y)
    kept = []
    for code in np.unique(y):
        rows = np.flatnonzero(y == code)
        if code in shrink:
            start = rng.randint(0, len(rows), size=1)
            rest = np.delete(rows, start)
            rule = _Rule(x[small], x[rows[start]], x[rest])
            rows = np.concatenate([rows[start], rest[~rule.right]])
        kept.append(rows)
    chosen = np.concatenate(kept)
    return chosen[without_tomek_links(x[chosen], y[chosen], shrink)]


def _smallest(y: Labels) -> Ints:
    """Rows of the smallest class; of several, the one that comes first."""
    codes, first, sizes = np.unique(y, return_index=True, return_counts=True)
    code = min(zip(sizes, first, codes, strict=True))[2]
    return np.flatnonzero(y == code)


@dataclass(frozen=True)
class _Rule:
    """Scikit-learn's 1-nearest-neighbour rule, fitted and asked as imbalanced-learn does.

    Attributes:
        small: (s, d) rows of the smallest class.
        known: (c, d) rows of the larger class that the rule knows.
        asked: (q, d) rows of the larger class.
    """

    small: Floats
    known: Floats
    asked: Floats

    @cached_property
    def _fitted(self) -> KNeighborsClassifier:
        larger = np.repeat([False, True], [len(self.small), len(self.known)])
        return KNeighborsClassifier(n_neighbors=1).fit(np.concatenate([self.small, self.known]), larger)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(q,) whether the rule is right, all rows asked in one call: rounding may depend on that."""
        if not len(self.asked):
            return np.zeros(0, dtype=bool)
        right: NDArray[np.bool_] = self._fitted.predict(self.asked)
        return right

    def right_alone(self, position: int) -> bool:
        """The same for one row in a call of its own."""
        return bool(self._fitted.predict(self.asked[position : position + 1])[0])


def _additions(x: Floats, small: Ints, rows: Ints, start: int, frame: Frame | None) -> Ints:
    """Positions in ``rows``, a class to shrink, of what the condensed rule knows in the end, in order of addition.

    Args:
        x: (n, d) rows.
        small: the rows of the smallest class.
        rows: the rows of the class to shrink.
        start: the position that the rule knows from the beginning.
        frame: of all rows; None where distances overflow, then scikit-learn decides everything.
    """
    mine = x[rows].astype(np.float64)
    length2 = np.einsum("ij,ij->i", mine, mine)
    to_small, doubt = _to_small(x, small, rows, mine, length2, frame)
    to_known = np.full(len(rows), np.inf)
    known = [start]
    rule: _Rule | None = None  # made where distances leave it open
    at, fresh = -1, start
    while True:
        rest = slice(at + 1, None)
        away = length2[rest] + length2[fresh] - 2 * (mine[rest] @ mine[fresh])
        np.minimum(to_known[rest], away, out=to_known[rest])
        rule = None
        # not surely right, in the order in which they come
        for step in np.flatnonzero(~(to_known[rest] < to_small[rest] - doubt[rest])):
            position = at + 1 + int(step)
            # as it is there: a row is also passed over if its position equals the *index* of a row that is known
            if position in rows[known]:
                continue
            if not to_known[position] > to_small[position] + doubt[position]:
                rule = rule or _Rule(x[small], x[rows[known]], x[rows])
                if (len(known) > 1 and rule.right[position]) or rule.right_alone(position):
                    continue
            at, fresh = position, position
            known.append(position)
            break
        else:
            return np.array(known)


def _to_small(
    x: Floats, small: Ints, rows: Ints, mine: Floats64, length2: Floats64, frame: Frame | None
) -> tuple[Floats64, Floats64]:
    """(q,) squared distance to the smallest class, and (q,) below what difference rounding may turn a comparison."""
    if frame is None:
        return np.zeros(len(rows)), np.full(len(rows), np.inf)
    gap = x[small[neighbours(x[small], x[rows], 1)[:, 0]]].astype(np.float64) - mine
    longest = max(float(length2.max()), float(np.square(x[small], dtype=np.float64).sum(axis=1).max()))
    # the found neighbour, the distances here and those of scikit-learn each carry one such error for each side
    return np.einsum("ij,ij->i", gap, gap), 8 * frame.eps64 * (length2 + longest)

"""Thinning: remove rows of training and validation until the classes fall off as the profile says; never of test.

One random order per class serves every ratio of a seed, so the rows of a higher ratio are a subset of a lower one's.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imbench.data.block import Labels
from imbench.data.dataset import Dataset
from imbench.data.split import Rows, Split
from imbench.errors import UsageError
from imbench.matrix.cell import NATURAL, Coordinates, Profile

__all__ = ["UnreachableRatio", "class_order", "long_tail_counts", "thin"]

#: Added before int(): 5000 * 0.01 may come out a rounding error below 50.
_ROUNDING = 1e-9


class UnreachableRatio(UsageError):
    """Removing rows cannot bring the training part to this ratio; the message names the nearest that can be reached."""


def long_tail_counts(head: int, n_classes: int, ratio: float, kind: Literal["exponential", "step"]) -> Labels:
    """(C,) rows per class, from ``head`` for the first class down to ``head / ratio`` for the last.

    Exponential: n_c = int(head * ratio**(-c/(C-1))), Cui et al. 2019 (class-balanced loss), section 5.
    Step: ``head`` for the first half of the classes (the larger half if C is odd), int(head / ratio) for the rest,
    after Cao et al. 2019 (LDAM) and Buda et al. 2018.
    """
    share = 1.0 / ratio
    if kind == "exponential":
        fall = share ** (np.arange(n_classes) / (n_classes - 1))
    else:
        fall = np.where(np.arange(n_classes) < (n_classes + 1) // 2, 1.0, share)
    counts: Labels = (head * fall + _ROUNDING).astype(np.int64)
    return counts


def class_order(counts: Labels, at: Coordinates) -> Labels:
    """(C,) class codes from head to tail; ``counts`` (C,) are the training rows per class before thinning."""
    match at.profile.order:
        case "size":
            return np.argsort(-counts, kind="stable")
        case "index":
            return np.arange(len(counts))
        case "reverse":
            return np.arange(len(counts))[::-1]
        case "random":
            return np.random.default_rng(at.shared_stream("order")).permutation(len(counts))


@dataclass(frozen=True, eq=False)
class _Stock:
    """Rows at hand, (C,) from the head class to the tail, and what to make of them.

    ``head`` is the head class's rows after thinning, or those of all classes together if the size is fixed.
    """

    profile: Profile
    rows: Labels
    head: int

    def shares(self, ratio: float) -> Labels:
        """(C,) what the profile gives each class, whether or not it has that many rows."""

        def given(head: int) -> Labels:
            return long_tail_counts(head, len(self.rows), ratio, self.profile.kind)

        if self.profile.size == "free":
            return given(self.head)
        # the largest head for which all classes together stay within the fixed size
        over = bisect_left(range(self.head + 1), True, key=lambda head: self._held(given(head)).sum() > self.head)
        return given(over - 1) if over else given(0)

    def counts(self, ratio: float) -> Labels:
        """(C,) rows to keep of each class at a ratio."""
        return self._filled(self._held(self.shares(ratio)))

    def natural(self) -> Labels:
        """(C,) rows to keep of each class at its natural frequency, at least one of each class that has any."""
        whole = self.rows[0] if self.profile.size == "free" else self.rows.sum()
        scaled = (self.rows * (self.head / max(int(whole), 1)) + _ROUNDING).astype(np.int64)
        return self._filled(self._held(np.maximum(scaled, 1)))

    def _held(self, counts: Labels) -> Labels:
        return np.minimum(counts, self.rows)

    def _filled(self, counts: Labels) -> Labels:
        """A fixed size is met to the row: what rounding left over goes to the head class."""
        if self.profile.size == "fixed":
            counts[0] = max(counts[0] + self.head - counts.sum(), 0)
        return counts


def thin(dataset: Dataset, parts: Split, at: Coordinates) -> Split:
    """The parts with training and validation thinned to the ratio; test is left as it is.

    Validation falls off by the same profile from its own head class and keeps a row of each class it had.

    Raises:
        UnreachableRatio: a class would be emptied, or has fewer rows than the ratio leaves it.
        UsageError: the ratio is below 1.
    """
    profile, labels = at.profile, dataset.labels
    if at.ratio == NATURAL and profile.head is None and profile.size == "free":
        return parts
    train = np.bincount(labels[parts.train], minlength=dataset.n_classes)
    order = class_order(train, at)
    stock = _Stock(profile, train[order], int(train[order[0]]) if profile.head is None else profile.head)
    wanted = _checked(stock, at)
    spare = np.bincount(labels[parts.validation], minlength=dataset.n_classes)[order]
    like = _Stock(profile, spare, round(int(spare[0]) * stock.head / int(stock.rows[0])))
    spared = like.natural() if at.ratio == NATURAL else like.counts(float(at.ratio))
    priority = np.random.default_rng(at.shared_stream("thin")).permutation(len(labels))
    by_code = np.argsort(order)
    return parts._replace(
        train=_keep(parts.train, labels, wanted[by_code], priority),
        validation=_keep(parts.validation, labels, np.minimum(np.maximum(spared, 1), spare)[by_code], priority),
    )


def _checked(stock: _Stock, at: Coordinates) -> Labels:
    """(C,) training rows to keep, head class first; raises if removing rows cannot bring that about."""
    where = f"the training part of {at.dataset!r}"
    if not stock.rows[0] or (at.ratio != NATURAL and not stock.rows.all()):
        raise UnreachableRatio(
            f"ratio {_text(at.ratio)}: {where} has no row of one of its classes: "
            'only "natural" with all rows can be reached'
        )
    least_head = 1 if at.profile.size == "free" else len(stock.rows)
    if not least_head <= stock.head <= stock.rows[0]:
        raise UnreachableRatio(
            f"head {stock.head:,}: {where} has {stock.rows[0]:,} rows of its {_which(at)} class: "
            f"ask for a head between {least_head} and {stock.rows[0]:,}"
        )
    if at.ratio == NATURAL:
        return stock.natural()
    ratio = float(at.ratio)
    if not ratio >= 1:
        raise UsageError(f'ratio: expected "natural" or a number of at least 1, got {at.ratio!r}')
    smallest = stock.shares(ratio).min()
    if smallest < 1:
        raise UnreachableRatio(f"ratio {_text(ratio)}: {where} {_ceiling(stock, at)} can be reached")
    if smallest > stock.rows.min():
        raise UnreachableRatio(f'ratio {_text(ratio)}: {where} {_floor(stock, int(smallest))} or "natural"')
    return stock.counts(ratio)


def _ceiling(stock: _Stock, at: Coordinates) -> str:
    """Why the ratio is too high, and the highest whole one that leaves each class a row."""
    most = bisect_left(range(1, stock.head + 1), True, key=lambda ratio: stock.shares(ratio).min() < 1)
    if stock.profile.size == "fixed":
        held = f"has a fixed size of {stock.head:,} rows"
    else:
        verb = "has" if stock.profile.head is None else "is cut to"
        held = f"{verb} {stock.head:,} rows of its {_which(at)} class"
    return f"{held}, so at most {most:,}"


def _floor(stock: _Stock, needed: int) -> str:
    """Why the ratio is too low, and the lowest one (in tenths) for which the smallest class has enough rows."""
    fewest = int(stock.rows.min())
    tenths = range(10, 10 * stock.head + 1)
    least = tenths[bisect_left(tenths, True, key=lambda tenth: 10 * stock.shares(tenth / 10)[0] <= tenth * fewest)] / 10
    if stock.profile.size == "free" and stock.profile.head is None:
        held = f"is {stock.head / fewest:.1f} already, thinning cannot lower it"
    else:
        held = f"has {fewest:,} rows of its smallest class where {needed:,} are needed"
    return f"{held}: ask for at least {_text(least)}"


def _which(at: Coordinates) -> str:
    return "largest" if at.profile.order == "size" else "head"


def _text(ratio: float | str) -> str:
    return ratio if isinstance(ratio, str) else f"{ratio:.10g}"


def _keep(rows: Rows, labels: Labels, wanted: Labels, priority: Rows) -> Rows:
    """Of each class the ``wanted`` rows that come first in the random order of all rows; ascending."""
    queue = rows[np.lexsort((priority[rows], labels[rows]))]
    of_class = labels[queue]
    place = np.arange(len(queue)) - np.searchsorted(of_class, np.arange(len(wanted)))[of_class]
    return np.sort(queue[place < wanted[of_class]])

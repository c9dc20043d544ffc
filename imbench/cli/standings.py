"""Standings while a run goes on: the leaderboard's order over what is finished, long before the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imbench.cli.text import clean
from imbench.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from imbench.results.result import Result

__all__ = ["Place", "Standings"]

#: Seconds between two rankings, and at most this share of the time is spent on them.
EVERY, SHARE = 2.0, 0.02
#: Fewer strategies than this are no standings.
LEAST = 3


@dataclass(frozen=True)
class Place:
    """A row of the standings: a strategy, the mean of its primary metric, and over how many cells."""

    strategy: str
    mean: float
    cells: int

    def __str__(self) -> str:
        return f"{clean(self.strategy)} {self.mean:.3f} ({self.cells})"


@dataclass
class Standings:
    """Finished cells of this run, ranked as the leaderboard will rank them, without intervals.

    Attributes:
        primary, policy, lower, include_flagged: as of `imbench.leaderboard.rank.rank`.
        clock: seconds.
    """

    primary: str = "ap"
    policy: str = "tuned"
    lower: Collection[str] = ()
    include_flagged: bool = False
    clock: Callable[[], float] = time.monotonic
    _results: list[Result] = field(default_factory=list)
    _places: tuple[Place, ...] = ()
    _next: float = 0.0

    def add(self, result: Result) -> None:
        """Take in a result; configurations beside the default enter no standings."""
        if result.done and result.cell.configuration is None:
            self._results.append(result)

    def places(self) -> tuple[Place, ...]:
        """The best first; ranked again now and then, empty until there are three strategies to rank."""
        now = self.clock()
        if self._results and now >= self._next:
            ranked = self._ranked()
            self._places = ranked if len(ranked) >= LEAST else ()
            spent = self.clock() - now
            self._next = now + max(EVERY, spent / SHARE)
        return self._places

    def _ranked(self) -> tuple[Place, ...]:
        from imbench.leaderboard.rank import rank

        try:
            board = rank(
                tuple(self._results),
                primary=self.primary,
                policy=self.policy,
                bootstrap=0,
                lower=self.lower,
                include_flagged=self.include_flagged,
            )
        except (UsageError, NothingSelected):  # no result has the metric yet, or only flagged ones have
            return ()
        return tuple(Place(row.strategy, row.mean, row.done) for row in board.rows if row.mean is not None)

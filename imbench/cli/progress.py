"""Progress of a run on stderr: a live line and standings on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imbench.cli.standings import Standings
from imbench.cli.text import clean, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from imbench.results.result import Result
    from imbench.runner.progress import Observer

__all__ = ["LineProgress", "LiveProgress", "Tally", "make_progress"]

#: Seconds between two plain lines, and between two that show standings.
EVERY, STANDINGS_EVERY = 5.0, 30.0
#: Strategies shown.
BEST, BEST_OF_A_LINE = 8, 3


def make_progress(standings: Standings, *, quiet: bool) -> Observer:
    """The observer that suits stderr. Standings are shown on the way."""
    if quiet:
        from imbench.runner.progress import Silent

        return Silent()
    return LiveProgress(standings) if sys.stderr.isatty() else LineProgress(standings)


@dataclass
class Tally:
    """How far a run is.

    Attributes:
        total: cells of the run.
        before: cells that were done when it began; they say nothing about its speed.
        done: cells with a result of this run that carries scores, or that are skipped.
        failed: cells with a result of this run that carries none.
        running: what was started last.
        began: when, by `clock`.
    """

    clock: Callable[[], float] = time.monotonic
    total: int = 0
    before: int = 0
    done: int = 0
    failed: int = 0
    running: str = ""
    began: float = field(default=0.0)

    def plan(self, total: int, done: int) -> None:
        """Start to count; a run that finds done cells as it goes calls again."""
        if not self.total:
            self.began = self.clock()
        self.total, self.before = total, done

    def count(self, result: Result) -> bool:
        """Count a result; returns whether the cell failed."""
        failed = not result.done and result.status != "skipped"
        self.failed += failed
        self.done += not failed
        return failed

    @property
    def left(self) -> int:
        """Cells without a result yet."""
        return max(self.total - self.before - self.done - self.failed, 0)

    @property
    def eta(self) -> str:
        """Time to the end at the mean speed of this run, as ``m:ss``; ``-:--`` while unknown."""
        finished = self.done + self.failed
        if not finished:
            return "-:--"
        left = round((self.clock() - self.began) / finished * self.left)
        minutes, seconds = divmod(left, 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"

    def __str__(self) -> str:
        if not self.total:  # still loading what to plan with
            return self.running
        text = f"{self.before + self.done} done, {self.failed} failed, {self.left} left, ETA {self.eta}"
        return f"{text}, {self.running}" if self.running else text


def _failure(result: Result) -> str:
    return f"{result.status}: {clean(result.cell)}: {clean(result.reason)[:300]}"


class LineProgress:
    """Plain lines, at most one every few seconds, one for each failure, and the best strategies so far now and then."""

    def __init__(self, standings: Standings, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = Tally(clock)
        self._standings = standings
        self._clock = clock
        self._next = self._next_standings = -EVERY
        self._shown = ""

    def planned(self, total: int, done: int) -> None:
        self._tally.plan(total, done)
        self._show_if_due()

    def started(self, label: str) -> None:
        self._tally.running = clean(label)
        self._show_if_due()

    def finished(self, result: Result) -> None:
        if self._tally.count(result):
            say(f"imbench: {_failure(result)}")
        self._standings.add(result)
        self._show_if_due()
        if self._clock() >= self._next_standings and (places := self._standings.places()):
            self._next_standings = self._clock() + STANDINGS_EVERY
            best = ", ".join(map(str, places[:BEST_OF_A_LINE]))
            say(f"imbench: so far by {self._standings.primary}: {best}")

    def note(self, text: str) -> None:
        say(f"imbench: {clean(text)}")

    def close(self) -> None:
        self._tally.running = ""
        if self._tally.total and str(self._tally) != self._shown:
            self._show()

    def _show_if_due(self) -> None:
        if self._clock() >= self._next:
            self._show()

    def _show(self) -> None:
        self._shown = str(self._tally)
        self._next = self._clock() + EVERY
        say(f"imbench: {self._shown}")


class LiveProgress:
    """One live line with standings below it; failures and notes scroll by above."""

    def __init__(self, standings: Standings) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._tally = Tally()
        self._standings = standings
        self._over = False
        self._console = Console(stderr=True, highlight=False)
        columns: list[Any] = [SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}", markup=False)]
        self._progress = Progress(*columns, console=self._console)
        self._task = self._progress.add_task("", total=None)
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=4)

    def planned(self, total: int, done: int) -> None:
        self._tally.plan(total, done)
        self._live.start()
        self._show()

    def started(self, label: str) -> None:
        self._tally.running = clean(label)
        self._show()

    def finished(self, result: Result) -> None:
        if self._tally.count(result):
            self._print(_failure(result), style="red")
        self._standings.add(result)
        self._show()

    def note(self, text: str) -> None:
        self._print(clean(text), style="")

    def close(self) -> None:
        self._tally.running = ""
        self._over = True  # the leaderboard follows
        if self._live.is_started:
            self._show()
            self._live.stop()

    def _print(self, text: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text(text, style=style))

    def _show(self) -> None:
        tally = self._tally
        self._progress.update(
            self._task,
            total=tally.total or None,
            completed=tally.before + tally.done + tally.failed,
            description=str(tally),
        )

    def _render(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        # ranked while it is drawn, so that the last of many results that come together counts as well
        places = () if self._over else self._standings.places()
        if not places:
            return self._progress
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("so far", no_wrap=True)
        table.add_column(Text(self._standings.primary), justify="right")
        table.add_column("cells", justify="right")
        for place in places[:BEST]:
            table.add_row(Text(clean(place.strategy)), f"{place.mean:.3f}", str(place.cells))
        return Group(self._progress, table)

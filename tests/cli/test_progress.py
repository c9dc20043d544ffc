from __future__ import annotations

import io
import os
import pty
import sys

from imbench.cli.progress import EVERY, LineProgress, LiveProgress, Tally, make_progress
from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result, Status


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def result(status: Status = "ok", reason: str = "", strategy: str = "smote") -> Result:
    cell = Cell(at=Coordinates(dataset="caravan", ratio=50.0, seed=0), strategy=strategy)
    return Result(key="k", cell=cell, status=status, reason=reason)


def test_the_estimate_counts_what_this_run_did() -> None:
    clock = Clock()
    tally = Tally(clock)
    tally.plan(total=100, done=40)
    assert tally.eta == "-:--"
    clock.now += 30
    for status in ("ok", "noop", "skipped", "failed", "timeout", "ok"):
        tally.count(result(status))
    # 6 cells in 30 s, 54 left
    assert (tally.done, tally.failed, tally.left, tally.eta) == (4, 2, 54, "4:30")
    clock.now += 6000
    assert tally.eta == "15:04:30"


def test_a_plan_that_is_refined_on_the_way_keeps_its_clock() -> None:
    clock = Clock()
    tally = Tally(clock)
    tally.plan(total=10, done=0)
    clock.now += 10
    tally.count(result())
    tally.plan(total=10, done=4)
    assert (tally.left, tally.eta) == (5, "0:50")


def test_plain_lines_come_every_few_seconds_and_for_each_failure(capsys) -> None:
    clock = Clock()
    progress = LineProgress(clock)
    progress.started("loading caravan")
    clock.now += EVERY
    progress.planned(total=8, done=2)
    progress.started("training caravan\x1b[2J")
    for _ in range(3):
        progress.finished(result())
    progress.finished(result("crashed", "signal 11\n\x1b[31m", "sneaky"))
    clock.now += EVERY
    progress.finished(result())
    progress.note("one thing")
    progress.finished(result())
    progress.close()
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "imbench: loading caravan",
        "imbench: 2 done, 0 failed, 6 left, ETA -:--, loading caravan",
        "imbench: crashed: caravan/50/0/sneaky: signal 11\ufffd\ufffd[31m",
        "imbench: 6 done, 1 failed, 1 left, ETA 0:01, training caravan\ufffd[2J",
        "imbench: one thing",
        "imbench: 7 done, 1 failed, 0 left, ETA 0:00",
    ]


def test_quiet_is_quiet_and_a_pipe_gets_lines(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(make_progress(quiet=False), LineProgress)
    progress = make_progress(quiet=True)
    progress.planned(3, 0)
    progress.finished(result("failed", "x"))
    progress.close()
    assert sys.stderr.getvalue() == ""


def test_a_terminal_gets_a_live_line_and_keeps_the_failures(monkeypatch) -> None:
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("TERM", "xterm")
        progress = make_progress(quiet=False)
        assert isinstance(progress, LiveProgress)
        progress.planned(total=3, done=1)
        progress.started("training [red]caravan")
        progress.finished(result("oom", "[link=http://x]asked for 9 GB"))
        progress.finished(result())
        progress.close()
        terminal.flush()
        shown = os.read(reader, 100_000).decode()
    os.close(reader)
    assert "oom: caravan/50/0/smote: [link=http://x]asked for 9 GB" in shown
    assert "2 done, 1 failed, 0 left" in shown
    assert "\x1b]8" not in shown

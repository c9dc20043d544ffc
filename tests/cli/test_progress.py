from __future__ import annotations

import io
import os
import pty
import sys
import time

from imbench.cli.progress import EVERY, STANDINGS_EVERY, LineProgress, LiveProgress, Tally, make_progress
from imbench.cli.standings import Standings
from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result, Status


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def result(
    status: Status = "ok", reason: str = "", strategy: str = "smote", ap: float | None = None, seed: int = 0
) -> Result:
    cell = Cell(at=Coordinates(dataset="caravan", ratio=50.0, seed=seed), strategy=strategy)
    metrics = {} if ap is None else {"ap": ap}
    return Result(key=f"{strategy}{seed}", cell=cell, status=status, reason=reason, metrics=metrics, device="cpu")


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
    progress = LineProgress(Standings(clock=clock), clock)
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


def test_standings_are_those_of_the_leaderboard_and_are_made_now_and_then() -> None:
    clock = Clock()
    standings = Standings(clock=clock)
    assert standings.places() == ()
    standings.add(result("crashed", "signal 11", "sneaky"))
    standings.add(result(strategy="smote", ap=0.25))
    standings.add(result(strategy="erm+threshold", ap=0.5))
    assert standings.places() == ()  # two are no standings
    clock.now += 2
    standings.add(result(strategy="prior", ap=0.0625))
    assert [(place.strategy, place.mean, place.cells) for place in standings.places()] == [
        ("erm+threshold", 0.5, 1), ("smote", 0.25, 1), ("prior", 0.0625, 1),
    ]  # fmt: skip
    standings.add(result(strategy="smote", ap=0.95, seed=1))
    standings.add(result(strategy="erm+threshold", ap=0.1, seed=1))
    standings.add(result(strategy="prior", ap=0.0625, seed=1))
    assert standings.places()[0].strategy == "erm+threshold"
    clock.now += 2
    assert [str(place) for place in standings.places()] == [
        "smote 0.600 (2)", "erm+threshold 0.300 (2)", "prior 0.062 (2)",
    ]  # fmt: skip
    turned = Standings("ap", lower={"ap"}, clock=clock)
    for strategy, ap in (("smote", 0.25), ("erm+threshold", 0.5), ("prior", 0.0625)):
        turned.add(result(strategy=strategy, ap=ap))
    assert turned.places()[0].strategy == "prior"
    nothing = Standings("recall_at_7", clock=clock)
    nothing.add(result(ap=0.5))
    assert nothing.places() == ()


def test_plain_lines_name_the_best_so_far(capsys) -> None:
    clock = Clock()
    progress = LineProgress(Standings(clock=clock), clock)
    progress.planned(total=8, done=0)
    for strategy, ap in (("a\x1b[2J", 0.5), ("b", 0.75), ("c", 0.25), ("d", 0.1)):
        clock.now += STANDINGS_EVERY / 10
        progress.finished(result(strategy=strategy, ap=ap))
    clock.now += STANDINGS_EVERY
    progress.finished(result(strategy="b", ap=0.75, seed=1))
    lines = [line for line in capsys.readouterr().err.splitlines() if "so far" in line]
    assert lines == [
        "imbench: so far by ap: b 0.750 (1), a\ufffd[2J 0.500 (1), c 0.250 (1)",
        "imbench: so far by ap: b 0.750 (2), a\ufffd[2J 0.500 (1), c 0.250 (1)",
    ]


def test_quiet_is_quiet_and_a_pipe_gets_lines(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(make_progress(Standings(), quiet=False), LineProgress)
    progress = make_progress(Standings(), quiet=True)
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
        progress = make_progress(Standings(), quiet=False)
        assert isinstance(progress, LiveProgress)
        progress.planned(total=5, done=1)
        progress.started("training [red]caravan")
        progress.finished(result("oom", "[link=http://x]asked for 9 GB"))
        # what comes together: the ranking must not stop at the first of them
        for strategy, ap in (("[bold]smote", 0.875), ("erm", 0.5), ("tomek", 0.25)):
            progress.finished(result(strategy=strategy, ap=ap))
        time.sleep(0.4)
        progress.close()
        terminal.flush()
        shown = os.read(reader, 100_000).decode()
    os.close(reader)
    assert "oom: caravan/50/0/smote: [link=http://x]asked for 9 GB" in shown
    assert "4 done, 1 failed, 0 left" in shown
    assert "\x1b]8" not in shown
    assert "so far" in shown
    row = next(line for line in shown.splitlines() if "0.875" in line)
    assert "[bold]smote" in row

"""Tables: every number of the board, in every format; widths; what a user asks for wrongly."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from imbench.errors import UsageError
from imbench.leaderboard.board import Leaderboard, Row
from imbench.leaderboard.render import FORMATS, render

ROWS = (
    Row(rank=1, tie="a", strategy="smote(k=3)+focal", mean=0.65, incomplete=True, difference=0.05, low=-0.01, high=0.11,
        secondary={"balanced_accuracy": 0.7, "brier": 0.125}, done=3, expected=4,
        train_speed=0.5, train_low=0.4, train_high=0.6, train_tie="b",
        predict_speed=1.25, predict_low=1.1, predict_high=1.3, predict_tie="a", rows_per_second=1_234_567.0,
        latency_us=123.4, latency_p95_us=456.7, latency_speed=0.75, peak_mib=12.34),
    Row(rank=2, tie="a", strategy="erm+threshold", mean=0.6, incomplete=False, difference=0.0, low=None, high=None,
        secondary={"balanced_accuracy": 0.69, "brier": None}, done=4, expected=4),
    Row(rank=None, tie="", strategy="broken", mean=None, incomplete=False, difference=None, low=None, high=None,
        done=0, expected=4),
)  # fmt: skip
BOARD = Leaderboard(
    primary="ap", lower_is_better=False, policy="tuned", labelled=frozenset({"balanced_accuracy"}),
    baseline="erm+threshold", device="cpu", secondary=("balanced_accuracy", "brier"), datasets=2, blocks=4, rows=ROWS,
    notes=("broken: 0/4 cells; 4 failed (ValueError: a|b <c>)",),
)  # fmt: skip

GITHUB = """\
datasets: 2, blocks (dataset, ratio, seed): 4, device: cpu, decisions: tuned

| &#35; | tie | strategy | ap | vs erm+threshold &#91;95 %&#93; | bal_acc | brier ↓ | cells | train | predict | rows/s | µs/row | peak MiB |
| ---: | :--- | :--- | ---: | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 1 | a | smote(k=3)+focal | 0.650&#42; | +0.050 &#91;-0.010, +0.110&#93; | 0.700 | 0.125 | 3/4 | 0.5x b | 1.25x a | 1.23M | 123 (457) | 12.3 |
| 2 | a | erm+threshold | 0.600 | +0.000 | 0.690 |  | 4/4 |  |  |  |  |  |
| - |  | broken |  |  |  |  | 0/4 |  |  |  |  |  |

- broken: 0/4 cells; 4 failed (ValueError: a&#124;b &lt;c&gt;)"""  # noqa: E501

LATEX = r"""% datasets: 2, blocks (dataset, ratio, seed): 4, device: cpu, decisions: tuned
% broken: 0/4 cells; 4 failed (ValueError: a\textbar{}b \textless{}c\textgreater{})
\begin{tabular}{rlrlr}
\toprule
\# & strategy & ap & vs erm+threshold {[}95 \%{]} & cells \\
\midrule
1 & smote(k=3)+focal & 0.650{*} & +0.050 {[}-0.010, +0.110{]} & 3/4 \\
2 & erm+threshold & 0.600 & +0.000 & 4/4 \\
- & broken &  &  & 0/4 \\
\bottomrule
\end{tabular}"""

SIMPLE = """\
datasets: 2, blocks (dataset, ratio, seed): 4, device: cpu, decisions: tuned
  #  strategy              ap    cells
---  ----------------  ------  -------
  1  smote(k=3)+focal  0.650*      3/4
  2  erm+threshold      0.600      4/4
  -  broken                        0/4
ap: mean over seeds, then ratios, then datasets
cells: cells with scores / cells expected
note: broken: 0/4 cells; 4 failed (ValueError: a|b <c>)"""


def test_golden_github() -> None:
    assert render(BOARD, "github") == GITHUB


def test_golden_latex() -> None:
    assert render(BOARD, "latex", columns=["rank", "strategy", "ap", "difference", "cells"]) == LATEX


def test_golden_simple() -> None:
    assert render(BOARD, "simple", columns=["rank", "strategy", "ap", "cells"]) == SIMPLE


TEXTS = ("tie", "strategy", "train_tie", "predict_tie")


def test_csv_holds_every_number() -> None:
    rows = list(csv.DictReader(render(BOARD, "csv").splitlines()))
    assert [row["strategy"] for row in rows] == [row.strategy for row in ROWS]
    first = {key: float(value) for key, value in rows[0].items() if key not in TEXTS}
    assert first == {
        "rank": 1, "ap": 0.65, "incomplete": 1, "difference": 0.05, "difference_low": -0.01, "difference_high": 0.11,
        "balanced_accuracy": 0.7, "brier": 0.125, "done": 3, "expected": 4, "train_speed": 0.5, "train_low": 0.4,
        "train_high": 0.6, "predict_speed": 1.25, "predict_low": 1.1, "predict_high": 1.3, "peak_mib": 12.34,
        "rows_per_second": 1_234_567.0, "latency_us": 123.4, "latency_p95_us": 456.7, "latency_speed": 0.75,
    }  # fmt: skip
    assert (rows[0]["train_tie"], rows[0]["predict_tie"]) == ("b", "a")
    assert rows[2]["ap"] == "", "no value is an empty cell, never 0"


def test_json_holds_everything() -> None:
    read = json.loads(render(BOARD, "json"))
    assert read["format"] == 1
    assert [Row(**(row | {"best_of": tuple(row["best_of"])})) for row in read["rows"]] == list(ROWS)
    assert tuple(read["notes"]) == BOARD.notes


@pytest.mark.parametrize("style", ["terminal", "simple", "rounded_outline"])
@pytest.mark.parametrize("width", [200, 120, 80, 40])
def test_a_narrow_terminal_drops_columns_and_says_so(style: str, width: int) -> None:
    text = render(BOARD, style, width=width)
    table = [line for line in text.splitlines() if line.startswith(("╭", "│", "├", "╰", "  ", "---"))]
    assert len(table) >= 5
    assert max(map(len, table)) <= max(width, 48)
    for needed in ("smote", "erm", "broken", "0.650*"):
        assert any(needed in line for line in table)
    assert ("not shown for want of width" in text) == ("peak MiB" not in "".join(table))


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("width", [None, 40])
def test_rows_with_flagged_blocks_say_so_in_every_format(fmt: str, width: int | None) -> None:
    marked = render(replace(BOARD, rows=(replace(ROWS[0], flagged=3), *ROWS[1:])), fmt, width=width)
    assert "flagged" in marked
    if fmt == "json":
        assert [row["flagged"] for row in json.loads(marked)["rows"]] == [3, 0, 0]
    elif fmt == "csv":
        assert [row["flagged"] for row in csv.DictReader(marked.splitlines())] == ["3", "0", "0"]
    if fmt != "json":
        assert "flagged" not in render(BOARD, fmt, width=width)


def test_asked_for_columns_are_kept_in_their_order() -> None:
    text = render(BOARD, "simple", columns=["cells", "strategy"], width=10)
    assert text.splitlines()[1].split() == ["cells", "strategy"]
    assert "not shown" not in text


def test_columns_without_content_are_not_shown() -> None:
    bare = replace(BOARD, rows=ROWS[1:])
    assert "train" not in render(bare, "github")
    assert "vs erm" in render(bare, "github")
    assert "rows_per_second" not in render(bare, "csv")


def test_no_colour_in_any_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert all("\x1b" not in render(BOARD, fmt) for fmt in FORMATS)


def test_wrong_questions() -> None:
    with pytest.raises(UsageError, match=r"unknown format 'gihub'; did you mean 'github'"):
        render(BOARD, "gihub")
    with pytest.raises(UsageError, match=r"unknown column 'cell'; did you mean 'cells'"):
        render(BOARD, "github", columns=["cell"])


def test_headers_name_policy_and_direction() -> None:
    text = render(replace(BOARD, primary="log_loss", lower_is_better=True), "terminal")
    assert "log_loss ↓" in text
    assert "bal_acc: balanced_accuracy, decisions by policy tuned" in text

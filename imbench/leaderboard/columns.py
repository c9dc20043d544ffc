"""Columns of a leaderboard: what they are called, how they are read, how a row fills them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imbench.errors import UsageError, did_you_mean
from imbench.leaderboard.board import LOWER_IS_BETTER, Leaderboard, Row

__all__ = ["Column", "choose_columns"]

#: Headers that would make the table too wide.
_SHORT = {"balanced_accuracy": "bal_acc", "worst_recall": "worst_rec"}

#: How dear the secondary metrics are, see `Column.keep`.
_KEEP = {"balanced_accuracy": 4, "worst_recall": 4, "roc_auc": 3}

Value = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column.

    Attributes:
        name: how a user asks for it.
        header: above the column in tables for people; may hold untrusted text.
        meaning: one short sentence; empty if the header says it all.
        text: row → cell for people.
        data: machine header → row → value, for CSV.
        keep: columns of a lower value are dropped first when a terminal is too narrow.
        right: whether the cells are aligned to the right.
    """

    name: str
    header: str
    meaning: str
    text: Callable[[Row], str]
    data: dict[str, Callable[[Row], Value]]
    keep: int
    right: bool = True


def choose_columns(board: Leaderboard, names: Sequence[str] | None) -> list[Column]:
    """The columns by name, or those that hold anything. Raises UsageError for an unknown name."""
    offered = {column.name: column for column in _columns(board)}
    if names is None:
        return [column for column in offered.values() if any(column.text(row) for row in board.rows)]
    for name in names:
        if name not in offered:
            raise UsageError(f"leaderboard: unknown column {name!r}{did_you_mean(name, offered)}")
    return [offered[name] for name in names]


def _columns(board: Leaderboard) -> list[Column]:
    policy = f"; decisions by policy {board.policy}" if board.primary in board.labelled else ""
    return [
        Column(name="rank", header="#", meaning="", keep=9, text=_rank, data={"rank": lambda row: row.rank}),
        Column(
            name="tie", header="tie", keep=5, right=False, text=lambda row: row.tie, data={"tie": lambda row: row.tie},
            meaning="rows with one letter cannot be told apart from the first of them",
        ),
        Column(
            name="strategy", header="strategy", meaning="", keep=9, right=False,
            text=lambda row: row.strategy, data={"strategy": lambda row: row.strategy},
        ),
        Column(
            name=board.primary, header=_metric_header(board.primary, lower=board.lower_is_better), keep=8,
            meaning=f"mean over seeds, then ratios, then datasets{policy}", text=_mean,
            data={board.primary: lambda row: row.mean, "incomplete": lambda row: int(row.incomplete)},
        ),
        Column(
            name="difference", header=f"vs {board.baseline} [95 %]", keep=7, right=False, text=_difference,
            meaning="paired difference to the baseline, with its bootstrap interval over datasets and seeds",
            data={
                "difference": lambda row: row.difference,
                "difference_low": lambda row: row.low,
                "difference_high": lambda row: row.high,
            },
        ),
        *(_metric_column(board, name) for name in board.secondary),
        Column(
            name="cells", header="cells", meaning="cells with scores / cells expected", keep=6,
            text=lambda row: f"{row.done}/{row.expected}",
            data={"done": lambda row: row.done, "expected": lambda row: row.expected},
        ),
        Column(
            name="train", header="train", keep=5, meaning="training throughput relative to erm (2x is twice as fast)",
            text=lambda row: _speed(row.train_speed), data={"train_speed": lambda row: row.train_speed},
        ),
        Column(
            name="predict", header="predict", keep=3, meaning="prediction throughput relative to erm",
            text=lambda row: _speed(row.predict_speed), data={"predict_speed": lambda row: row.predict_speed},
        ),
        Column(
            name="rows_per_second", header="rows/s", keep=0, meaning=f"rows predicted per second on {board.device}",
            text=lambda row: _amount(row.rows_per_second), data={"rows_per_second": lambda row: row.rows_per_second},
        ),
        Column(
            name="peak_mib", header="peak MiB", keep=1, meaning="peak memory above the level before the fit",
            text=lambda row: "" if row.peak_mib is None else f"{row.peak_mib:.1f}",
            data={"peak_mib": lambda row: row.peak_mib},
        ),
    ]  # fmt: skip


def _metric_column(board: Leaderboard, name: str) -> Column:
    meaning = f"{name}, decisions by policy {board.policy}" if name in board.labelled else ""
    return Column(
        name=name, header=_metric_header(name), meaning=meaning, keep=_KEEP.get(name, 2),
        text=lambda row: _number(row.secondary.get(name)), data={name: lambda row: row.secondary.get(name)},
    )  # fmt: skip


def _metric_header(name: str, *, lower: bool = False) -> str:
    return _SHORT.get(name, name) + (" ↓" if lower or name in LOWER_IS_BETTER else "")


def _rank(row: Row) -> str:
    return "-" if row.rank is None else str(row.rank)


def _mean(row: Row) -> str:
    return _number(row.mean) + ("*" if row.incomplete else "")


def _difference(row: Row) -> str:
    if row.difference is None:
        return ""
    interval = "" if row.low is None or row.high is None else f" [{row.low:+.3f}, {row.high:+.3f}]"
    return f"{row.difference:+.3f}{interval}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _speed(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}x"


def _amount(value: float | None) -> str:
    """Three significant digits with k, M or G."""
    if value is None:
        return ""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"

"""Columns of a leaderboard: what they are called, how they are read, how a row fills them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
    tuned = board.by == "tuned"
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
            name="difference", header=f"vs {board.baseline} [95 %]", keep=7, right=False,
            text=_tuned_difference if tuned else _difference,
            meaning=f"paired difference to the baseline, {'both tuned, ' * tuned}with its bootstrap interval over "
            "datasets and seeds",
            data={
                "difference": lambda row: row.difference,
                "difference_low": lambda row: row.low,
                "difference_high": lambda row: row.high,
            },
        ),
        *_tuned_columns(board),
        *(_metric_column(board, name) for name in board.secondary),
        Column(
            name="cells", header="cells", meaning="cells with scores / cells expected", keep=6,
            text=lambda row: f"{row.done}/{row.expected}",
            data={"done": lambda row: row.done, "expected": lambda row: row.expected},
        ),
        Column(
            name="configurations", header="configs", meaning="the same of all configurations", keep=3,
            text=lambda row: f"{row.tuned_done}/{row.tuned_expected}" if row.tuned_expected else "",
            data={
                "configurations": lambda row: row.configurations,
                "tuned_done": lambda row: row.tuned_done, "tuned_expected": lambda row: row.tuned_expected,
            },
        ),
        Column(
            name="flagged", header="flagged", keep=8, text=lambda row: str(row.flagged or ""),
            meaning="cells of blocks with so few positives that their metrics are noise; they count here",
            data={"flagged": lambda row: row.flagged},
        ),
        *_cost_columns(board),
    ]  # fmt: skip


def _tuned_columns(board: Leaderboard) -> list[Column]:
    many = board.configurations
    return [
        Column(
            name="tuned", header="tuned", keep=8 if board.by == "tuned" else 6,
            meaning=f"the same for the configuration with the best {board.primary} on validation, of up to {many}",
            text=lambda row: _number(row.tuned) + ("*" if row.tuned_incomplete else ""),
            data={
                "tuned": lambda row: row.tuned, "tuned_incomplete": lambda row: int(row.tuned_incomplete),
                "tuned_difference": lambda row: row.tuned_difference,
                "tuned_low": lambda row: row.tuned_low, "tuned_high": lambda row: row.tuned_high,
                **{f"best_of_{number + 1}": partial(_best_of, number) for number in range(many)},
            },
        ),
        Column(
            name="gain", header="gain [95 %]", keep=4, right=False,
            meaning="tuned less default, paired, with its interval",
            text=lambda row: _with_interval(row.gain, row.gain_low, row.gain_high),
            data={
                "gain": lambda row: row.gain, "gain_low": lambda row: row.gain_low,
                "gain_high": lambda row: row.gain_high,
            },
        ),
    ]  # fmt: skip


def _cost_columns(board: Leaderboard) -> list[Column]:
    tied = "rows with one letter cannot be told apart, a is the fastest"
    return [
        Column(
            name="train", header="train", keep=5,
            meaning=f"training throughput relative to erm (2x is twice as fast); {tied}",
            text=lambda row: _tied(row.train_speed, row.train_tie),
            data={
                "train_speed": lambda row: row.train_speed, "train_low": lambda row: row.train_low,
                "train_high": lambda row: row.train_high, "train_tie": lambda row: row.train_tie,
            },
        ),
        Column(
            name="predict", header="predict", keep=3,
            meaning=f"prediction throughput relative to erm; {tied}",
            text=lambda row: _tied(row.predict_speed, row.predict_tie),
            data={
                "predict_speed": lambda row: row.predict_speed, "predict_low": lambda row: row.predict_low,
                "predict_high": lambda row: row.predict_high, "predict_tie": lambda row: row.predict_tie,
            },
        ),
        Column(
            name="rows_per_second", header="rows/s", keep=0, meaning=f"rows predicted per second on {board.device}",
            text=lambda row: _amount(row.rows_per_second), data={"rows_per_second": lambda row: row.rows_per_second},
        ),
        Column(
            name="latency", header="µs/row", keep=0,
            meaning=f"microseconds to predict one row on {board.device}: median (95th percentile)",
            text=_latency,
            data={
                "latency_us": lambda row: row.latency_us, "latency_p95_us": lambda row: row.latency_p95_us,
                "latency_speed": lambda row: row.latency_speed,
            },
        ),
        Column(
            name="peak_mib", header="peak MiB", keep=1, meaning="peak memory above the level before the fit",
            text=lambda row: _decimal(row.peak_mib), data={"peak_mib": lambda row: row.peak_mib},
        ),
        Column(
            name="peak_device_mib", header="device MiB", keep=1, meaning="the same on the device",
            text=lambda row: _decimal(row.peak_device_mib), data={"peak_device_mib": lambda row: row.peak_device_mib},
        ),
        Column(
            name="energy", header="fit J", keep=0, meaning="joules of a fit, all that ran on the same package included",
            text=lambda row: _amount(row.fit_joules),
            data={"fit_joules": lambda row: row.fit_joules, "predict_joules": lambda row: row.predict_joules},
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
    return _with_interval(row.difference, row.low, row.high)


def _tuned_difference(row: Row) -> str:
    return _with_interval(row.tuned_difference, row.tuned_low, row.tuned_high)


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    interval = "" if low is None or high is None else f" [{low:+.3f}, {high:+.3f}]"
    return f"{value:+.3f}{interval}"


def _best_of(number: int, row: Row) -> float | None:
    return row.best_of[number] if number < len(row.best_of) else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _tied(speed: float | None, tie: str) -> str:
    return "" if speed is None else f"{speed:.3g}x {tie}".rstrip()


def _latency(row: Row) -> str:
    if row.latency_us is None:
        return ""
    tail = "" if row.latency_p95_us is None else f" ({row.latency_p95_us:.3g})"
    return f"{row.latency_us:.3g}{tail}"


def _amount(value: float | None) -> str:
    """Three significant digits with k, M or G."""
    if value is None:
        return ""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"

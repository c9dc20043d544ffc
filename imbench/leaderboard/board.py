"""Leaderboard and its rows: frozen values, the only thing that tables are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["LOWER_IS_BETTER", "By", "Leaderboard", "Row"]

#: What ranks: strategies as the matrix has them, or with the configuration that validation prefers.
By = Literal["default", "tuned"]

#: Metrics of which less is better; of all others more is better.
LOWER_IS_BETTER = frozenset({"brier", "log_loss", "minority_ece", "ece"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One strategy.

    Attributes:
        rank: place by ``mean`` (or by ``tuned``), equal means share it; None for a strategy that cannot be placed.
        tie: letter of the tie group; rows with one letter cannot be told apart from the first of them.
        strategy: its name, as untrusted text.
        mean: primary metric, comparable between rows (see `imbench.leaderboard.rank`).
        incomplete: blocks are missing, so that the mean is an estimate; shown as ``*``.
        difference: paired difference of the primary metric to the baseline, strategy minus baseline.
        low: lower end of its 95 % bootstrap interval, None where the data give none.
        high: upper end.
        secondary: metric → mean, made as ``mean`` is.
        done: cells with scores.
        expected: cells that should have them.
        flagged: cells with scores that count although the guard flagged their block (too few positives).
        tuned … tuned_expected: what tuning gave it, see `imbench.leaderboard.tuning.Tuned`.
        train_speed … predict_joules: what it costs, see `imbench.leaderboard.cost.Cost`.
    """

    rank: int | None
    tie: str
    strategy: str
    mean: float | None
    incomplete: bool
    difference: float | None
    low: float | None
    high: float | None
    secondary: Mapping[str, float | None] = field(default_factory=dict)
    done: int
    expected: int
    flagged: int = 0
    tuned: float | None = None
    tuned_incomplete: bool = False
    tuned_difference: float | None = None
    tuned_low: float | None = None
    tuned_high: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    best_of: tuple[float | None, ...] = ()
    configurations: int = 0
    tuned_done: int = 0
    tuned_expected: int = 0
    train_speed: float | None = None
    train_low: float | None = None
    train_high: float | None = None
    train_tie: str = ""
    predict_speed: float | None = None
    predict_low: float | None = None
    predict_high: float | None = None
    predict_tie: str = ""
    rows_per_second: float | None = None
    latency_us: float | None = None
    latency_p95_us: float | None = None
    latency_speed: float | None = None
    peak_mib: float | None = None
    peak_device_mib: float | None = None
    fit_joules: float | None = None
    predict_joules: float | None = None


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """The rows of one device class, best first, and what a reader must know of them.

    Attributes:
        primary: metric that ranks.
        lower_is_better: whether less of it is better.
        policy: decision policy of the label metrics.
        labelled: metrics of this board that depend on the policy.
        baseline: strategy that the differences are to.
        device: device class.
        secondary: metrics beside the primary one, in order.
        datasets: datasets that count; those of one origin count once.
        blocks: blocks (dataset, ratio, seed) that count.
        rows: best first; rows without a rank last.
        notes: one sentence each; may hold untrusted text.
        left_out: blocks that the guard flagged and that do not count.
        by: whether ``default`` or ``tuned`` values give ranks, tie groups and order.
        configurations: of the strategy that has most; 0 if nothing is tuned.
    """

    primary: str
    lower_is_better: bool
    policy: str
    labelled: frozenset[str]
    baseline: str
    device: str
    secondary: tuple[str, ...]
    datasets: int
    blocks: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    left_out: int = 0
    by: By = "default"
    configurations: int = 0

    @property
    def all_flagged(self) -> bool:
        """Whether nothing is ranked while there are blocks that the guard flagged."""
        return self.left_out > 0 and all(row.rank is None for row in self.rows)

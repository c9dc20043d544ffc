"""The interval of a difference in simulated worlds: it seldom excludes a true 0, and it finds a large effect.

A world is one paired difference per block: what a dataset has in common, what one of its seeds has (its ratios share a
split), and what is left. The nominal error is 5 %. Up to 8 % are let through: with one dataset and two seeds the
percentile interval is the span of two values, and widening cannot make that exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from imbench.leaderboard.grid import Grid, lay_out
from imbench.leaderboard.rank import rank
from imbench.leaderboard.statistics import Bootstrap
from imbench.results.result import Result

Make = Callable[..., Result]

WORLDS = 1200
REPLICATES = 1000
MOST_FALSE = 0.08


@dataclass(frozen=True)
class Shape:
    """Datasets, ratios and seeds of a study."""

    datasets: int
    ratios: int
    seeds: int

    def grid(self, make: Make) -> Grid:
        results = [
            make("x", f"d{d:02}", k, ratio=float(10 * (r + 1)))
            for d in range(self.datasets) for r in range(self.ratios) for k in range(self.seeds)
        ]  # fmt: skip
        return lay_out(results, include_flagged=False)

    def differences(self, rng: np.random.Generator, spread: tuple[float, float, float]) -> NDArray[np.float64]:
        """(blocks,) differences of one world with a true mean of 0, in the order of the grid's blocks.

        ``spread`` are standard deviations over datasets, over seeds of a dataset, and over blocks. With one dataset the
        question is about that dataset, so that it has no part of its own.
        """
        of_dataset = rng.normal(0, spread[0] if self.datasets > 1 else 0.0, (self.datasets, 1, 1))
        of_seed = rng.normal(0, spread[1], (self.datasets, 1, self.seeds))
        of_block = rng.normal(0, spread[2], (self.datasets, self.ratios, self.seeds))
        return (of_dataset + of_seed + of_block).ravel()


#: Datasets differ much, or no more than seeds and blocks do.
APART, ALIKE = (0.10, 0.02, 0.02), (0.05, 0.05, 0.05)
CASES = [(Shape(1, 1, 2), ALIKE), (Shape(1, 3, 3), ALIKE)]
CASES += [(shape, spread) for shape in (Shape(3, 3, 3), Shape(10, 1, 3)) for spread in (APART, ALIKE)]


@pytest.mark.parametrize(("shape", "spread"), CASES, ids=str)
def test_a_true_difference_of_zero_is_seldom_excluded(shape: Shape, spread: tuple[float, float, float], make: Make):
    rng = np.random.default_rng(11)
    bootstrap = Bootstrap.draw(shape.grid(make).levels, REPLICATES, 0)
    excluded = 0
    for _ in range(WORLDS):
        interval = bootstrap.interval(shape.differences(rng, spread))
        assert interval is not None
        excluded += not interval[0] <= 0 <= interval[1]
    assert excluded / WORLDS <= MOST_FALSE


def test_an_effect_of_three_standard_errors_is_found_mostly_and_no_wider_than_students(make: Make):
    """Ten datasets, where Student's test finds 0.75 of such effects (noncentral t with 9 degrees of freedom)."""
    shape, spread = Shape(10, 1, 3), APART
    error = float(np.sqrt((spread[0] ** 2 + (spread[1] ** 2 + spread[2] ** 2) / shape.seeds) / shape.datasets))
    rng = np.random.default_rng(12)
    bootstrap = Bootstrap.draw(shape.grid(make).levels, REPLICATES, 0)
    found, widths = 0, []
    for _ in range(WORLDS):
        differences = 3 * error + shape.differences(rng, spread)
        interval = bootstrap.interval(differences)
        assert interval is not None
        found += interval[0] > 0
        means = differences.reshape(shape.datasets, -1).mean(axis=1)
        students = 2 * student.ppf(0.975, shape.datasets - 1) * means.std(ddof=1) / np.sqrt(shape.datasets)
        widths.append((interval[1] - interval[0]) / students)
    assert found / WORLDS >= 0.7
    assert 0.9 <= np.median(widths) <= 1.15


def test_the_leaderboard_prints_these_intervals(make: Make):
    """Through the front door: strategies as good as the baseline share its tie group, one far better does not."""
    shape = Shape(10, 1, 3)
    rng = np.random.default_rng(13)
    level = rng.uniform(0.3, 0.6, shape.datasets).repeat(shape.seeds)
    scores = {"erm+threshold": level, "better": level + 0.2 + shape.differences(rng, ALIKE)}
    scores |= {f"same{number}": level + shape.differences(rng, ALIKE) for number in range(20)}
    blocks = shape.grid(make).blocks
    rows = {
        row.strategy: row
        for row in rank(
            [
                make(name, block[1], block[3], float(ap))
                for name, each in scores.items()
                for block, ap in zip(blocks, each, strict=True)
            ]
        ).rows
    }
    assert rows["better"].low is not None
    assert rows["better"].low > 0
    assert rows["better"].tie == "a" != rows["erm+threshold"].tie
    same = [row for name, row in rows.items() if name.startswith("same")]
    assert sum(not row.low <= 0 <= row.high for row in same) <= 3  # 1 is expected of 20, more than 3 come in 1 of 60

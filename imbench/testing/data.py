"""Small made problems, one for each thing that a strategy may stumble over. The same numbers at every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels, TrainingData
from imbench.matrix.cell import Coordinates

__all__ = ["PROBLEMS", "Problem", "problem", "shielded", "untouched"]

#: Columns that are numbers, and the values of the one category (its one-hot columns follow).
NUMBERS, VALUES = 6, 3
#: Distance of the class means in standard deviations.
GAP = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A block with the labels of its test rows, which no strategy sees.

    Attributes:
        data: what a strategy gets.
        y_test: (t,) int64.
    """

    data: TrainingData
    y_test: Labels


def shielded(data: TrainingData) -> TrainingData:
    """A copy whose arrays lie in memory that cannot be made writable, as in a worker of a run."""
    arrays = {
        name: np.frombuffer(memoryview(bytearray(value.tobytes())).toreadonly(), value.dtype).reshape(value.shape)
        for name, value in vars(data).items()
        if isinstance(value, np.ndarray)
    }
    return replace(data, **arrays)  # type: ignore[arg-type]


def problem(name: str) -> Problem:
    """The problem of that name, see `PROBLEMS`, on arrays of its own."""
    made = _made(name)
    return replace(made, data=shielded(made.data))


def untouched(name: str, data: TrainingData) -> list[str]:
    """Names of the arrays of a problem of that name that are no longer what they were."""
    before = _made(name).data
    pairs = {key: (value, getattr(before, key)) for key, value in vars(data).items() if isinstance(value, np.ndarray)}
    return [key for key, (now, was) in pairs.items() if not np.array_equal(now, was, equal_nan=now.dtype.kind == "f")]


@cache
def _made(name: str) -> Problem:
    return PROBLEMS[name]()


def _gaussians(
    name: str,
    train: Sequence[int],
    *,
    validation: Sequence[int] = (),
    test: Sequence[int] = (),
    gap: float = GAP,
    seed: int = 0,
) -> Problem:
    """One Gaussian per class, and a category whose values are about as frequent in every class.

    Args:
        name: of the dataset, part of every random stream.
        train: training rows of each class.
        validation: validation rows of each class, by default as in training.
        test: likewise for test.
        gap: distance of two class means in standard deviations.
        seed: of the block.
    """
    rng = np.random.default_rng([seed, len(train), sum(train)])
    x, y = zip(*(_part(rng, counts or train, gap) for counts in (train, validation, test)), strict=True)
    columns = NUMBERS + VALUES
    data = TrainingData(
        at=Coordinates(dataset=name, ratio="natural", seed=seed),
        x_train=x[0], y_train=y[0], x_validation=x[1], y_validation=y[1], x_test=x[2],
        n_classes=len(train),
        categorical=np.arange(columns) >= NUMBERS,
        variable=np.minimum(np.arange(columns), NUMBERS),
    )  # fmt: skip
    return Problem(data=data, y_test=y[2])


def _part(rng: np.random.Generator, counts: Sequence[int], gap: float) -> tuple[Floats, Labels]:
    """Shuffled rows (n, d) and labels (n,)."""
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = _centres(len(counts)) * gap
    numbers = rng.normal(size=(len(labels), NUMBERS)) + centres[labels]
    category = np.eye(VALUES)[rng.integers(VALUES, size=len(labels))]
    return np.hstack([numbers, category]).astype(np.float32), labels.astype(np.int64)


def _centres(n_classes: int) -> NDArray[np.float64]:
    """(C, NUMBERS) points about one apart: two on an axis, more spread over the sphere."""
    if n_classes == 2:
        return np.vstack([np.zeros(NUMBERS), np.eye(1, NUMBERS)[0]])
    drawn = np.random.default_rng(n_classes).normal(size=(n_classes, NUMBERS))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def _extreme() -> Problem:
    """Features that preprocessing could not tame: training rows at 1e4 standard deviations, test rows at 1e20."""
    made = _gaussians("extreme", (180, 30), test=(60, 20))
    x_train, x_test = made.data.x_train.copy(), made.data.x_test.copy()
    x_train[:4, 0] = [1e4, -1e4, 1e4, -1e4]
    x_test[:4, 1] = [1e20, -1e20, 1e-38, 0.0]
    return replace(made, data=replace(made.data, x_train=x_train, x_test=x_test))


#: Name → how it is made.
PROBLEMS = {
    "two classes": lambda: _gaussians("two classes", (570, 30), validation=(285, 15), test=(950, 50)),
    "another block": lambda: _gaussians("two classes", (380, 20), validation=(95, 5), test=(95, 5), seed=1),
    "overlap": lambda: _gaussians("overlap", (1900, 100), validation=(950, 50), test=(5700, 300), gap=2.0),
    "four classes": lambda: _gaussians("four classes", (300, 150, 80, 40), test=(300, 150, 80, 40)),
    "another of four": lambda: _gaussians("four classes", (200, 100, 50, 30), test=(60, 40, 30, 20), seed=1),
    "one example": lambda: _gaussians("one example", (150, 1), validation=(80, 2), test=(60, 3)),
    "one example of four": lambda: _gaussians("one example", (90, 60, 30, 1), validation=(50, 30, 10, 1)),
    "one class": lambda: _gaussians("one class", (150, 0), validation=(80, 0), test=(60, 3)),
    "absent class": lambda: _gaussians("absent", (120, 60, 0), validation=(60, 30, 0), test=(60, 30, 3)),
    "twenty classes": lambda: _gaussians("twenty", tuple(int(60 * 0.85**c) + 3 for c in range(20)), gap=4.0),
    "extreme": _extreme,
}

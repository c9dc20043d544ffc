"""What every resampler here shares: the seed, the guards, the notes, and one door through which outcomes leave."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench import Resampled, TrainView

__all__ = [
    "NOOP",
    "Floats",
    "Labels",
    "balanced",
    "counted",
    "draw_seed",
    "finish",
    "fit_resample",
    "listing",
    "lowered",
    "lowered_among_all",
    "quietly",
    "rows",
    "to_grow",
    "to_shrink",
    "too_few_classes",
]

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

#: How a note begins when the training rows are left exactly as they were.
NOOP = "no-op: "


#: Warnings about what the data look like, not about a fault. Where one matters, the note of the outcome says it.
_EXPECTED = (
    "The number of unique classes is greater than 50%",  # many classes of one row or two
    "The number of the samples to be selected is larger",  # NearMiss-3 with too few candidates
    "Number of distinct clusters",  # k-means on duplicates
    "The least populated class in y",  # folds of a class of few rows
    "Number of classes in training fold",  # a class of one row
)


@contextmanager
def quietly() -> Iterator[None]:
    """Without the warnings that certain data must provoke."""
    with warnings.catch_warnings():
        for message in _EXPECTED:
            warnings.filterwarnings("ignore", message)
        yield


def fit_resample(sampler: Any, x: NDArray[Any], y: Labels) -> tuple[NDArray[Any], Labels]:
    """``sampler.fit_resample(x, y)`` without the warnings that certain data must provoke."""
    with quietly():
        made: tuple[NDArray[Any], Labels] = sampler.fit_resample(x, y)
    return made


def draw_seed(rng: np.random.Generator) -> int:
    """The ``random_state`` for imbalanced-learn: the first and only draw of a part."""
    return int(rng.integers(2**31 - 1))


def untouched(view: TrainView, why: str) -> Resampled:
    """Every row once, in order, with a note that says why nothing happened."""
    return Resampled(keep=np.arange(len(view.y), dtype=np.int64), note=NOOP + why)


def too_few_classes(view: TrainView) -> Resampled | None:
    """A no-op if fewer than two classes have rows: imbalanced-learn needs two."""
    return untouched(view, "fewer than two classes have training rows") if (view.counts > 0).sum() < 2 else None


def balanced(view: TrainView) -> Resampled | None:
    """A no-op if there is nothing to balance: fewer than two classes, or all of one size."""
    counts = view.counts[view.counts > 0]
    if len(counts) >= 2 and counts.min() == counts.max():
        return untouched(view, f"all classes have {counted(int(counts.min()))} already")
    return too_few_classes(view)


def lowered(name: str, wanted: int, room: int, because: str) -> tuple[int, str]:
    """The number of neighbours that the data allow, and a note if it is not the wanted one.

    Args:
        name: of the parameter, for the note.
        wanted: what the user asked for, ≥ 1.
        room: the largest number that works, ≥ 1.
        because: what limits it, for the note.
    """
    if wanted <= room:
        return wanted, ""
    return room, f"{name} lowered from {wanted} to {room}: {because}"


def lowered_among_all(name: str, wanted: int, n: int) -> tuple[int, str]:
    """As `lowered`, where the neighbours of a row are looked for among all n rows, itself left out."""
    return lowered(name, wanted, n - 1, f"there are {counted(n)}")


def to_shrink(view: TrainView) -> dict[int, int]:
    """Class → size of the smallest class, for every class with more rows than that."""
    counts = view.counts
    smallest = int(counts[counts > 0].min())
    return {int(code): smallest for code in np.flatnonzero(counts > smallest)}


def to_grow(view: TrainView) -> dict[int, int]:
    """Class → size of the largest class, for every class that has rows, but fewer than that."""
    counts = view.counts
    largest = int(counts.max())
    return {int(code): largest for code in np.flatnonzero((counts > 0) & (counts < largest))}


def counted(n: int) -> str:
    """``1 row`` or ``7 rows``."""
    return f"{n} row" if n == 1 else f"{n} rows"


def listing(classes: Iterable[int]) -> str:
    """``class 3`` or ``classes 1, 4, 5``; after ten the number of the rest."""
    codes = sorted(int(code) for code in classes)
    text = ", ".join(map(str, codes[:10])) + (f" and {len(codes) - 10} more" if len(codes) > 10 else "")
    return f"{'class' if len(codes) == 1 else 'classes'} {text}"


def rows(view: TrainView, outcome: Resampled) -> tuple[Floats, Labels]:
    """The training rows that an outcome stands for: kept rows first, then made ones. Shapes (n', d) and (n',)."""
    if outcome.made_x is None or outcome.made_y is None:
        return view.x[outcome.keep], view.y[outcome.keep]
    return np.vstack([view.x[outcome.keep], outcome.made_x]), np.concatenate([view.y[outcome.keep], outcome.made_y])


def finish(
    view: TrainView,
    keep: NDArray[np.integer],
    made_x: NDArray[np.floating] | None = None,
    made_y: NDArray[np.integer] | None = None,
    *,
    notes: Sequence[str] = (),
    nothing: str = "it found no row to remove",
) -> Resampled:
    """Bring an outcome into the types of the contract, and say what a user should know about it.

    Args:
        view: the training rows.
        keep: (k,) indices of the rows kept.
        made_x: (m, d) rows made, or None.
        made_y: (m,) their labels, or None.
        notes: fallbacks taken; empty ones are dropped.
        nothing: what to say if every row was kept once, none was made and there are no notes.
    """
    said = [note for note in notes if note]
    kept: Labels = keep.astype(np.int64)
    made = 0 if made_y is None else len(made_y)
    if made == 0 and len(kept) == 0:
        return untouched(view, "; ".join([*said, "it would remove every row"]))
    if made == 0 and len(kept) == len(view.y) and np.array_equal(np.sort(kept), np.arange(len(view.y))):
        # in order, so that a no-op trains on the same batches as no remedy at all
        return untouched(view, "; ".join(said) or nothing)
    after = np.bincount(view.y[kept], minlength=view.n_classes)
    if made:
        after += np.bincount(np.asarray(made_y), minlength=view.n_classes)
    lost = np.flatnonzero((view.counts > 0) & (after == 0))
    if len(lost):
        said.append(f"{listing(lost)} lost all rows")
    return Resampled(
        keep=kept,
        made_x=np.ascontiguousarray(made_x, dtype=np.float32) if made else None,
        made_y=np.asarray(made_y, dtype=np.int64) if made else None,
        note="; ".join(said),
    )

"""Split: which rows train, validate and test. Rows that belong together never straddle a border.

Rows belong together if they have the same group or the same features; chains of such pairs form a cluster
(a connected component). Clusters are dealt out, not rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from imbench.data.columns import Categories, read_column
from imbench.data.dataset import Dataset
from imbench.errors import UsageError
from imbench.matrix.cell import Coordinates

__all__ = ["Split", "clusters", "group_codes", "split", "twins"]

Rows = NDArray[np.int64]

#: Share of the rows for training, the rest being halved between validation and test.
TRAIN_SHARE = 0.6
#: Share for training of what an official test part leaves, the rest being validation.
TRAIN_SHARE_OFFICIAL = 0.75

#: A chain of groups that share rows may hold this share of all rows: no more than validation or test.
LARGEST_CHAIN = 0.2

#: If more than this share of the rows has an identical twin, and this share of those is among twins of another class,
#: the columns allow few distinct rows: equal rows are then separate observations and no copies (a copy has its label),
#: and keeping them together would turn every test row into an unseen combination.
MOST_TWINS = 0.5
MIXED_TWINS = 0.05

_TRAIN, _VALIDATION, _TEST = 0, 1, 2


class Split(NamedTuple):
    """Row numbers of the parts: training and validation ascending, test in seeded random order.

    ``discarded`` rows belong together with rows of another part, so that they are in none.
    """

    train: Rows
    validation: Rows
    test: Rows
    discarded: Rows


class _Units(NamedTuple):
    """What is dealt out as a whole.

    Attributes:
        of_row: (rows,) the unit of each row.
        counts: (rows,) whether the row counts when its stratum is cut: in a random split only rows of the stratum's
            class do, so that each class is cut at 60 and 80 % however large its clusters are.
        stratum: (units,).
        place: (units,) place in the queue.
        by_time: whether the place is a moment, which nothing may jump.
    """

    of_row: Rows
    counts: NDArray[np.bool_]
    stratum: Rows
    place: Rows
    by_time: bool


def split(dataset: Dataset, at: Coordinates) -> Split:
    """Split 60/20/20 by clusters: stratified and new for each seed, or by time, or around an official test part.

    Where copies of rows chain most groups into one cluster, groups are dealt out instead, and of copies that end up in
    different parts only those of the last part (training, validation, test) stay.

    Raises:
        UsageError: a part would be empty, or the time of a row is missing.
    """
    same, _ = _copies(dataset)
    cluster, chained = _clusters(dataset, same)
    rng = np.random.default_rng(at.shared_stream("split"))
    official = dataset.test
    tied = np.empty(0, dtype=np.int64) if official is None else np.unique(cluster[official])
    free = ~np.isin(cluster, tied)
    units = _random_units(dataset, cluster, rng) if dataset.time is None else _time_units(dataset, cluster)
    part = _deal(units, free, TRAIN_SHARE if official is None else TRAIN_SHARE_OFFICIAL, test=official is None)
    if official is not None:
        part[official] = _TEST
    if dataset.time is not None:
        _leave_out_the_future(part, _moments(dataset), test=official is None)
    if chained:
        last = np.full(len(part), -1, dtype=np.int64)
        np.maximum.at(last, same, part)
        part[part < last[same]] = -1
    train, validation, test, discarded = (np.flatnonzero(part == code) for code in (_TRAIN, _VALIDATION, _TEST, -1))
    if not (len(train) and len(validation) and len(test)):
        raise UsageError(_too_coarse(dataset, len(np.unique(units.of_row[free]))))
    return Split(train, validation, rng.permutation(test), discarded)


def twins(dataset: Dataset) -> bool:
    """Whether identical rows are taken for separate observations, see `MOST_TWINS`."""
    return _copies(dataset)[1]


def _leave_out_the_future(part: Rows, moment: Rows, *, test: bool) -> None:
    """In place: rows of an early part that lie in the time of a later one go to no part (``test``: test is by time).

    A cluster sits where its first row falls. Its later rows may not be trained on, because they lie in the future of
    what is tested; nor tested on, because the model has seen their group or their copy.
    """
    for early, late in ((_VALIDATION, _TEST), (_TRAIN, _VALIDATION)) if test else ((_TRAIN, _VALIDATION),):
        if (part == late).any():
            part[(part == early) & (moment >= moment[part == late].min())] = -1


def clusters(dataset: Dataset) -> Rows:
    """(rows,) the cluster that is dealt out as a whole: connected by equal groups or identical features.

    NaN equals NaN. Columns of identifiers are not compared, because preprocessing drops them: the model would see the
    same row twice. Where copies chain groups together (see `split`) the clusters are the groups alone; where most rows
    have a twin (`MOST_TWINS`) identical rows do not connect.
    """
    return _clusters(dataset, _copies(dataset)[0])[0]


@lru_cache(maxsize=1)  # all blocks of a dataset are prepared in a row
def _copies(dataset: Dataset) -> tuple[Rows, bool]:
    """(rows,) a code for rows that are copies of each other; whether identical rows were taken for separate ones."""
    same = _identical_rows(dataset.features)
    same.setflags(write=False)
    twin = np.bincount(same, minlength=1)[same] > 1
    if not len(same) or twin.mean() <= MOST_TWINS:
        return same, False
    lowest = np.full(int(same.max()) + 1, dataset.n_classes)
    highest = np.full(int(same.max()) + 1, -1)
    np.minimum.at(lowest, same, dataset.labels)
    np.maximum.at(highest, same, dataset.labels)
    mixed = (lowest != highest)[same]
    twins = bool(mixed[twin].mean() > MIXED_TWINS)
    return (np.arange(len(same), dtype=np.int64), True) if twins else (same, False)


def _clusters(dataset: Dataset, same: Rows) -> tuple[Rows, bool]:
    """Clusters, and whether they are the groups alone because copies would chain too many of them together."""
    if dataset.groups is None:
        return same, False
    group = group_codes(dataset.groups)
    first_group = same.max(initial=-1) + 1
    nodes = int(first_group + group.max(initial=-1) + 1)
    edges = coo_array((np.ones(len(same), dtype=np.int8), (same, first_group + group)), shape=(nodes, nodes))
    joined = np.asarray(connected_components(edges, directed=False)[1][same], dtype=np.int64)
    largest = np.bincount(joined).max()
    natural = max(np.bincount(group).max(), np.bincount(same).max(), LARGEST_CHAIN * len(same))
    return (group, True) if largest > natural else (joined, False)


def group_codes(groups: NDArray[np.object_]) -> Rows:
    """(rows,) a code for each group; a row whose group is missing is a group of its own."""
    codes = np.asarray(pd.factorize(groups)[0], dtype=np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def _identical_rows(features: pd.DataFrame) -> Rows:
    """(rows,) a code for each distinct row; exact, without hash collisions."""
    rows = len(features)
    seen = np.zeros(rows, dtype=np.int64)
    compared = False
    for position in range(features.shape[1]):
        column = read_column(features.iloc[:, position])
        if isinstance(column, Categories) and column.identifies(slice(None)):
            continue
        compared = True
        codes = column.codes
        # pairs (seen, code) as one number: both are below the number of rows, so this stays below 2**63
        seen = np.asarray(pd.factorize(seen * (codes.max(initial=-1) + 2) + codes + 1)[0], dtype=np.int64)
        if seen.max(initial=0) == rows - 1:
            break
    return seen if compared else np.arange(rows, dtype=np.int64)


def _random_units(dataset: Dataset, cluster: Rows, rng: np.random.Generator) -> _Units:
    """Clusters in random order, each in the stratum of its rarest class (by counts over the whole set)."""
    by_count = np.argsort(dataset.counts, kind="stable")
    rarity = np.argsort(by_count)
    n_clusters = int(cluster.max()) + 1
    rarest = np.full(n_clusters, dataset.n_classes, dtype=np.int64)
    np.minimum.at(rarest, cluster, rarity[dataset.labels])
    counts = rarity[dataset.labels] == rarest[cluster]
    return _Units(cluster, counts, rarest, rng.permutation(n_clusters), by_time=False)


def _time_units(dataset: Dataset, cluster: Rows) -> _Units:
    """All clusters with the same first time, in the order of time, in one stratum."""
    moment = _moments(dataset)
    first = np.full(int(cluster.max()) + 1, len(cluster), dtype=np.int64)
    np.minimum.at(first, cluster, moment)
    queue = np.arange(int(moment.max()) + 1)
    return _Units(first[cluster], np.ones(len(moment), dtype=bool), np.zeros_like(queue), queue, by_time=True)


def _moments(dataset: Dataset) -> Rows:
    """(rows,) the rank of each row's time. Raises UsageError if a row has none."""
    moment = np.asarray(pd.factorize(pd.Series(dataset.time), sort=True)[0], dtype=np.int64)
    if (moment < 0).any():
        raise UsageError(
            f"dataset {dataset.name!r}: expected a time for each row, {int((moment < 0).sum()):,} rows have none: "
            "drop these rows or split without time"
        )
    return moment


def _deal(units: _Units, free: NDArray[np.bool_], share: float, *, test: bool) -> Rows:
    """(rows,) the part of each free row, -1 for rows that are not free; ``share`` goes to training.

    A unit larger than the smallest part of its stratum queues first, or it alone could become all of validation.
    Time has an order of its own, so there nothing jumps the queue.
    """
    sizes = np.bincount(units.of_row[free & units.counts], minlength=len(units.stratum))
    smallest = (1 - share) / 2 if test else 1 - share
    oversize = sizes > smallest * np.bincount(units.stratum, weights=sizes)[units.stratum]
    queue = np.lexsort((units.place, ~oversize | units.by_time, units.stratum))
    queue = queue[sizes[queue] > 0]
    part = np.full(len(sizes), -1, dtype=np.int64)
    strata = np.split(queue, np.flatnonzero(np.diff(units.stratum[queue])) + 1)
    for stratum in strata if len(queue) else ():
        train, validation = _borders(sizes[stratum], share, test=test)
        part[stratum[:train]] = _TRAIN
        part[stratum[train:validation]] = _VALIDATION
        part[stratum[validation:]] = _TEST
    return np.where(free, part[units.of_row], -1)


def _borders(sizes: Rows, share: float, *, test: bool) -> tuple[int, int]:
    """Where in a queue of units training ends and where validation ends; the rest is test.

    A unit belongs to training if its middle row lies before ``share`` of the rows. The others are halved between
    validation and test in the same way (all validation, if no test part is wanted). Three units or more fill every
    part, two leave none for validation, or for two parts fill both.
    """
    units = len(sizes)
    ends = np.cumsum(sizes)
    middles = ends - sizes / 2
    train = int(np.searchsorted(middles, share * ends[-1]))
    train = max(min(train, units - (2 if test and units > 2 else 1)), 1)
    if not test:
        return train, units
    if units <= 2:
        return train, train
    validation = int(np.searchsorted(middles, (ends[train - 1] + ends[-1]) / 2))
    return train, min(max(validation, train + 1), units - 1)


def _too_coarse(dataset: Dataset, n_units: int) -> str:
    if dataset.time is not None:
        what, remedy = "distinct first times", "use a finer time or split without it"
    else:
        what, remedy = "clusters of identical rows or equal groups", "a split needs more distinct rows or groups"
    return (
        f"dataset {dataset.name!r}: {len(dataset.labels):,} rows fall into {n_units} {what}, too few to fill "
        f"training, validation and test: {remedy}"
    )

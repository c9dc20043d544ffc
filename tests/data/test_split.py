"""The split: clusters never straddle, parts are complete, strata keep their shares, time and official parts hold."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from imbench.data.dataset import Dataset
from imbench.data.split import Split, clusters, split, twins
from imbench.errors import UsageError
from imbench.matrix.cell import Coordinates, Profile


def make(features, labels, *, n_classes=2, **extra) -> Dataset:
    return Dataset(
        name="toy",
        features=pd.DataFrame(features),
        labels=np.asarray(labels, dtype=np.int64),
        classes=tuple("abcdefghij"[:n_classes]),
        **extra,
    )


def at(seed=0, ratio="natural", **profile) -> Coordinates:
    return Coordinates(dataset="toy", ratio=ratio, seed=seed, profile=Profile(**profile))


def distinct(n, positives, seed=0, **extra) -> Dataset:
    """n different rows, so that each is a cluster of its own."""
    labels = np.zeros(n, dtype=np.int64)
    labels[:positives] = 1
    return make({"x": np.arange(n, dtype=float)}, labels, **extra)


def chained(rows, groups) -> list[int]:
    """Clusters by brute force: merge until nothing merges."""
    cluster = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for i in range(len(rows)):
            for j in range(i):
                tied = rows[i] == rows[j] or (groups is not None and groups[i] is not None and groups[i] == groups[j])
                if tied and cluster[i] != cluster[j]:
                    cluster[i] = cluster[j] = min(cluster[i], cluster[j])
                    changed = True
    return cluster


def parts_of(parts: Split, n: int) -> np.ndarray:
    """(n,) the part of each row; fails if a row has two."""
    part = np.full(n, -1)
    for code, rows in enumerate(parts):
        assert (part[rows] == -1).all()
        part[rows] = code
    return part


@st.composite
def clustered(draw):
    n = draw(st.integers(8, 40))
    rows = draw(st.lists(st.tuples(st.sampled_from([0.0, 1.5, None]), st.integers(0, 9)), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n).filter(lambda held: len(set(held)) > 1))
    groups = draw(st.none() | st.lists(st.none() | st.integers(0, 12), min_size=n, max_size=n))
    return rows, labels, groups


@given(case=clustered(), seed=st.integers(0, 5), official=st.booleans())
@settings(deadline=None, max_examples=150)
def test_no_group_and_no_copy_straddles(case, seed, official):
    rows, labels, groups = case
    test = np.arange(len(rows)) % 4 == 0 if official else None
    held = None if groups is None else np.array(groups, dtype=object)
    dataset = make(pd.DataFrame(rows, columns=["x", "z"]), labels, n_classes=3, groups=held, test=test)
    cluster = clusters(dataset)
    try:
        parts = split(dataset, at(seed))
    except UsageError:
        # six clusters may be two of each class; groups that share rows may lose a whole part to copies
        assert official or len(set(cluster)) <= 6 or len(set(chained(rows, groups))) < len(set(cluster))
        return
    part = parts_of(parts, len(rows))
    assert (part >= 0).all()
    together = defaultdict(set)
    for i in np.flatnonzero(part < 3):
        if not twins(dataset):
            together["row", rows[i]].add(part[i])
        if groups is not None and groups[i] is not None:
            together["group", groups[i]].add(part[i])
    assert all(len(found) == 1 for found in together.values())
    by_chain = chained(rows, groups)
    if twins(dataset):
        event("equal rows are separate observations")
    elif len(set(zip(by_chain, cluster, strict=True))) == len(set(by_chain)) == len(set(cluster)):
        event("clusters are chains")
        assert official or not len(parts.discarded)
    else:
        event("clusters are groups")
        assert max(Counter(by_chain).values()) > 0.2 * len(rows)
    if official:
        assert set(parts.test) == set(np.flatnonzero(test))


def test_rows_shared_by_groups_are_taken_out_of_the_earlier_part():
    """A hundred households that saw the same six hundred offers: chained by them, they would be one cluster."""
    rng = np.random.default_rng(0)
    household, offer = np.repeat(np.arange(100), 12), rng.integers(0, 600, 1200)
    dataset = make({"price": offer}, rng.random(600)[offer] < 0.2, groups=household.astype(object))
    parts = split(dataset, at())
    part = parts_of(parts, 1200)
    kept = part < 3
    assert 0 < len(parts.discarded) < 900
    assert pd.Series(part[kept]).groupby(household[kept]).nunique().max() == 1
    assert pd.Series(part[kept]).groupby(offer[kept]).nunique().max() == 1
    assert not (part[np.isin(household, household[parts.test])] == 3).any()  # test loses nothing
    assert abs(len(parts.test) - 240) <= 24


@given(
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=6).filter(lambda held: max(held) >= 3),
    seed=st.integers(0, 20),
)
@settings(deadline=None)
def test_every_class_keeps_its_shares_and_three_rows_fill_three_parts(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    parts = split(make({"x": np.arange(len(labels))}, labels, n_classes=len(counts)), at(seed))
    for code, count in enumerate(counts):
        train, validation, test = (int((labels[rows] == code).sum()) for rows in parts[:3])
        assert train + validation + test == count
        assert abs(train - 0.6 * count) <= 1
        assert 0 <= test - validation <= 1
        if count >= 3:
            assert min(train, validation, test) >= 1


def test_the_split_depends_on_the_seed_alone():
    dataset = distinct(300, 30)
    first = split(dataset, at(0))
    for again in (at(0), at(0, ratio=7.0), at(0, ratio=50.0, order="random", size="fixed")):
        for one, other in zip(first, split(dataset, again), strict=True):
            np.testing.assert_array_equal(one, other)
    assert set(split(dataset, at(1)).test) != set(first.test)


def test_the_order_of_test_rows_says_nothing():
    dataset = distinct(2000, 1000)
    labels = dataset.labels[split(dataset, at()).test]
    halves = labels[:200].mean(), labels[200:].mean()
    assert abs(halves[0] - halves[1]) < 0.15  # sorted by label this would be 1


def test_equal_rows_are_recognised_across_representations():
    features = pd.DataFrame(
        {
            "zero": [0.0, -0.0, 1.0, 1.0, 2.0, 2.0],
            "gone": [np.nan, np.nan, np.inf, np.nan, 5.0, 6.0],
            "text": pd.Series(["a", "a", None, None, "b", "b"], dtype="str"),
            "mixed": pd.Series([1, 1, "x", "x", [1, 2], [1, 2]], dtype=object),
            "day": pd.to_datetime(["2024-01-01", "2024-01-01", None, None, "2024-01-02", "2024-01-02"]),
        }
    )
    found = clusters(make(features, [0, 0, 1, 1, 0, 1]))
    assert found[0] == found[1]  # 0.0 is -0.0, NaN is NaN
    assert found[2] == found[3]  # what preprocessing takes for missing is equal to missing
    assert len(set(found)) == 4


def test_an_identifier_does_not_hide_duplicates():
    n = 3000
    features = {"id": [f"T{i:05}" for i in range(n)], "x": np.repeat(np.arange(n // 2), 2)}
    found = clusters(make(features, np.repeat(np.arange(n // 2) % 2, 2)))
    np.testing.assert_array_equal(found[::2], found[1::2])
    assert found.max() == n // 2 - 1
    del features["x"]
    assert len(set(clusters(make(features, np.arange(n) % 2)))) == n  # alone it merges nothing


def test_rows_without_a_group_stay_alone():
    groups = np.array(["p", None, None, "p", np.nan, "q"], dtype=object)
    assert len(set(clusters(make({"x": np.arange(6)}, [0, 1, 0, 1, 0, 1], groups=groups)))) == 5


@pytest.mark.parametrize("seed", range(30))
def test_a_giant_cluster_is_trained_on_and_the_rest_halved(seed):
    groups = np.array(["giant"] * 500 + [f"p{i}" for i in range(500)], dtype=object)
    dataset = make({"x": np.arange(1000)}, np.arange(1000) % 2, groups=groups)
    parts = split(dataset, at(seed))
    assert np.isin(np.arange(500), parts.train).all()
    assert abs(len(parts.validation) - len(parts.test)) <= 2


def test_large_groups_rotate_with_the_seed():
    groups = np.repeat(np.array([f"hospital {i}" for i in range(4)], dtype=object), 50)
    dataset = make({"x": np.arange(200)}, np.arange(200) % 2, groups=groups)
    tested = {frozenset(groups[split(dataset, at(seed)).test]) for seed in range(30)}
    assert len(tested) == 4


class TestTime:
    def dataset(self, n=400, **extra) -> Dataset:
        rng = np.random.default_rng(3)
        day = rng.integers(0, 60, n)
        return make({"x": rng.normal(size=n)}, rng.integers(0, 2, n), time=day, **extra)

    def test_later_rows_are_tested(self):
        dataset = self.dataset()
        parts = split(dataset, at())
        days = [dataset.time[rows] for rows in parts[:3]]
        assert all(early.max() < late.min() for early, late in pairwise(days))  # equal days stay together
        assert abs(len(parts.train) - 240) < 20
        assert abs(len(parts.test) - 80) < 20

    def test_the_parts_are_the_same_for_every_seed(self):
        dataset = self.dataset()
        first, second = split(dataset, at(0)), split(dataset, at(1))
        assert [set(rows) for rows in first] == [set(rows) for rows in second]
        assert list(first.test) != list(second.test)

    def test_a_group_goes_where_its_first_row_goes(self):
        groups = np.array([f"p{i % 90}" for i in range(400)], dtype=object)
        dataset = self.dataset(groups=groups)
        parts = split(dataset, at())
        part = parts_of(parts, 400)
        first = pd.Series(dataset.time).groupby(groups).min()
        by_part = [first[np.unique(groups[part == code])] for code in range(3)]
        assert by_part[0].max() < by_part[1].min() <= by_part[1].max() < by_part[2].min()
        kept = part < 3
        assert pd.Series(part[kept]).groupby(groups[kept]).nunique().max() == 1
        days = [dataset.time[rows] for rows in parts[:3]]
        assert all(early.max() < late.min() for early, late in pairwise(days))  # nothing is trained on its future
        assert (part == 3).any()  # so the later rows of early groups are in no part

    def test_dates_as_text_and_timestamps_agree(self):
        days = pd.date_range("2024-01-01", periods=50, freq="D")
        make_with = lambda when: make({"x": np.arange(50)}, np.arange(50) % 2, time=when)  # noqa: E731
        stamps = split(make_with(days.to_numpy()), at())
        texts = split(make_with(np.array(days.strftime("%Y-%m-%d"), dtype=object)), at())
        np.testing.assert_array_equal(stamps.train, texts.train)
        np.testing.assert_array_equal(stamps.train, np.arange(30))

    def test_three_moments_fill_three_parts(self):
        year = np.repeat([2019, 2020, 2021], [10, 10, 180])
        parts = split(make({"x": np.arange(200)}, np.arange(200) % 2, time=year), at())
        assert [len(rows) for rows in parts] == [10, 10, 180, 0]

    def test_too_coarse_or_missing_times_are_refused(self):
        labels = np.arange(60) % 2
        with pytest.raises(UsageError, match="2 distinct first times, too few"):
            split(make({"x": np.arange(60)}, labels, time=labels), at())
        missing = np.array([None] * 3 + list(range(57)), dtype=object)
        with pytest.raises(UsageError, match="3 rows have none"):
            split(make({"x": np.arange(60)}, labels, time=missing), at())


class TestOfficialTest:
    def test_it_is_kept_and_what_is_tied_to_it_is_not_trained_on(self):
        n = 400
        x = np.arange(n)
        x[:10] = x[390:]  # ten rows repeat an official test row
        official = np.arange(n) >= 300
        dataset = make({"x": x}, x % 2, test=official)
        parts = split(dataset, at())
        assert set(parts.test) == set(range(300, 400))
        assert list(parts.test) != sorted(parts.test)
        assert list(parts.discarded) == list(range(10))
        assert sorted([*parts.train, *parts.validation]) == list(range(10, 300))
        assert len(parts.train) / 290 == pytest.approx(0.75, abs=0.01)
        assert set(split(dataset, at(1)).train) != set(parts.train)

    def test_with_time_the_rest_is_split_by_time(self):
        official = np.arange(100) % 5 == 0
        dataset = make({"x": np.arange(100)}, np.arange(100) % 2, test=official, time=np.arange(100)[::-1])
        parts = split(dataset, at())
        assert dataset.time[parts.train].max() < dataset.time[parts.validation].min()
        assert len(parts.train) == 60

    def test_an_official_part_of_everything_is_refused(self):
        with pytest.raises(UsageError, match="too few to fill"):
            split(distinct(30, 10, test=np.ones(30, dtype=bool)), at())


def test_one_cluster_cannot_be_split():
    with pytest.raises(UsageError, match="40 rows fall into 1 clusters"):
        split(make({"x": np.arange(40)}, np.arange(40) % 2, groups=np.full(40, "one", dtype=object)), at())


def test_on_a_table_of_few_distinct_rows_equal_rows_are_no_copies():
    """Three questions with five answers each: a row of the test part is an ordinary row, not an unseen combination."""
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 5, (4000, 3))
    risk = rng.random((5, 5, 5))[tuple(answers.T)] ** 3
    dataset = make(answers, rng.random(4000) < risk)
    assert twins(dataset)
    parts = split(dataset, at())
    seen = {tuple(row) for row in answers[parts.train]}
    assert np.mean([tuple(row) in seen for row in answers[parts.test]]) > 0.95


def test_copies_with_their_labels_stay_together_however_many_there_are():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=300), np.arange(300) % 2
    dataset = make({"x": np.repeat(x, 5)}, np.repeat(y, 5))
    assert not twins(dataset)
    part = parts_of(split(dataset, at()), 1500)
    assert pd.Series(part).groupby(np.repeat(x, 5)).nunique().max() == 1


def test_a_rare_class_keeps_its_shares_beside_large_clusters():
    rng = np.random.default_rng(1)
    common = np.full(900, -1.0)  # one combination holds most rows, a few of them of the rare class
    dataset = make({"x": np.concatenate([common, rng.normal(size=400)])}, rng.random(1300) < 0.06)
    parts = split(dataset, at())
    rare = [dataset.labels[rows].sum() for rows in parts[:3]]
    assert min(rare[1:]) >= 0.1 * sum(rare)


def test_many_clusters_are_fast():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.integers(0, 50, (27_000, 12)).astype(float))
    groups = rng.integers(0, 12_000, 27_000).astype(object)
    dataset = make(features, (rng.random(27_000) < 0.02), groups=groups)
    begun = time.perf_counter()
    split(dataset, at())
    assert time.perf_counter() - begun < 20  # a loop over clusters would take minutes

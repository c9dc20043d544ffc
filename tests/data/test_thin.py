"""Thinning: published counts, nesting, fixed size, and messages that name what can be reached."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbench.data.dataset import Dataset
from imbench.data.split import split
from imbench.data.thin import UnreachableRatio, class_order, long_tail_counts, thin
from imbench.errors import UsageError
from imbench.matrix.cell import Coordinates, Profile


def made_of(*counts: int, name="toy") -> Dataset:
    """Different rows with these counts per class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    shuffled = np.random.default_rng(0).permutation(labels)
    return Dataset(
        name=name,
        features=pd.DataFrame({"x": np.arange(len(labels), dtype=float)}),
        labels=shuffled,
        classes=tuple(f"c{code}" for code in range(len(counts))),
    )


def thinned(dataset, ratio, seed=0, **profile):
    at = Coordinates(dataset=dataset.name, ratio=ratio, seed=seed, profile=Profile(**profile))
    return thin(dataset, split(dataset, at), at)


def held(dataset, rows) -> list[int]:
    return np.bincount(dataset.labels[rows], minlength=dataset.n_classes).tolist()


def test_published_long_tail_counts():
    assert long_tail_counts(5000, 10, 100, "exponential").tolist() == [
        5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50,
    ]  # fmt: skip
    totals = {ratio: int(long_tail_counts(5000, 10, ratio, "exponential").sum()) for ratio in (10, 50, 100, 200)}
    assert totals == {10: 20431, 50: 13996, 100: 12406, 200: 11203}
    totals = {ratio: int(long_tail_counts(500, 100, ratio, "exponential").sum()) for ratio in (10, 50, 100, 200)}
    assert totals == {10: 19573, 50: 12608, 100: 10847, 200: 9502}
    counts = long_tail_counts(500, 100, 100, "exponential")
    assert [int((counts > 100).sum()), int(((counts >= 20) & (counts <= 100)).sum()), int((counts < 20).sum())] == [
        35, 35, 30,
    ]  # fmt: skip


def test_step_counts_of_even_and_odd_classes():
    assert long_tail_counts(500, 4, 10, "step").tolist() == [500, 500, 50, 50]
    assert long_tail_counts(500, 5, 10, "step").tolist() == [500, 500, 500, 50, 50]
    assert long_tail_counts(500, 2, 10, "step").tolist() == long_tail_counts(500, 2, 10, "exponential").tolist()


@pytest.mark.parametrize("ratio", [3, 7, 49, 99, 100, 1000])
def test_truncation_does_not_lose_a_row_to_float_rounding(ratio):
    for n in (1, 2, 5, 7):
        assert long_tail_counts(n * ratio, 2, ratio, "exponential").tolist() == [n * ratio, n]


def test_natural_leaves_the_parts_alone():
    dataset = made_of(900, 100)
    at = Coordinates(dataset="toy", ratio="natural", seed=0)
    parts = split(dataset, at)
    assert thin(dataset, parts, at) is parts


def test_a_binary_set_is_thinned_in_training_and_validation_but_not_in_test():
    dataset = made_of(1000, 500)
    before, after = thinned(dataset, "natural"), thinned(dataset, 50)
    assert held(dataset, after.train) == [600, 12]
    assert held(dataset, after.validation) == [200, 4]
    assert after.test is not before.test
    np.testing.assert_array_equal(after.test, before.test)
    assert set(after.train) < set(before.train)
    assert set(after.validation) < set(before.validation)


def test_validation_keeps_a_row_of_each_class():
    dataset = made_of(1000, 500)
    assert held(dataset, thinned(dataset, 600).train) == [600, 1]
    assert held(dataset, thinned(dataset, 600).validation) == [200, 1]


def test_orders():
    dataset = made_of(100, 300, 200)
    counts = np.array([60, 180, 120])

    def order(name, seed=0, ratio=2.0):
        at = Coordinates(dataset="toy", ratio=ratio, seed=seed, profile=Profile(order=name))
        return class_order(counts, at).tolist()

    assert order("size") == [1, 2, 0]
    assert order("index") == [0, 1, 2]
    assert order("reverse") == [2, 1, 0]
    assert order("random") == order("random", ratio=9.0)
    assert len({tuple(order("random", seed)) for seed in range(40)}) == 6
    assert class_order(np.array([5, 7, 7]), Coordinates(dataset="toy", ratio=2, seed=0)).tolist() == [1, 2, 0]
    assert held(dataset, thinned(dataset, 9, order="index").train) == [60, 20, 6]
    assert held(dataset, thinned(dataset, 9, order="reverse").train) == [13, 40, 120]
    assert held(dataset, thinned(dataset, 9, kind="step").train) == [20, 180, 120]


def test_head_caps_the_largest_class():
    dataset = made_of(1000, 500)
    assert held(dataset, thinned(dataset, 4, head=100).train) == [100, 25]
    assert held(dataset, thinned(dataset, 4, head=100).validation) == [33, 8]
    assert held(dataset, thinned(dataset, "natural", head=100).train) == [100, 50]
    with pytest.raises(UnreachableRatio, match=r"head 601: the training part of 'toy' has 600 rows of its largest"):
        thinned(dataset, 4, head=601)


def test_a_class_smaller_than_its_share_keeps_what_it_has():
    dataset = made_of(1000, 50, 100)  # the middle share at ratio 100 is 60, there are 60 and 30
    assert held(dataset, thinned(dataset, 100).train) == [600, 6, 60]


counts_of_classes = st.lists(st.integers(5, 120), min_size=2, max_size=5)
profiles = st.builds(
    Profile,
    kind=st.sampled_from(["exponential", "step"]),
    order=st.sampled_from(["size", "index", "reverse", "random"]),
)


@given(counts=counts_of_classes, profile=profiles, ratios=st.tuples(st.floats(1, 60), st.floats(1, 60)))
@settings(deadline=None, max_examples=150)
def test_a_higher_ratio_is_a_subset_of_a_lower_one(counts, profile, ratios):
    dataset = made_of(*counts)
    parts = []
    for ratio in (*sorted(ratios), "natural"):
        at = Coordinates(dataset="toy", ratio=ratio, seed=1, profile=profile)
        try:
            parts.append(thin(dataset, split(dataset, at), at))
        except UnreachableRatio:
            continue
    natural = parts[-1]
    for lower, higher in pairwise(parts):
        if higher is not natural:
            assert set(higher.train) <= set(lower.train)
            assert set(higher.validation) <= set(lower.validation)
    for part in parts:
        assert set(part.train) <= set(natural.train)
        np.testing.assert_array_equal(part.test, natural.test)


@given(counts=counts_of_classes, profile=profiles, ratio=st.floats(1, 200))
@settings(deadline=None, max_examples=150)
def test_realised_ratio_is_what_was_asked_up_to_rounding(counts, profile, ratio):
    dataset = made_of(*counts)
    at = Coordinates(dataset="toy", ratio=ratio, seed=0, profile=profile)
    before = split(dataset, at)
    try:
        train = np.array(held(dataset, thin(dataset, before, at).train))
    except UnreachableRatio:
        return
    head = np.array(held(dataset, before.train))[class_order(np.array(held(dataset, before.train)), at)[0]]
    assert train.max() == head
    assert train.min() == int(head / ratio + 1e-9)


@given(counts=st.lists(st.integers(10, 200), min_size=2, max_size=4), ratio=st.floats(1, 300), size=st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_message_names_a_ratio_that_can_be_reached(counts, ratio, size):
    dataset = made_of(*counts)
    profile = {"size": "fixed" if size else "free"}
    try:
        thinned(dataset, ratio, **profile)
        return
    except UnreachableRatio as error:
        message = str(error)
    assert "\n" not in message
    named = re.search(r"at (?:most|least) ([\d,.]+)", message)
    assert named, message
    nearest = float(named[1].replace(",", ""))
    thinned(dataset, nearest, **profile)
    if "at most" in message:
        assert nearest < ratio
        with pytest.raises(UnreachableRatio):
            thinned(dataset, nearest + 1, **profile)
    else:
        assert nearest > ratio
        train = held(dataset, thinned(dataset, "natural").train)
        lowest = max(train) / min(train)  # 0.1 above at most; a fixed size reaches lower, as it cuts the head class
        assert nearest - lowest < 0.1
        assert size or nearest >= lowest


def test_messages():
    dataset = made_of(1570, 100, name="shop")  # 942 and 60 in training
    with pytest.raises(UnreachableRatio) as caught:
        thinned(dataset, 5000)
    assert str(caught.value) == (
        "ratio 5000: the training part of 'shop' has 942 rows of its largest class, so at most 942 can be reached"
    )
    with pytest.raises(UnreachableRatio) as caught:
        thinned(dataset, 2)
    assert str(caught.value) == (
        "ratio 2: the training part of 'shop' is 15.7 already, thinning cannot lower it: "
        'ask for at least 15.7 or "natural"'
    )
    with pytest.raises(UsageError, match=r"a number of at least 1, got 0\.5"):
        thinned(dataset, 0.5)


class TestFixedSize:
    def test_every_ratio_has_as_many_rows(self):
        dataset = made_of(2000, 700)
        sizes = {ratio: len(thinned(dataset, ratio, size="fixed").train) for ratio in ("natural", 2, 3, 10, 77.7, 500)}
        assert set(sizes.values()) == {1200}
        assert held(dataset, thinned(dataset, 3, size="fixed").train) == [900, 300]
        assert held(dataset, thinned(dataset, 3, size="fixed").validation) == [300, 100]
        natural = held(dataset, thinned(dataset, "natural", size="fixed").train)
        assert natural[0] / natural[1] == pytest.approx(2000 / 700, rel=0.01)
        assert len(thinned(dataset, 3, size="fixed", head=400).train) == 400

    def test_positives_are_nested_and_negatives_grow(self):
        dataset = made_of(2000, 700)
        few, many = (thinned(dataset, ratio, size="fixed").train for ratio in (50, 5))
        positive = dataset.labels == 1
        assert set(few[positive[few]]) < set(many[positive[many]])
        assert set(few[~positive[few]]) > set(many[~positive[many]])

    @given(counts=st.lists(st.integers(20, 300), min_size=2, max_size=6), ratio=st.floats(2, 40))
    @settings(deadline=None)
    def test_multiclass_sums_to_the_size_even_where_a_class_lacks_rows(self, counts, ratio):
        dataset = made_of(*counts)
        whole = held(dataset, thinned(dataset, "natural").train)
        try:
            train = thinned(dataset, ratio, size="fixed").train
        except UnreachableRatio:
            return
        assert len(train) == max(whole)
        assert min(held(dataset, train)) >= 1


def test_a_missing_class_leaves_only_natural():
    dataset = made_of(300, 100)
    dataset = Dataset(
        name="late",
        features=dataset.features,
        labels=np.sort(dataset.labels),
        classes=dataset.classes,
        time=np.arange(400),
    )
    at = Coordinates(dataset="late", ratio=3.0, seed=0)
    with pytest.raises(UnreachableRatio, match="no row of one of its classes"):
        thin(dataset, split(dataset, at), at)

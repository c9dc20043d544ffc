"""SMOTE-NC and SMOTE-N: one-hot columns become categories, and made rows hold whole ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTEN, SMOTENC
from resampling_views import part, view

from imbench.data.dataset import Dataset
from imbench.data.preprocess import preprocess
from imbench.data.split import Split
from imbench_resampling.categories import Columns
from imbench_resampling.common import rows


def mixed(seed, counts=(60, 20, 9), numbers=3, sizes=(3, 5, 1), scale=1.0, rest=0.1):
    """A view and its codes: columns of a category lie apart, some rows have a category that has no column."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    codes = np.empty((len(y), len(sizes)), dtype=int)
    for at, size in enumerate(sizes):
        codes[:, at] = np.minimum(rng.poisson(0.7 + 0.9 * y), size)
    codes[rng.random(codes.shape) < rest] = 0
    blocks = [np.eye(size + 1)[codes[:, at]][:, :size] for at, size in enumerate(sizes)]
    x = np.hstack([scale * (rng.normal(size=(len(y), numbers)) + 0.5 * y[:, np.newaxis]), *blocks])
    variable = np.concatenate([np.arange(numbers), *(np.full(size, 90 - at) for at, size in enumerate(sizes))])
    shuffled = rng.permutation(x.shape[1])
    on = view(x[:, shuffled], y, len(counts), (np.arange(x.shape[1]) >= numbers)[shuffled], variable[shuffled])
    return on, Columns.of(on).codes(on.x)


def random_state(seed):
    return int(np.random.default_rng(seed).integers(2**31 - 1))


@pytest.mark.parametrize("numbers", [0, 3])
def test_columns_become_codes_and_back(numbers):
    on, codes = mixed(1, numbers=numbers)
    columns = Columns.of(on)
    assert len(columns.numbers) == numbers
    assert sorted(len(block) for block in columns.categories) == [1, 3, 5]
    assert (codes == [len(block) for block in columns.categories]).any(axis=0).all()  # a category without a column
    np.testing.assert_array_equal(columns.join(on.x[:, columns.numbers], codes), on.x)


@pytest.mark.parity
@pytest.mark.parametrize("k", [5, 2])
@pytest.mark.parametrize("seed", range(4))
def test_smotenc_is_that_of_imbalanced_learn(parity, seed, k):
    on, codes = mixed(seed)
    columns = Columns.of(on)
    outcome = part("smotenc", k=k)(on, np.random.default_rng(seed))
    x = np.hstack([on.x[:, columns.numbers], codes.astype(np.float32)])
    sampler = SMOTENC([3, 4, 5], random_state=random_state(seed), k_neighbors=k)
    wanted_x, wanted_y = sampler.fit_resample(x, on.y)
    ours_x, ours_y = rows(on, outcome)
    assert outcome.note == ""
    np.testing.assert_array_equal(ours_y, wanted_y)
    np.testing.assert_array_equal(ours_x[:, columns.numbers], wanted_x[:, :3])
    np.testing.assert_array_equal(columns.codes(ours_x), wanted_x[:, 3:])
    ours = np.hstack([ours_x[:, columns.numbers], columns.codes(ours_x)])
    parity("smotenc", "imbalanced-learn's SMOTENC", int((ours != wanted_x).any(axis=1).sum()))


@pytest.mark.parity
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**16),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    counts=st.lists(st.integers(7, 60), min_size=2, max_size=5).filter(lambda counts: len(set(counts)) > 1),
    k=st.sampled_from([1, 3, 5]),
)
def test_smoten_is_that_of_imbalanced_learn(parity, seed, sizes, counts, k):
    """Ties everywhere: rows of few categories are mostly equal."""
    on, codes = mixed(seed, counts, 0, tuple(sizes))
    outcome = part("smoten", k=k)(on, np.random.default_rng(seed))
    wanted_codes, wanted_y = SMOTEN(random_state=random_state(seed), k_neighbors=k).fit_resample(codes, on.y)
    ours_x, ours_y = rows(on, outcome)
    np.testing.assert_array_equal(ours_y, wanted_y)
    ours = Columns.of(on).codes(ours_x)
    np.testing.assert_array_equal(ours, wanted_codes)
    parity("smoten", "imbalanced-learn's SMOTEN", int((ours != wanted_codes).any(axis=1).sum()))


@pytest.mark.parametrize("name", ["smotenc", "smoten"])
@pytest.mark.parametrize("counts", [(30, 1), (30, 2), (40, 12, 1, 3), tuple(range(2, 22))])
@pytest.mark.parametrize("numbers", [0, 2])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-42, 1e35])
def test_made_rows_hold_whole_categories(name, counts, numbers, scale):
    on, _ = mixed(3, counts, numbers, scale=scale)
    outcome = part(name)(on, np.random.default_rng(3))
    assert np.bincount(rows(on, outcome)[1]).tolist() == [max(counts)] * len(counts)
    if outcome.made_x is None:
        assert 1 in counts
        return
    assert outcome.made_x.dtype == np.float32
    assert np.isfinite(outcome.made_x).all()
    for block in Columns.of(on).categories:
        made = outcome.made_x[:, block]
        assert np.isin(made, [0.0, 1.0]).all()
        assert (made.sum(axis=1) <= 1).all()


def test_all_rows_equal():
    on = view([[1.5, 1.0, 0.0]] * 12, [0] * 9 + [1] * 3, 2, [False, True, True], [0, 1, 1])
    for name in ("smotenc", "smoten"):
        outcome = part(name)(on, np.random.default_rng(0))
        np.testing.assert_array_equal(outcome.made_x, on.x[:6])


def test_what_the_columns_do_not_allow_is_said():
    numbers, _ = mixed(0, sizes=())
    categories, _ = mixed(0, numbers=0)
    both, _ = mixed(0)

    def run(name, on):
        return part(name)(on, np.random.default_rng(1))

    for name in ("smotenc", "smoten"):
        assert run(name, numbers).note == "no categorical column: as smote"
        np.testing.assert_array_equal(run(name, numbers).made_x, run("smote", numbers).made_x)
    assert run("smotenc", categories).note == "no numeric column: as smoten"
    np.testing.assert_array_equal(run("smotenc", categories).made_x, run("smoten", categories).made_x)
    assert run("smoten", both).note == "there are numeric columns: as smotenc"
    np.testing.assert_array_equal(run("smoten", both).made_x, run("smotenc", both).made_x)
    assert run("smoten", categories).note == run("smotenc", both).note == ""


def test_columns_as_imbench_encodes_them():
    """Categories, missing values and numbers of a table, through its own preprocessing."""
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 8 == 0).astype(np.int64)
    table = pd.DataFrame(
        {
            "number": rng.normal(size=400),
            "gaps": np.where(rng.random(400) < 0.2, np.nan, rng.normal(size=400)),
            "city": rng.choice(["a", "b", "c"], 400),
            "many": rng.choice([f"code {at}" for at in range(50)], 400),
        }
    )
    everything = np.arange(400)
    parts = Split(
        train=everything[:320], validation=everything[320:360], test=everything[360:], discarded=everything[:0]
    )
    made = preprocess(Dataset(name="t", features=table, labels=y, classes=("no", "yes")), parts)
    on = view(made.train, y[:320], 2, made.categorical, made.variable)
    columns = Columns.of(on)
    assert len(columns.numbers) == 2
    assert sorted(len(block) for block in columns.categories)[:2] == [1, 3]  # missing or not, city
    assert len(columns.categories) == 3
    outcome = part("smotenc")(on, np.random.default_rng(0))
    assert outcome.note == ""
    assert len(outcome.made_x) == 240
    codes = columns.codes(outcome.made_x)
    np.testing.assert_array_equal(columns.join(outcome.made_x[:, columns.numbers], codes), outcome.made_x)
    for at, block in enumerate(columns.categories):  # nothing that the minority does not have
        assert set(codes[:, at]) <= set(columns.codes(on.x[on.y == 1])[:, at]), block

"""Preprocessing: fitted on training rows alone, always finite, and robust to what real tables hold."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from imbench.data.dataset import Dataset
from imbench.data.preprocess import Matrices, preprocess
from imbench.data.split import Split
from imbench.errors import UsageError


def table(features) -> Dataset:
    frame = pd.DataFrame(features)
    return Dataset(name="toy", features=frame, labels=np.arange(len(frame)) % 2, classes=("a", "b"))


def in_order(n: int, train: int, validation: int) -> Split:
    rows = np.arange(n)
    return Split(rows[:train], rows[train : train + validation], rows[train + validation :], rows[:0])


def run(features, train=None, validation=1) -> Matrices:
    """All but the last rows train, unless told otherwise."""
    dataset = table(features)
    n = len(dataset.labels)
    made = preprocess(dataset, in_order(n, n - 2 if train is None else train, validation))
    width = made.train.shape[1]
    for part in (made.train, made.validation, made.test):
        assert part.dtype == np.float32
        assert part.shape[1] == width
        assert np.isfinite(part).all()
        assert np.abs(part).max(initial=0) <= 10
    assert made.categorical.shape == (width,)
    return made


def whole(made: Matrices) -> np.ndarray:
    return np.concatenate([made.train, made.validation, made.test])


def test_numbers_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    values = rng.normal(3, 20, (200, 4))
    values[rng.random(values.shape) < 0.2] = np.nan
    made = run(values, train=120, validation=40)
    median = SimpleImputer(strategy="median", add_indicator=True).fit(values[:120])
    filled = median.transform(values)
    numbers = StandardScaler().fit(filled[:120, :4]).transform(filled[:, :4])
    np.testing.assert_allclose(whole(made)[:, ~made.categorical], numbers, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(whole(made)[:, made.categorical], filled[:, 4:])
    assert made.categorical.tolist() == [False, True] * 4


def test_categories_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    words = np.array([f"word {code:02}" for code in range(60)], dtype=object)
    drawn = words[rng.zipf(1.3, 3000) % 60]
    made = run({"word": drawn}, train=2000, validation=500)
    encoder = OneHotEncoder(max_categories=33, handle_unknown="infrequent_if_exist", sparse_output=False)
    expected = encoder.fit(drawn[:2000, None]).transform(drawn[:, None])
    assert made.train.shape[1] == 33
    assert made.categorical.all()
    columns = lambda matrix: sorted(map(tuple, matrix.T.astype(int)))  # noqa: E731  ours are ordered by frequency
    assert columns(whole(made)) == columns(expected)


def test_nothing_is_fitted_on_validation_or_test():
    rng = np.random.default_rng(2)
    features = pd.DataFrame(
        {
            "number": rng.normal(size=300),
            "holes": np.where(rng.random(300) < 0.3, np.nan, rng.normal(size=300)),
            "word": rng.choice(list("abcdefgh"), 300),
            "day": pd.date_range("2024-01-01", periods=300, freq="h"),
        }
    )
    parts = in_order(300, 180, 60)
    before = preprocess(table(features), parts)
    shifted = features.copy()
    shifted.loc[180:, "number"] += 1e6
    shifted.loc[180:, "holes"] = np.nan
    shifted.loc[180:, "word"] = "never seen"
    shifted.loc[180:, "day"] += pd.Timedelta(days=9999)
    after = preprocess(table(shifted), parts)
    assert before.train.tobytes() == after.train.tobytes()
    assert (before.categorical == after.categorical).all()
    assert not np.array_equal(before.test, after.test)
    assert (after.test[:, 0] == 10).all()  # clipped, not rescaled


def test_unseen_categories_share_the_infrequent_column():
    frequent = [f"f{code}" for code in range(32) for _ in range(3)]
    made = run({"word": [*frequent, "rare", "rarer", "new", "f0"]}, train=98)
    assert made.train.shape[1] == 33
    infrequent = made.train.sum(axis=0) == 2
    assert infrequent.sum() == 1
    assert made.validation[0, infrequent] == 1  # "new"
    assert made.test[0, infrequent] == 0
    few = run({"word": ["a", "b", "a", "new", "b"]}, train=3)
    assert few.train.shape[1] == 2
    assert few.validation.tolist() == [[0, 0]]  # no infrequent column was fitted


def test_missing_is_a_category_of_its_own():
    made = run({"word": pd.Series(["a", None, "b", "a", None, "a"], dtype="str")}, train=4)
    assert made.train.shape[1] == 3
    np.testing.assert_array_equal(made.train[1], made.validation[0])
    assert made.train[1].sum() == 1
    unseen = run({"word": ["a", "b", "a", None, "b"]}, train=3)
    assert unseen.validation.sum() == 0


def test_indicator_columns_exist_where_training_lacks_values():
    made = run({"x": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0], "y": [1.0, 2.0, 3.0, 4.0, np.nan, 6.0]}, train=4)
    assert made.categorical.tolist() == [False, True, False]
    assert made.train[:, 1].tolist() == [0, 1, 0, 0]
    assert made.validation[0, 2] == pytest.approx(0)  # the median of 1, 2, 3, 4


def test_infinite_and_huge_values_survive():
    huge = [1.7e308, -1.7e308, np.inf, -np.inf, 1e-300, 0.0, 1e308, np.nan]
    made = run({"x": huge, "tiny": [1e-320, 2e-320, 0, 3e-320, 1e-320, 0, 1e308, -1e308]})
    x = whole(made)[:, 0]
    assert x[0] > x[6] > x[5] > x[1]
    assert x[2] == x[3] == x[4] == x[7] == np.float32(0)  # imputed by the median, which is 5e-301
    assert made.categorical.tolist() == [False, True, False]
    assert len(set(made.train[:, 2])) == 4
    assert [made.validation[0, 2], made.test[0, 2]] == [10, -10]
    stamps = 1.7e18 + np.arange(8) * 1e4  # like nanoseconds: a small spread far from zero
    assert whole(run({"x": stamps}))[:6].std() == pytest.approx(1, abs=0.01)


numbers = st.floats(width=64) | st.none() | st.booleans() | st.integers(-(10**30), 10**30)
anything = (
    numbers | st.text(max_size=3) | st.dates() | st.lists(st.integers(), max_size=2) | st.decimals(allow_nan=False)
)


@given(values=st.lists(numbers, min_size=6, max_size=30), more=st.lists(anything, min_size=30, max_size=30))
@settings(deadline=None, max_examples=100)
def test_any_column_becomes_finite(values, more):
    features = {
        "numbers": pd.Series(values, dtype=object),
        "mixed": pd.Series(more[: len(values)], dtype=object),
    }
    features["always"] = np.arange(len(values))  # or there may be no usable column
    assert run(features).train.shape[1] >= 1


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, None, 4, 5, 6], dtype="Int64"),
        pd.Series([0.5, 2, None, 4, 5, 6], dtype="Float64"),
        pd.Series([True, False, None, True, True, False], dtype="boolean"),
        pd.Series([True, False, True, True, True, False]),
        pd.Series([1, 2, None, 4, 5, 6], dtype="double[pyarrow]"),
        pd.Series([Decimal("1.5"), None, Decimal(3), Decimal(4), Decimal(5), Decimal(6)], dtype=object),
        pd.Series([True, None, False, True, True, False], dtype=object),
        pd.Series([1, 2.5, None, 10**400, 5, 6], dtype=object),
        pd.Series(pd.to_datetime(["2024-01-01", None, "2025-01-01", "2026-01-01", "2024-05-01", "2024-06-01"])),
        pd.Series(pd.to_datetime(["2024-01-01", None, "2025-01-01"] * 2, utc=True)).dt.tz_convert("Asia/Tokyo"),
        pd.Series(pd.to_datetime(["2024-01-01", None, "2025"] * 2, format="ISO8601", utc=True)).astype(
            "timestamp[us, tz=UTC][pyarrow]"
        ),
        pd.Series([datetime.date(2024, 1, day) for day in range(1, 7)]).astype("date32[pyarrow]"),
        pd.Series([datetime.date(2024, 1, 1), None, datetime.date(9999, 12, 31)] * 2, dtype=object),
        pd.Series(pd.to_timedelta([1, 2, None, 4, 5, 6], unit="h")),
        pd.Series([datetime.timedelta(days=1), None, datetime.timedelta(3)] * 2, dtype=object),
        pd.Series(np.arange(6), dtype="Sparse[int64]"),
    ],
    ids=lambda column: f"{column.dtype}-{pd.api.types.infer_dtype(column)}",
)
def test_columns_that_are_numbers(column):
    made = run({"x": column})
    assert made.categorical.tolist() == [False] + [True] * (len(made.categorical) - 1)
    assert len(made.categorical) == 1 + bool(column[:4].isna().any() or 10**400 in column.tolist())
    present = ~column[:4].isna().to_numpy(dtype=bool)
    ordered = column[:4][present].astype(object).map(lambda value: value if value != 10**400 else 1.75)
    np.testing.assert_array_equal(np.argsort(made.train[present, 0]), np.argsort(ordered.tolist(), kind="stable"))


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", "b", None, "a", "b", "c"], dtype="str"),
        pd.Series(["a", "b", None, "a", "b", "c"], dtype=object),
        pd.Series(["a", "b", None, "a", "b", "c"], dtype="string[python]"),
        pd.Series(["a", "b", None, "a", "b", "c"], dtype="category"),
        pd.Series([1, 2, None, 1, 2, 3], dtype="category"),
        pd.Series(["a", 1, None, "a", 1, 2.5], dtype=object),
        pd.Series([[1], [2], None, [1], [2], [3]], dtype=object),
        pd.Series(pd.PeriodIndex(["2024-01", "2024-02", None, "2024-01", "2024-02", "2024-03"], freq="M")),
    ],
    ids=lambda column: f"{column.dtype}-{pd.api.types.infer_dtype(column)}",
)
def test_columns_that_are_categories(column):
    made = run({"x": column})
    assert made.categorical.tolist() == [True] * 3
    np.testing.assert_array_equal(made.train[0], made.train[3])
    np.testing.assert_array_equal(made.train[1], made.validation[0])
    assert made.test.sum() == 0


def test_useless_columns_are_dropped_and_noted():
    n = 3000
    rng = np.random.default_rng(0)
    features = {
        "id": [f"T{i}" for i in range(n)],
        "same": 7,
        "void": np.nan,
        "blank": pd.Series([None] * n, dtype=object),
        "late": np.arange(n) >= n - 2,  # varies outside training only
        "x": rng.normal(size=n),
        "town": rng.choice([f"town {i}" for i in range(1200)], n),
    }
    made = run(features)
    assert made.categorical.sum() == 33  # 40 % of the towns are distinct, so they are categories
    assert made.notes == (
        "dropped as identifiers (text, nearly all distinct): 'id'",
        "dropped as constant: 'same', 'void', 'blank', 'late'",
    )


def test_ten_thousand_categories_make_33_columns():
    words = np.array([f"w{i}" for i in range(10_000)], dtype=object)
    made = run({"word": np.concatenate([words, words, words])})
    assert made.train.shape[1] == 33
    assert (whole(made).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "features",
    [{"x": [1.0] * 9}, {"x": [np.nan] * 9}, {"x": ["a"] * 9, "y": [None] * 9}, {"x": [f"t{i}" for i in range(2000)]}],
    ids=["constant", "all NaN", "one category", "identifier"],
)
def test_no_usable_column_is_an_error(features):
    with pytest.raises(UsageError, match=r"toy.*expected at least one usable column"):
        run(features)


def test_complex_numbers_are_refused():
    with pytest.raises(UsageError, match="column 'z': expected real numbers"):
        run({"z": np.arange(6) * 1j})


def test_row_labels_and_odd_column_names_do_not_matter():
    features = pd.DataFrame({0: [1.0, 2, 3, 4, 5, 6], ("a", 1): list("ababab")}, index=[7, 7, 7, 0, 0, 0])
    plain = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "y": list("ababab")})
    np.testing.assert_array_equal(whole(run(features)), whole(run(plain)))


def test_adult_sized_tables_are_fast():
    rng = np.random.default_rng(0)
    n = 32_561
    features = {f"n{i}": rng.integers(0, 90, n) for i in range(5)}
    features |= {f"c{i}": rng.choice([f"level {j}" for j in range(5 + 6 * i)], n) for i in range(7)}
    dataset, parts = table(features), in_order(n, 19_536, 6_512)
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        preprocess(dataset, parts)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.3


def test_which_variable_a_column_belongs_to():
    made = run(
        {
            "number": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "colour": ["red", "blue", "red", "green", "blue", "red"],
            "lacking": [1.0, np.nan, 3.0, 4.0, np.nan, 6.0],
            "constant": [1.0] * 6,
            "size": ["s", "m", "s", "m", "l", "s"],
        },
        train=5,
    )
    # the number, three colours, a number and whether it is missing, three sizes
    assert made.variable.tolist() == [0, 1, 1, 1, 2, 3, 4, 4, 4]
    assert made.categorical.tolist() == [False, True, True, True, False, True, True, True, True]

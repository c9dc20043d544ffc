"""A user's own file: what is right loads as it is, what is wrong is one line."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbench.data.columns import Numbers, read_column
from imbench.data.files import read_file
from imbench.data.prepare import prepare
from imbench.errors import UsageError
from imbench.matrix.cell import Coordinates

GOOD = "amount,country,when,customer,fraud\n" + "".join(
    f"{10.5 * row},{'de' if row % 2 else ''},2024-01-{row + 1:02d},{row // 3},{int(row in (3, 7))}\n"
    for row in range(12)
)


@pytest.fixture
def write(tmp_path: Path):
    def writer(text: str | bytes, name: str = "my Data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


def complaint(path: Path, **options) -> str:
    with pytest.raises(UsageError) as caught:
        read_file(path, **({"target": "fraud"} | options))
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_csv_becomes_a_dataset(write):
    data = read_file(write(GOOD), target="fraud", time="when", group="customer")
    assert data.name == "my-data"
    assert list(data.features) == ["amount", "country"]
    assert data.classes == ("0", "1")
    assert data.labels.tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    assert data.features["country"].isna().sum() == 6
    assert data.time is not None
    assert data.time[1] - data.time[0] == np.timedelta64(1, "D")
    assert data.groups is not None
    assert data.groups.tolist() == [str(row // 3) for row in range(12)]


def test_every_format_gives_the_same_digest(write, tmp_path):
    frame = pd.read_csv(write(GOOD))
    frame.to_parquet(tmp_path / "a.parquet")
    paths = [
        write(GOOD),
        write("\ufeff" + GOOD.replace("\n", "\r\n"), "bom.csv"),
        write(gzip.compress(GOOD.encode(), mtime=0), "a.csv.gz"),
        write(GOOD.replace(",", "\t"), "a.tsv"),
        tmp_path / "a.parquet",
    ]
    assert len({read_file(path, target="fraud").digest for path in paths}) == 1


@pytest.mark.parametrize("positive", [1, "1", 1.0, True])
@pytest.mark.parametrize("values", [("0", "1"), ("0.0", "1.0"), ("False", "True"), ("false", "true")])
def test_one_is_one_however_it_is_written(write, values, positive):
    negative, found = values
    path = write("x,fraud\n" + "".join(f"{row},{found if row < 8 else negative}\n" for row in range(12)))
    data = read_file(path, target="fraud", positive=positive)
    assert data.counts.tolist() == [4, 8]


@pytest.mark.parametrize("positive", [1, "1", 1.0, True])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "Int64", "boolean", "category"])
def test_one_is_one_in_parquet(tmp_path, dtype, positive):
    frame = pd.DataFrame({"x": range(12), "fraud": pd.Series([1] * 8 + [0] * 4).astype(dtype)})
    frame.to_parquet(tmp_path / "a.parquet")
    assert read_file(tmp_path / "a.parquet", target="fraud", positive=positive).counts.tolist() == [4, 8]


def test_the_rarer_class_is_positive_and_a_tie_goes_to_the_later(write):
    assert read_file(write("x,y\n1,good\n2,bad\n3,good\n"), target="y").classes == ("good", "bad")
    assert read_file(write("x,y\n1,good\n2,bad\n"), target="y").classes == ("bad", "good")


def test_more_classes_are_sorted_by_number_or_by_text(write):
    data = read_file(write("x,y\n1,10\n2,2\n3,1\n"), target="y")
    assert (data.classes, data.labels.tolist()) == (("1", "2", "10"), [2, 1, 0])
    data = read_file(write("x,y\n1,pen\n2,cup\n3,hat\n"), target="y")
    assert (data.classes, data.labels.tolist()) == (("cup", "hat", "pen"), [2, 0, 1])


def test_a_text_column_is_not_silently_a_feature_twice(write):
    data = read_file(write(GOOD), target="fraud", drop=["when", "customer"], name="mine")
    assert (data.name, list(data.features)) == ("mine", ["amount", "country"])
    assert list(read_file(write(GOOD), target="fraud", drop="when").features) == ["amount", "country", "customer"]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "a.csv", "the file is empty"),
        ("\n\n", "a.csv", "no header"),
        ("x,fraud\n", "a.csv", "no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a.csv", "got a PNG image"),
        (b"PK\x03\x04rest", "a.csv", "got a zip or Excel file"),
        (b"PAR1rest", "a.csv", "got a Parquet file"),
        ("x,fraud\n1,0\n".encode("utf-16"), "a.csv", "UTF-16"),
        ("x,fraud\né,0\n".encode("latin-1"), "a.csv", "got byte 0xe9: save it as UTF-8"),
        (b"x,fraud\n\x00\x01,0\n", "a.csv", "binary data in line 2"),
        (gzip.compress(b"x,fraud\n1,0\n", mtime=0), "a.csv", "got a gzip file"),
        ("x,fraud\n1,0\n", "a.csv.gz", "expected a gzip file"),
        (gzip.compress(b"x,fraud\n" + b"1,0\n2,1\n" * 999, mtime=0)[:-20], "a.csv.gz", "damaged gzip"),
        ("x,fraud\n1,0\n", "a.parquet", "expected a Parquet file"),
        (b"PAR1 but cut short", "a.parquet", "damaged Parquet"),
        ("x,fraud\n1,0\n", "a.xlsx", ".parquet"),
        ("a,a,fraud\n1,2,0\n", "a.csv", "column name 'a' occurs 2 times"),
        ("a,fraud\n1,0\n1,2,3\n", "a.csv", "expected 2 values a row, as in the header, got 3 in line 3"),
        ("a,b,fraud\n1,2,0\n1,2\n", "a.csv", "got 2 in line 3"),
        ("a,fraud\n1,0,9\n2,1,9\n", "a.csv", "got 3 in line 2"),
        ("a;fraud\n1,5;0\n", "a.csv", "got a header separated by ';'"),
        (",x,fraud\n0,1,0\n1,2,1\n", "a.csv", "no name (a saved row number?)"),
        ('x,fraud\n"1,0\n', "a.csv", "got 1 in line 2"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(write, text, name, words):
    assert words in complaint(write(text, name))


def test_missing_file_names_its_neighbours(write, tmp_path):
    write(GOOD, "payments.csv")
    assert "payments.csv" in complaint(tmp_path / "payment.csv")
    assert "got a folder" in complaint(tmp_path)


def test_duplicate_names_in_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table([[1, 2], [3, 4], [0, 1]], names=["a", "a", "fraud"]), tmp_path / "a.parquet")
    assert "column name 'a' occurs 2 times" in complaint(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "fruad"}, "did you mean 'fraud'?"),
        ({"time": "whn"}, "time column 'whn' not found; did you mean 'when'?"),
        ({"group": "custom"}, "group column 'custom' not found"),
        ({"drop": ["ammount"]}, "drop column 'ammount' not found; did you mean 'amount'?"),
        ({"drop": ["fraud"]}, "is the target and cannot be in drop"),
        ({"time": "fraud"}, "is the target and cannot be in time"),
        ({"positive": "yes"}, "has no value 'yes' for positive: its values are '0', '1'"),
        ({"positive": 2}, "has no value 2"),
        ({"drop": ["amount", "country"], "time": "when", "group": "customer"}, "no feature column is left"),
        ({"time": "country"}, "missing in 6 of 12 rows"),
        ({"group": "country"}, "missing in 6 of 12 rows"),
        ({"target": "country"}, "missing in 6 of 12 rows: drop these rows"),
        ({"target": "customer", "positive": 1}, "has 4 classes"),
    ],
)
def test_columns_that_do_not_fit(write, options, words):
    assert words in complaint(write(GOOD), **options)


def test_one_class_and_too_many_classes(write):
    assert "at least two classes, got only '0'" in complaint(write("x,fraud\n1,0\n2,0\n"))
    rows = "".join(f"{row},{row}.5\n" for row in range(101))
    assert "got 101 different values: is it a number?" in complaint(write("x,fraud\n" + rows))


def test_dates_are_iso_or_an_error(write):
    text = "x,t,fraud\n1,03/04/2024,0\n2,2024-01-01,1\n"
    assert "ISO dates such as 2024-01-31 13:00, got '03/04/2024'" in complaint(write(text), time="t")
    text = "x,t,fraud\n1,2024-01-01T01:00+02:00,0\n2,2023-12-31T23:30Z,1\n"
    time = read_file(write(text), target="fraud", time="t").time
    assert time is not None
    assert time[0] < time[1]


def test_a_time_far_away_stays_in_its_place(write):
    """Nanoseconds reach from 1677 to 2262; what lies beyond must not wrap to the other end."""
    text = "x,t,fraud\n1,9999-12-31,0\n2,2024-01-01,1\n3,0001-01-01,0\n4,1500-06-01,1\n"
    time = read_file(write(text), target="fraud", time="t").time
    assert time is not None
    assert np.argsort(time).tolist() == [2, 3, 1, 0]


DAYS = pd.Series(pd.date_range("2023-11-28", periods=40, freq="31h"))
#: How people write a date that can be read in one way only.
SPELLINGS = {
    "%Y-%m-%d": "D", "%Y/%m/%d": "D", "%Y-%m-%dT%H:%M:%S": "s", "%Y-%m-%d %H:%M": "min", "%Y-%m-%d %H:%M:%SZ": "s",
    "%Y-%m-%d %H:%M:%S UTC": "s", "%d %b %Y": "D", "%d-%b-%Y": "D", "%d%b%Y": "D", "%b %d, %Y": "D",
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("missing", [False, True])
def test_a_column_of_dates_is_what_parquet_makes_of_it(tmp_path, spelling, missing):
    moments = DAYS.dt.floor(SPELLINGS[spelling])
    if missing:
        moments[::4] = pd.NaT
    labels = np.arange(40) % 2
    pd.DataFrame({"when": moments, "y": labels}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"when": moments.dt.strftime(spelling), "y": labels}).to_csv(tmp_path / "a.csv", index=False)
    wanted, found = (read_file(tmp_path / name, target="y") for name in ("a.parquet", "a.csv"))
    pd.testing.assert_series_equal(found.features["when"], wanted.features["when"], check_dtype=False)
    numbers = [read_column(data.features["when"]) for data in (wanted, found)]
    assert all(isinstance(each, Numbers) for each in numbers)
    np.testing.assert_array_equal(numbers[0].values, numbers[1].values)
    assert found.digest == wanted.digest
    assert (wanted.notes, found.notes) == ((), ("read as dates: 'when'",))


def test_few_values_that_are_no_dates_are_missing_and_said(write):
    rows = [f"2024-01-{row % 28 + 1:02},{row % 2}" for row in range(100)]
    rows[7], rows[50] = "unknown,0", "2024-02-30,1"
    data = read_file(write("when,y\n" + "\n".join(rows)), target="y")
    assert np.flatnonzero(data.features["when"].isna()).tolist() == [7, 50]
    assert data.notes == (
        "column 'when' is read as dates: 2 of 100 values are none and count as missing, e.g. 'unknown'",
    )
    rows[:10] = ["unknown,0"] * 10
    data = read_file(write("when,y\n" + "\n".join(rows)), target="y")
    assert (data.features["when"].dtype, data.notes) == ("str", ())


@pytest.mark.parametrize("spelling", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%y", "%m/%d/%Y %H:%M"])
def test_dates_that_can_be_read_in_two_ways_stay_text_and_are_said(tmp_path, spelling):
    texts = DAYS.dt.strftime(spelling)
    pd.DataFrame({"x": range(40), "when": texts, "y": np.arange(40) % 2}).to_csv(tmp_path / "a.csv", index=False)
    data = read_file(tmp_path / "a.csv", target="y")
    assert data.features["when"].tolist() == texts.tolist()
    (said,) = data.notes
    assert said.startswith(f"column 'when' may hold dates, but {texts[0]!r} does not say which number is the day")
    assert "expected numbers or ISO dates" in complaint(tmp_path / "a.csv", target="y", time="when")


@pytest.mark.parametrize(
    "value", ["1234-56", "2024-01", "13:00", "10.1.0.12", "2024-13-41", "a 2024-01-01", "32/13/2024", "1 Foo 2024"]
)
def test_codes_are_no_dates(write, value):
    data = read_file(write("x,code,y\n" + "".join(f"{row},{value},{row % 2}\n" for row in range(9))), target="y")
    assert (data.features["code"].tolist(), data.notes) == ([value] * 9, ())


def test_the_time_column_takes_what_a_feature_takes(write):
    rows = "".join(f"{row},{row % 28 + 1} Jan 2024,{row % 2}\n" for row in range(40))
    time = read_file(write("x,t,fraud\n" + rows), target="fraud", time="t").time
    assert time is not None
    assert time[0] == np.datetime64("2024-01-01")
    assert "got 'soon'" in complaint(write("x,t,fraud\n" + rows.replace("5 Jan 2024", "soon", 1)), time="t")


def test_how_columns_were_read_is_told_with_every_result(write):
    rows = "".join(f"{row % 17},{row % 12 + 1:02}/01/2024,{row % 2}\n" for row in range(200))
    data = read_file(write("x,t,fraud\n" + rows), target="fraud")
    block = prepare(data, Coordinates(dataset="d", ratio="natural", seed=0))
    assert [text for text in block.realised.notes if "may hold dates" in text] == list(data.notes)


def test_values_that_are_no_features(tmp_path, write):
    pd.DataFrame({"x": [[1], [2]], "fraud": [0, 1]}).to_parquet(tmp_path / "a.parquet")
    assert "column 'x' holds ndarray values" in complaint(tmp_path / "a.parquet")
    assert "is infinite in 1 rows" in complaint(write("x,fraud\ninf,0\n1,1\n"))
    pd.DataFrame({"x": [1, 2], "fraud": [[0], [1]]}).to_parquet(tmp_path / "b.parquet")
    assert "expected numbers or text" in complaint(tmp_path / "b.parquet")


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=2, max_size=12
    ),
    labels=st.data(),
)
def test_what_csv_can_say_comes_back(tmp_path_factory, values, labels):
    """Any text, quotes and line ends inside fields included, survives; empty and NA-like text is missing."""
    codes = labels.draw(st.lists(st.integers(0, 1), min_size=len(values), max_size=len(values)))
    codes[:2] = [0, 1]
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    pd.DataFrame({"x": [f"_{value}" for value in values], "y": codes}).to_csv(
        path, index=False, quoting=csv.QUOTE_NONNUMERIC
    )
    data = read_file(path, target="y", positive=1)
    assert data.labels.tolist() == codes
    assert data.features["x"].tolist() == [f"_{value}" for value in values]

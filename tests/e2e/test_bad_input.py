"""What users get wrong: exit 2 and exactly one line that helps; what only looks wrong runs."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imbench.cli import main
from imbench.results.store import Store
from tests.dists import Answer, Bench

SETTINGS = "seeds = 1\nbudget = {steps = 100, batch_size = 64}\n"
FILE = '[[datasets]]\nfile = "{name}"\ntarget = "y"\n'


def rows(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=count), "b": rng.normal(size=count), "y": np.arange(count) % 4 == 0})


def written(frame: pd.DataFrame, **options: object) -> bytes:
    return frame.to_csv(index=False, **options).encode()


#: what is wrong with a file → its name, its bytes, words of the complaint
FILES: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {
    "one class": ("t.csv", lambda: written(rows().assign(y=1)), ("'y'", "expected at least two classes", "'1'")),
    "missing target": (
        "t.csv",
        lambda: written(rows().assign(y=lambda t: t.y.where(t.index > 2).astype(object))),
        ("'y' is missing in 3 of 60 rows", "drop these rows"),
    ),
    "a number as target": ("t.csv", lambda: written(rows(200).assign(y=lambda t: t.a)), ("is it a number?",)),
    "no target": (
        "t.csv",
        lambda: written(rows().rename(columns={"y": "yy"})),
        ("'y' not found", "did you mean 'yy'?"),
    ),
    "an image": ("t.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), ("got a PNG image",)),
    "a Parquet file": ("t.csv", lambda: b"PAR1" + bytes(100), ("got a Parquet file",)),
    "a CSV as Parquet": ("t.parquet", lambda: written(rows()), ("expected a Parquet file", "is it a CSV?")),
    "a gzip file": ("t.csv", lambda: gzip.compress(written(rows())), ("got a gzip file",)),
    "not UTF-8": (
        "t.csv",
        lambda: written(rows().assign(b="caf\xe9")).decode().encode("latin-1"),
        ("save it as UTF-8",),
    ),
    "semicolons": ("t.csv", lambda: written(rows(), sep=";"), ("separated by ','", "separated by ';'")),
    "a short row": ("t.csv", lambda: written(rows()) + b"1,2\n", ("expected 3 values a row", "got 2 in line 62")),
    "no byte": ("t.csv", lambda: b"", ("is empty",)),
    "no row": ("t.csv", lambda: b"a,b,y\n", ("no rows",)),
    "no header": ("t.csv", lambda: b"\n\n", ("no header",)),
    "one name twice": ("t.csv", lambda: b"a,a,y\n1,2,0\n3,4,1\n", ("column name 'a' occurs 2 times",)),
    "another suffix": ("t.xlsx", lambda: b"PK\x03\x04", (".csv", ".parquet")),
}

#: what is wrong with a matrix → its text, words of the complaint
MATRICES = {
    "unknown dataset": ('datasets = ["brest_cancer"]', ("brest_cancer", "did you mean 'breast_cancer'?")),
    "unknown strategy": ('datasets = ["breast_cancer"]\nstrategies = ["focl"]', ("focl", "did you mean 'focal'?")),
    "unknown key": ('datasetz = ["breast_cancer"]', ("datasetz: unknown key", "did you mean 'datasets'?")),
    "unknown key in a table": (
        'datasets = ["breast_cancer"]\n[budget]\nstep = 5',
        ("budget.step: unknown key", "did you mean 'steps'?"),
    ),
    "unknown parameter": ('datasets = ["breast_cancer"]\nstrategies = ["focal(gama=2)"]', ("did you mean 'gamma'?",)),
    "parameter out of bounds": ('datasets = ["breast_cancer"]\nstrategies = ["focal(gamma=-1)"]', ("at least 0",)),
    "wrong type": ('datasets = ["breast_cancer"]\nseeds = "many"', ("seeds",)),
    "unknown backbone": ('datasets = ["breast_cancer"]\nbackbone = "mpl"', ("did you mean 'mlp'?",)),
    "unknown metric": ('datasets = ["breast_cancer"]\nprimary = "roc_acu"', ("did you mean 'roc_auc'?",)),
    "broken TOML": ('datasets = ["breast_cancer"', ("broken TOML",)),
    "no such file": ('[[datasets]]\nfile = "nothing.csv"\ntarget = "y"', ("found none at", "nothing.csv")),
}


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Run a matrix that must be refused; gives the one line."""
    monkeypatch.chdir(tmp_path)

    def call(text: str) -> str:
        Path("m.toml").write_text(text)
        code = main(["run", "--matrix", "m.toml", "--store", "store", "--device", "cpu", "--no-cost"])
        printed = capfd.readouterr()
        assert code == 2, printed.err
        assert printed.out == ""
        (line,) = printed.err.splitlines()
        assert line.startswith("imbench: error: ")
        assert "Traceback" not in line
        return line

    return call


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_no_use_is_one_line(what: str, refused: Callable[[str], str]) -> None:
    name, content, words = FILES[what]
    Path(name).write_bytes(content())
    line = refused(SETTINGS + FILE.format(name=name))
    assert name in line
    for word in words:
        assert word in line


@pytest.mark.parametrize("what", MATRICES)
def test_a_matrix_that_is_wrong_is_one_line(what: str, refused: Callable[[str], str]) -> None:
    text, words = MATRICES[what]
    line = refused(text)
    for word in words:
        assert word in line


def test_a_bad_file_is_heard_of_before_anything_runs(refused: Callable[[str], str]) -> None:
    Path("good.csv").write_bytes(written(rows()))
    Path("bad.csv").write_bytes(b"")
    refused(SETTINGS + FILE.format(name="good.csv") + FILE.format(name="bad.csv"))
    with Store.open("store", readonly=True) as store:
        assert store.latest() == {}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Answer]:
    """Files that look wrong and are not: constant columns, ten thousand categories; and one that cannot be split."""
    bench = Bench(tmp_path_factory.mktemp("odd"))
    rng = np.random.default_rng(1)
    count = 12_000
    y = rng.random(count) < 0.1
    (bench.folder / "constant.csv").write_bytes(written(rows(400).assign(c=7, d="same", e=np.nan)))
    many = pd.DataFrame({"a": rng.normal(size=count) + y, "c": [f"c{n % 10_000}" for n in range(count)], "y": y})
    (bench.folder / "many.csv").write_bytes(written(many))
    (bench.folder / "same.csv").write_bytes(written(rows().assign(a=1, b="x")))
    files = "".join(FILE.format(name=f"{name}.csv") for name in ("constant", "many", "same"))
    return bench, bench.run(bench.matrix(SETTINGS + 'strategies = ["smote"]\n' + files))


def test_constant_columns_are_dropped_and_named(odd: tuple[Bench, Answer]) -> None:
    bench, answer = odd
    assert answer.code == 0, answer.err
    result = bench.results()["constant/natural/0/erm"]
    assert result.status == "ok"
    notes = " ".join(result.realised["notes"])
    assert all(f"{name!r}" in notes or f" {name}" in notes for name in ("c", "d", "e")), notes


def test_ten_thousand_categories_are_no_problem(odd: tuple[Bench, Answer]) -> None:
    bench, answer = odd
    assert answer.code == 0, answer.err
    for name in ("erm", "smote", "gbdt"):
        result = bench.results()[f"many/natural/0/{name}"]
        assert result.status == "ok", result.reason
        assert result.metrics["roc_auc"] > 0.6


def test_rows_that_are_all_the_same_are_skipped_with_the_reason(odd: tuple[Bench, Answer]) -> None:
    bench, answer = odd
    assert answer.code == 0, answer.err
    result = bench.results()["same/natural/0/erm"]
    assert result.status == "skipped"
    assert "'same'" in result.reason
    assert "add a column that varies" in result.reason or "more distinct rows" in result.reason

"""A user's own table: fewer than ten lines of TOML, categories and missing values, CSV and Parquet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dists import Answer, Bench

MATRIX = """
ratios = ["natural", 50]
seeds = 2
strategies = ["smote", "focal", "random_under"]
budget = {steps = 60, batch_size = 64}
[[datasets]]
file = "transactions.csv"
target = "fraud"
drop = ["id"]
"""


def transactions(count: int = 3000) -> pd.DataFrame:
    """Card payments, one in twelve of them fraud, with what real tables have: text, dates, gaps, an identifier."""
    rng = np.random.default_rng(7)
    fraud = rng.random(count) < 1 / 12
    amount = np.exp(rng.normal(3 + fraud, 1)).round(2)
    amount[rng.random(count) < 0.1] = np.nan
    country = np.where(fraud & (rng.random(count) < 0.4), "XX", rng.choice(["DE", "FR", "IT"], count))
    return pd.DataFrame(
        {
            "id": [f"t{n:06}" for n in range(count)],
            "amount": amount,
            "country": pd.Series(country).mask(rng.random(count) < 0.05),
            "day": pd.date_range("2024-01-01", periods=count, freq="h").strftime("%Y-%m-%d"),
            "online": rng.random(count) < 0.5 + 0.2 * fraud,
            "fraud": np.where(fraud, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("user")
    transactions().to_csv(folder / "transactions.csv", index=False)
    return Bench(folder)


@pytest.fixture(scope="module")
def answer(bench: Bench) -> Answer:
    return bench.run(bench.matrix(MATRIX), "store", "--format", "csv")


def test_the_matrix_is_short() -> None:
    assert len(MATRIX.strip().splitlines()) < 10


def test_it_ends_in_a_leaderboard(answer: Answer) -> None:
    assert answer.code == 0, answer.err
    board = {row["strategy"]: row for row in csv.DictReader(io.StringIO(answer.out)) if row.get("strategy")}
    assert {"prior", "erm", "erm+threshold", "gbdt", "smote", "focal", "random_under"} <= board.keys()
    assert float(board["erm"]["ap"]) > 2 * float(board["prior"]["ap"]), "there is something to learn"


def test_the_question_is_the_one_that_was_asked(answer: Answer, bench: Bench) -> None:
    results = bench.results()
    assert {result.status for result in results.values()} == {"ok"}
    natural = results["transactions/natural/0/erm"].realised
    total = [sum(natural[part][c] for part in ("train", "validation", "test")) for c in (0, 1)]
    counts = transactions()["fraud"].value_counts()
    assert total == [counts["no"], counts["yes"]], "the rare class is the positive one, and no row is lost"
    assert results["transactions/50/0/erm"].realised["ratio"] == pytest.approx(50, rel=0.1)
    smote = results["transactions/50/0/smote"]
    assert (
        smote.notes["resample"]["before"]
        == smote.realised["train"]
        == results["transactions/50/0/erm"].realised["train"]
    )
    after = smote.notes["resample"]["after"]
    assert after[0] == after[1]


def test_parquet_says_the_same_as_csv(answer: Answer, bench: Bench, tmp_path: Path) -> None:
    """The same table in the other format is the same dataset, down to the last bit of the scores."""
    other = Bench(tmp_path)
    pd.read_csv(bench.folder / "transactions.csv").to_parquet(tmp_path / "transactions.parquet")
    text = MATRIX.replace("transactions.csv", "transactions.parquet").replace("seeds = 2", "seeds = 1")
    again = other.run(other.matrix(text), "store", "-k", "erm or smote")
    assert again.code == 0, again.err
    for name, result in other.results().items():
        assert result.data == bench.results()[name].data
        assert result.scores == bench.results()[name].scores

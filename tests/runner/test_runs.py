"""What `imbench run` promises about what it runs, runs again, skips and says."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from imbench.results.store import SCHEMA
from tests.dists import Answer, Bench, lay

#: A plugin with a strategy that works, one that fails, and one that changes nothing.
PLUGIN = """
import numpy as np
from imbench import Recipe, Resampled, StrategySpec, hookimpl

def fine():
    return Recipe(weight=lambda counts, effective, progress: effective**-0.5)

def failing():
    raise RuntimeError("not today")

def keeping():
    return Recipe(resample=lambda view, rng: Resampled(keep=np.arange(len(view.y)), note="nothing to do"))

@hookimpl
def imbench_strategies():
    for make in (fine, failing, keeping):
        yield StrategySpec(name=make.__name__, summary="x", family="weighting", make=make)
"""
SETTINGS = "seeds = 1\nbudget = {steps = 20, batch_size = 32}\n"
MATRIX = 'datasets = ["breast_cancer"]\nstrategies = ["focal", "fine", "failing"]\n' + SETTINGS
BASELINES = {"prior", "erm", "erm+threshold", "gbdt"}


def named(*strategies: str) -> set[str]:
    return {f"breast_cancer/natural/0/{strategy}" for strategy in strategies}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("runs")
    bench = Bench(folder, lay(folder / "site", "handmade", PLUGIN))
    bench.matrix(MATRIX)
    return bench


def test_what_runs_again_and_what_does_not(bench: Bench) -> None:
    """`--retry`, and code that changed at the same version: one story in one store, told by the number of attempts."""
    every = named(*BASELINES, "focal", "fine", "failing")
    assert bench.run("m.toml").code == 1
    assert bench.attempts() == dict.fromkeys(every, 1), "the baselines run although the matrix does not name them"

    none = bench.run("m.toml", "store", "--retry", "none")
    assert none.code == 1, "what failed before is still failed"
    assert bench.attempts() == dict.fromkeys(every, 1)

    again = bench.run("m.toml")  # failed is the default
    assert again.code == 1
    assert "imbench: failed: breast_cancer/natural/0/failing: " in again.err
    assert "not today" in again.err
    assert bench.attempts() == dict.fromkeys(every, 1) | dict.fromkeys(named("failing"), 2)

    before = bench.results()
    assert bench.run("m.toml", "store", "--retry", "all", "-k", "focal or failing").code == 1
    counts = dict.fromkeys(every, 1) | dict.fromkeys(named("focal"), 2) | dict.fromkeys(named("failing"), 3)
    assert bench.attempts() == counts
    assert bench.results()["breast_cancer/natural/0/focal"].scores == before["breast_cancer/natural/0/focal"].scores

    (bench.folder / "site" / "handmade.py").write_text(
        PLUGIN.replace('raise RuntimeError("not today")', "return fine()")
    )
    repaired = bench.run("m.toml")
    assert repaired.code == 0, repaired.err
    # another source is another cell: those of the plugin once more, the others not
    assert bench.attempts() == counts | dict.fromkeys(named("fine"), 2) | dict.fromkeys(named("failing"), 4)
    after = bench.results()
    assert all(after[name].key == before[name].key for name in named(*BASELINES, "focal"))
    assert after["breast_cancer/natural/0/fine"].key != before["breast_cancer/natural/0/fine"].key
    assert after["breast_cancer/natural/0/failing"].scores == after["breast_cancer/natural/0/fine"].scores


@pytest.fixture(scope="module")
def told(bench: Bench) -> Answer:
    """A run with a ratio that the data cannot reach and a strategy that changes nothing, as JSON."""
    text = 'datasets = ["breast_cancer"]\nratios = ["natural", 100000]\nstrategies = ["keeping"]\n' + SETTINGS
    return bench.run(bench.matrix(text, "told.toml"), "told", "--json")


def test_json_is_all_there_is_on_stdout(told: Answer) -> None:
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert document["cells"] == {"ok": 4, "noop": 1, "skipped": 5}
    assert document["failures"] == []
    rows = document["leaderboards"][0]["rows"]
    assert BASELINES | {"keeping"} == {row["strategy"] for row in rows}


def test_a_ratio_out_of_reach_is_skipped_with_the_largest_that_is_not(told: Answer, bench: Bench) -> None:
    results = bench.results("told")
    skipped = {name: result for name, result in results.items() if result.status == "skipped"}
    assert skipped.keys() == {f"breast_cancer/100000/0/{name}" for name in (*BASELINES, "keeping")}
    for result in skipped.values():
        majority = results["breast_cancer/natural/0/erm"].realised["train"][0]
        assert "100000" in result.reason.replace(",", "")
        # with one row of the minority left
        assert str(majority) in result.reason, result.reason
    assert bench.run("told.toml", "told").code == 0
    assert set(bench.attempts("told").values()) == {1}, "what the data rule out is not tried again"


def test_a_strategy_that_changes_nothing_says_so(told: Answer, bench: Bench) -> None:
    results = bench.results("told")
    keeping = results["breast_cancer/natural/0/keeping"]
    assert (keeping.status, keeping.reason) == ("noop", "nothing to do")
    assert keeping.scores == results["breast_cancer/natural/0/erm"].scores


def refused(bench: Bench, store: Path | str, *words: str) -> None:
    """Exit 8, nothing on stdout and one line on stderr."""
    answer = bench.run("m.toml", str(store))
    assert (answer.code, answer.out) == (8, ""), answer.err
    (line,) = answer.err.splitlines()
    assert line.startswith("imbench: error: ")
    for word in (str(store), *words):
        assert word in line


def test_a_store_that_is_a_file(bench: Bench) -> None:
    (bench.folder / "taken").write_text("mine")
    refused(bench, "taken", "expected a folder, found a file")
    assert (bench.folder / "taken").read_text() == "mine"


def test_a_store_of_a_newer_version_is_left_alone(bench: Bench, told: Answer) -> None:
    path = bench.folder / "told" / "results.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = path.read_bytes()
    refused(bench, "told", f"has format {SCHEMA + 1}", "update imbench")
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA}")


def test_a_store_that_cannot_be_written(bench: Bench) -> None:
    if os.geteuid() == 0:  # who may write everywhere, but not here
        refused(bench, "/proc/imbench-store", "another --store")
        return
    folder = bench.folder / "readonly"
    folder.mkdir()
    folder.chmod(0o555)
    refused(bench, folder, "another --store")

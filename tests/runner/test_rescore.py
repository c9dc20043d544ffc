"""Scores are stored so that new metrics and policies need no rerun. All through `imbench run`, in real processes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from imbench.errors import EnvironmentFault
from imbench.matrix.seeds import canonical_json
from imbench.results.result import Result, results_digest
from imbench.results.store import Store
from imbench.runner import scoring
from imbench.runner.rescore import due
from imbench.runner.scoring import Scoring
from tests.dists import PATIENCE, Answer, Bench, lay

#: A Fit that leaves a line for each time it is trained.
STRATEGY = """
import os
from pathlib import Path
import numpy as np
from imbench import StrategySpec, hookimpl

class Counted:
    def fit(self, trial):
        with Path(os.environ["FITS"]).open("a") as log:
            log.write("fit\\n")
        return lambda x: np.stack([1 - 1 / (1 + np.exp(-x[:, 0])), 1 / (1 + np.exp(-x[:, 0]))], axis=1)

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="counted", summary="x", family="ensemble", make=Counted)
"""
METRIC = """
import os, time
from imbench import MetricSpec, hookimpl

def compute(scores, labels):
    time.sleep(float(os.environ.get("PAUSE", "0")))
    return float(scores[labels == 1, 1].mean())

@hookimpl
def imbench_metrics():
    yield MetricSpec(name="mean_of_positives", summary="mean score of the positives", compute=compute)
"""
MATRIX = """
datasets = ["breast_cancer"]
ratios = [3, 8]
seeds = 1
strategies = ["focal", "counted+threshold"]
budget = {{steps = 60, batch_size = 32}}
cost = {{enabled = false}}
policies = {policies}
policy = "{policy}"
"""
CELLS = 2 * 6
TUNED, OTHERS = "tuned.toml", "others.toml"
AGAIN = "imbench: results scored with other policies or metrics are scored again, without training"
METRIC_NAME = "mean_of_positives"


class Lab(Bench):
    """A bench that knows how often `counted` was trained, and what a study from scratch looks like."""

    def fits(self) -> int:
        log = Path(self.variables["FITS"])
        return len(log.read_text().splitlines()) if log.exists() else 0

    def digest(self, store: str) -> str:
        return results_digest(list(self.results(store).values()))

    def study(self, matrix: str, store: str) -> Answer:
        answer = self.run(matrix, store, "-j", 2)
        assert answer.code == 0, answer.err
        return answer

    def from_scratch(self, matrix: str) -> str:
        """Digest of the matrix run in a store of its own; made once."""
        assert self.site is not None
        store = f"scratch-{self.site.name}-{matrix}"
        if not (self.folder / store).exists():
            self.study(matrix, store)
        return self.digest(store)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lab]:
    """Benches over one folder: ``plain``, and with a metric in its ``first`` and its ``second`` version."""
    folder = tmp_path_factory.mktemp("rescore")
    sites = {name: lay(folder / name, "handmade", STRATEGY) for name in ("plain", "first", "second")}
    lay(sites["first"], "gauge", METRIC)
    lay(sites["second"], "gauge", METRIC.replace(".mean()", ".mean() / 2"))
    benches = {name: Lab(folder, site, {"FITS": str(folder / "fits")}) for name, site in sites.items()}
    benches["plain"].matrix(MATRIX.format(policies='["tuned"]', policy="tuned"), TUNED)
    benches["plain"].matrix(MATRIX.format(policies='["argmax", "prior"]', policy="prior"), OTHERS)
    benches["plain"].study(TUNED, "base")
    return benches.__getitem__


@pytest.fixture
def store(lab: Callable[[str], Lab], tmp_path: Path) -> str:
    """A copy of the store of a finished study."""
    folder = tmp_path / "store"
    shutil.copytree(lab("plain").folder / "base", folder)
    return str(folder)


def file_of(store: str, result: Result) -> Path:
    return Path(store, "scores", result.scores[:2], f"{result.scores}.f32z")


def test_the_study_has_all_that_can_be_scored_again(lab: Callable[[str], Lab], store: str) -> None:
    """Else the tests below would show less than they say."""
    results = lab("plain").results(store)
    assert len(results) == CELLS
    assert {result.status for result in results.values()} == {"ok"}
    assert len({result.scored_with for result in results.values()}) == 1
    assert all(abs(sum(result.prior) - 1) < 1e-9 for result in results.values())
    assert any(result.last for result in results.values()), "selection took another step than the last"
    assert any("own" in result.decisions for result in results.values())


def test_other_policies(lab: Callable[[str], Lab], store: str) -> None:
    bench = lab("plain")
    expected = bench.from_scratch(OTHERS)
    fits, before = bench.fits(), bench.results(store)
    answer = bench.study(OTHERS, store)
    assert AGAIN in answer.err.splitlines()
    assert bench.fits() == fits, "nothing was trained"
    assert set(bench.attempts(store).values()) == {2}, "the history is kept"
    after = bench.results(store)
    assert bench.digest(store) == expected
    for name, result in after.items():
        assert set(result.decisions) - {"own"} == {"argmax", "prior"}
        assert set(before[name].decisions) - {"own"} == {"tuned"}
        assert (result.scores, result.seconds) == (before[name].scores, before[name].seconds)


def as_first_format(store: str, key: str) -> None:
    """Rewrite the record of a cell as the first format had it."""
    with closing(sqlite3.connect(Path(store, "results.db"))) as database, database:
        (text,) = database.execute("SELECT record FROM attempts WHERE key = ?", (key,)).fetchone()
        record = {name: value for name, value in json.loads(text).items() if name not in ("prior", "scored_with")}
        old = canonical_json({**record, "format": 1})
        digest = hashlib.sha256(old.encode()).hexdigest()
        database.execute("UPDATE attempts SET record = ?, sha256 = ? WHERE key = ?", (old, digest, key))


def test_cells_whose_scores_are_lost_run_again(lab: Callable[[str], Lab], store: str) -> None:
    """A score file deleted, one cut, one with a flipped bit; and a record of the first format, which lacks much."""
    bench = lab("plain")
    expected, before, fits = bench.from_scratch(OTHERS), bench.results(store), bench.fits()
    deleted, cut, flipped, old = (
        f"breast_cancer/8/0/{name}" for name in ("counted+threshold", "erm", "focal", "prior")
    )
    file_of(store, before[deleted]).unlink()
    data = file_of(store, before[cut]).read_bytes()
    file_of(store, before[cut]).write_bytes(data[: len(data) // 2])
    data = file_of(store, before[flipped]).read_bytes()
    file_of(store, before[flipped]).write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    as_first_format(store, before[old].key)
    with Store.open(store, readonly=True) as opened:
        held = opened.latest()
        keyed = [(result.cell, key) for key, result in held.items()]
        none = due(keyed, opened, held, retry="none", enough=())
    assert (sum(map(len, none.lost.values())), none.run) == (4, frozenset()), "--retry none runs nothing again"
    assert len(none.rescore) == CELLS - 4
    assert bench.results(store)[old].metrics == before[old].metrics, "an old record is read"

    answer = bench.study(OTHERS, store)
    assert {
        f"imbench: score file missing, run again: {deleted}",
        f"imbench: score file damaged, run again: {cut} and 1 more cells",
        f"imbench: stored by an older imbench, without what scoring it again needs, run again: {old}",
    } <= set(answer.err.splitlines())
    assert bench.fits() == fits + 1
    assert set(bench.attempts(store).values()) == {2}
    assert bench.digest(store) == expected
    with Store.open(store, readonly=True) as opened:
        for result in bench.results(store).values():
            assert opened.read_scores(result.scores)["test"].shape == (sum(result.realised["test"]), 2)


def test_a_metric_is_added_and_changed(lab: Callable[[str], Lab], store: str) -> None:
    """Added while it takes long, with a kill -9 in the middle: the same command again goes on where it stopped."""
    bench = lab("first")
    expected, fits = bench.from_scratch(TUNED), bench.fits()
    slow = Lab(bench.folder, bench.site, {**bench.variables, "PAUSE": "0.4"})
    with slow.start("run", "-m", TUNED, "--device", "cpu", "--no-cost", "--store", store) as process:
        end = time.monotonic() + PATIENCE
        while not (had := with_metric(store)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    assert slow.wait_for_silence() == []
    has = with_metric(store)
    assert had <= has < set(bench.results(store)), "acknowledged results stay, and some were left to do"
    assert AGAIN in bench.study(TUNED, store).err
    assert bench.digest(store) == expected
    assert set(bench.attempts(store).values()) == {2}, "what was scored before the kill was not scored once more"
    first = bench.results(store)

    lab("second").study(TUNED, store)
    for name, result in bench.results(store).items():
        assert result.metrics[METRIC_NAME] == pytest.approx(first[name].metrics[METRIC_NAME] / 2)
    assert set(bench.attempts(store).values()) == {3}
    assert bench.fits() == fits, "nothing was trained"


def with_metric(store: str) -> set[str]:
    """Cells of which the store holds the metric."""
    try:
        with Store.open(store, create=False, readonly=True) as opened:
            return {str(result.cell) for result in opened.latest().values() if METRIC_NAME in result.metrics}
    except EnvironmentFault:
        return set()


def test_what_scoring_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Scoring(policies=("argmax", "prior"), sources={"m": "d 1.0+abc"}).digest
    assert Scoring(policies=("prior", "argmax", "prior"), sources={"m": "d 1.0+abc"}).digest == one
    assert Scoring(policies=("argmax",), sources={"m": "d 1.0+abc"}).digest != one
    assert Scoring(policies=("argmax", "prior"), sources={"m": "d 1.0+abd"}).digest != one
    assert Scoring(policies=("argmax", "prior")).digest != one
    plain, both = (Scoring(policies=("argmax",), validation=which) for which in (False, True))
    assert plain.enough == {plain.digest, both.digest}, "what holds validation as well need not be scored again"
    assert both.enough == {both.digest}
    monkeypatch.setattr(scoring, "SCORING_VERSION", scoring.SCORING_VERSION + 1)
    assert Scoring(policies=("argmax", "prior"), sources={"m": "d 1.0+abc"}).digest != one

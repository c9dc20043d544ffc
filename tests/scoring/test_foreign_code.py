"""What plugins note and measure cannot end a run: notes that JSON does not know, metrics that leave the process."""

from __future__ import annotations

import json

import pytest

from tests.dists import Answer, Bench, lay

PLUGIN = '''
import sys
from pathlib import Path

import numpy as np
from imbench import MetricSpec, StrategySpec, hookimpl


class Predictor:
    """The same scores for all rows, and notes that strict JSON cannot hold."""

    def __init__(self, prior):
        self.prior = prior
        self.notes = {
            "loss": float("nan"), "bound": np.float32("inf"), "low": -np.inf, "fine": 0.5, "rounds": np.int64(3),
            "trace": [1.0, float("nan"), {"deep": float("-inf")}], 7: "a number for a name", "pair": (1.0, np.nan),
        }

    def __call__(self, x):
        return np.tile(self.prior, (len(x), 1))


class Noting:
    def fit(self, trial):
        if Path("broken").exists():
            raise RuntimeError("it has broken since")
        return Predictor(trial.counts / trial.counts.sum())


def leaving(scores, labels):
    sys.exit("no licence for this metric")


def leaving_silently(scores, labels):
    sys.exit()


def fine(scores, labels):
    print("HELLO")
    return float(labels.mean())


def recall(scores, labels):
    return 0.5


@hookimpl
def imbench_strategies():
    yield StrategySpec(name="noting", summary="x", family="data", make=Noting)


@hookimpl
def imbench_metrics():
    for compute in (leaving, leaving_silently, fine, recall):
        yield MetricSpec(name=compute.__name__, summary="x", compute=compute)
'''
MATRIX = """
datasets = ["breast_cancer"]
seeds = 1
strategies = ["noting"]
budget = {steps = 5, batch_size = 16}
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("foreign")
    return Bench(folder, lay(folder / "site", "foreign", PLUGIN))


@pytest.fixture(scope="module")
def ran(bench: Bench) -> Answer:
    return bench.run(bench.matrix(MATRIX), "store", "-k", "noting or prior")


def test_the_run_ends_well_and_every_cell_has_scores(ran: Answer, bench: Bench) -> None:
    assert ran.code == 0, ran.err
    results = bench.results()
    assert {name.split("/")[-1]: result.status for name, result in results.items()} == {"noting": "ok", "prior": "ok"}
    assert results["breast_cancer/natural/0/noting"].metrics["roc_auc"] == 0.5


def test_a_note_that_is_no_number_is_kept_as_text(ran: Answer, bench: Bench) -> None:
    notes = bench.results()["breast_cancer/natural/0/noting"].notes
    assert {name: notes[name] for name in ("loss", "bound", "low", "fine", "rounds")} == {
        "loss": "nan", "bound": "inf", "low": "-inf", "fine": 0.5, "rounds": 3,
    }  # fmt: skip
    assert notes["trace"] == [1.0, "nan", {"deep": "-inf"}]
    assert notes["pair"] == [1.0, "nan"]
    assert notes["7"] == "a number for a name"


def test_what_is_stored_and_shown_is_strict_json(ran: Answer, bench: Bench) -> None:
    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    shown = bench.imbench("show", "cell", "breast_cancer/natural/0/noting", "--store", "store", "--json")
    assert shown.code == 0, shown.err
    assert '"nan"' in shown.out
    json.loads(shown.out, parse_constant=refused)


def test_a_metric_that_exits_is_undefined_with_its_reason(ran: Answer, bench: Bench) -> None:
    results = bench.results()
    assert len(results) == 2
    for name, result in results.items():
        assert (result.metrics["leaving"], result.metrics["leaving_silently"]) == (None, None), name
        assert result.undefined["leaving"] == "SystemExit: no licence for this metric"
        assert result.undefined["leaving_silently"].startswith("SystemExit")
        assert 0 < result.metrics["fine"] < 1


def test_a_metric_may_not_take_the_name_of_one_of_ours(ran: Answer, bench: Bench) -> None:
    result = bench.results()["breast_cancer/natural/0/noting"]
    assert "recall" not in result.metrics
    assert result.undefined["extra:recall"] == "imbench has a metric of that name"
    assert all("recall" in found for found in result.decisions.values())


def test_what_a_metric_prints_is_not_in_the_output(ran: Answer, bench: Bench) -> None:
    assert "HELLO" not in ran.out
    again = bench.run(bench.matrix(MATRIX), "printed", "-k", "noting or prior", "--json")
    assert json.loads(again.out)["cells"] == {"ok": 2}


def test_a_failure_of_this_run_counts_although_an_older_result_stands(ran: Answer, bench: Bench) -> None:
    (bench.folder / "broken").touch()
    again = bench.run(bench.matrix(MATRIX), "store", "-k", "noting or prior", "--retry", "all")
    (bench.folder / "broken").unlink()
    assert again.code == 1
    assert "it has broken since" in again.err
    assert bench.results()["breast_cancer/natural/0/noting"].done

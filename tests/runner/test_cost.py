"""Promise 6: the harness owns the clock. Every strategy is timed alone, in turns with erm on the same data."""

from __future__ import annotations

import pytest

from imbench.matrix.loading import parse_matrix
from imbench.results.store import Store
from imbench.runner import run
from tests.dists import lay

MATRIX = """
datasets = ["breast_cancer"]
seeds = [0]
strategies = ["random_over+focal", "tomek"]
budget = { steps = 60, batch_size = 64 }
cost = { repeats = 3 }
"""


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    study = run(parse_matrix(MATRIX), store=folder, device="cpu")
    return folder, {record.strategy: record for record in study.costs}


def test_every_strategy_of_the_run_is_timed_in_turns_with_erm(lane):
    _, records = lane
    assert set(records) == {"prior", "erm", "erm+threshold", "gbdt", "random_over+focal", "tomek"}
    for record in records.values():
        assert not record.reason
        assert record.repeats == 3
        assert record.rows == 4096
        assert set(record.seconds) == set(record.baseline) == set(record.spread) == {"resample", "fit", "predict"}
        assert record.baseline["fit"] > 0
        assert record.machine["threads"] == 1
        assert record.machine["baseline"] == "erm"
        assert {"cpu", "cores", "load_before", "load_after"} <= set(record.machine)


def test_the_parts_are_timed_apart(lane):
    _, records = lane
    assert records["tomek"].seconds["resample"] > records["erm"].seconds["resample"]
    # predicting the prior needs no pass through a network; its fit no step
    assert records["prior"].seconds["predict"] < records["erm"].seconds["predict"]
    assert records["prior"].seconds["fit"] < records["erm"].seconds["fit"] / 10


def test_training_is_seen_to_need_memory(lane):
    _, records = lane
    # weights, gradients and two moments of the mlp alone are more than 300 KiB; the prior holds nothing of the kind
    for name in ("erm", "random_over+focal", "gbdt"):
        assert records[name].peak_bytes > 300 * 2**10, name
        assert records[name].peak_bytes > records["prior"].peak_bytes


def test_figures_are_kept_and_not_taken_twice(lane):
    folder, records = lane
    with Store.open(folder, readonly=True) as store:
        before = store.costs()
    run(parse_matrix(MATRIX), store=folder, device="cpu")
    with Store.open(folder, readonly=True) as store:
        assert store.costs() == before
    assert {record.key for record in records.values()} == set(before)


FAILING = """
from imbench import StrategySpec, hookimpl

class Fails:
    def fit(self, trial):
        raise RuntimeError("no luck")

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="fails", summary="raises in fit", family="baseline", make=Fails)
"""


def test_a_strategy_that_fails_has_a_reason_instead_of_a_figure(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(lay(tmp_path / "site", "unlucky", FAILING)))
    matrix = parse_matrix(MATRIX.replace('"random_over+focal", "tomek"', '"fails"'))
    study = run(matrix, store=tmp_path / "store", device="cpu", select="fails or erm")
    (record,) = [record for record in study.costs if record.strategy == "fails"]
    assert "no luck" in record.reason
    assert not record.seconds
    assert [row.train_speed for row in study.boards[0].rows if row.strategy == "fails"] == [None]

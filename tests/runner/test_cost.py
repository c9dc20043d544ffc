"""Promise 6: the harness owns the clock. Every strategy is timed alone, in turns with erm on the same data."""

from __future__ import annotations

import json
import os

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
        parts = {"resample", "fit", "predict", "predict_one"}
        assert set(record.seconds) == set(record.baseline) == set(record.spread) == parts
        assert record.baseline["fit"] > 0
        assert {part: len(ratios) for part, ratios in record.ratios.items()} == {
            "train": 3, "predict": 3, "predict_one": 3,
        }  # fmt: skip
        assert record.machine["baseline"] == "erm"
        assert {"cpu", "cores", "others", "own", "waited", "switches", "unknown", "energy"} <= set(record.machine)
        assert record.peak_device_bytes is None


def test_ratios_are_those_of_the_seconds(lane):
    _, records = lane
    for record in records.values():
        for part in ("predict", "predict_one"):
            # the middle of three ratios lies between the extremes, and so does the ratio of the middle ones
            ratio = record.seconds[part] / record.baseline[part]
            assert min(record.ratios[part]) * 0.999 <= ratio <= max(record.ratios[part]) * 1.001
        assert all(ratio > 0 for ratios in record.ratios.values() for ratio in ratios)


def test_one_row_is_predicted_faster_than_many(lane):
    _, records = lane
    for name in ("erm", "erm+threshold", "gbdt"):
        record = records[name]
        assert 0 < record.seconds["predict_one"] < record.seconds["predict"]
        assert record.latency_p95 >= record.seconds["predict_one"] * 0.9
        assert 15 <= record.latency_calls <= 75
        assert record.baseline["predict_one"] > 0


def test_the_leaderboard_has_the_figures_of_the_lane(lane):
    folder, records = lane
    study = run(parse_matrix(MATRIX), store=folder, device="cpu")
    rows = {row.strategy: row for row in study.boards[0].rows}
    assert rows["erm"].latency_us == pytest.approx(records["erm"].seconds["predict_one"] * 1e6)
    # three times and more: no noise hides it, and what ties with neither has a group of its own
    assert rows["prior"].train_tie == "a" != rows["gbdt"].train_tie
    assert all(row.train_low <= row.train_speed <= row.train_high for row in rows.values())


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


LOOKING = """
import json, os
from pathlib import Path

import torch
from imbench import StrategySpec, hookimpl
from threadpoolctl import threadpool_info

class Looks:
    def fit(self, trial):
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        pools = {pool["prefix"]: pool["num_threads"] for pool in threadpool_info()}
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        seen = [cores, pools, torch.get_num_threads(), [os.environ[name] for name in names]]
        Path(PLACE).write_text(json.dumps(seen))
        return lambda x: torch.full((len(x), trial.n_classes), 1 / trial.n_classes).numpy()

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="looks", summary="looks where it is", family="baseline", make=Looks)
"""


def test_a_timed_strategy_runs_on_the_threads_and_cores_that_its_record_names(tmp_path, monkeypatch):
    seen = tmp_path / "seen.json"
    site = lay(tmp_path / "site", "onlooker", LOOKING.replace("PLACE", repr(str(seen))))
    monkeypatch.syspath_prepend(str(site))
    matrix = parse_matrix(MATRIX.replace('"random_over+focal", "tomek"', '"looks"'))
    study = run(matrix, store=tmp_path / "store", device="cpu", select="looks or erm")
    (record,) = [record for record in study.costs if record.strategy == "looks"]
    cores, pools, threads, variables = json.loads(seen.read_text())  # of the last fit, which the lane ran
    assert not record.reason
    assert record.machine["threads"] == threads == 1
    assert variables == ["1", "1", "1"]
    assert set(pools.values()) == {1}
    assert record.machine["pools"] == pools
    if hasattr(os, "sched_getaffinity"):
        assert record.machine["pinned_to"] == cores
        assert len(cores) == 1


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

"""The store: what goes in comes out, the attempt that counts, one run at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench.errors import EnvironmentFault, Exit, ImbenchError
from imbench.matrix.cell import Configuration
from imbench.results.result import STATUSES, CostRecord, Result, results_digest
from imbench.results.store import Attempt, Store

Make = Callable[..., Result]


def test_a_result_and_its_scores_read_back(tmp_path: Path, make_result: Make) -> None:
    test = np.random.default_rng(0).random((30, 2)).astype(np.float32)
    validation = np.random.default_rng(1).random((20, 2)).astype(np.float32)
    with Store.open(tmp_path / "new" / "store") as store:
        added = store.add(make_result(1), test, validation)
    with Store.open(tmp_path / "new" / "store", create=False, readonly=True) as store:
        assert store.latest() == {added.key: added}
        assert added == Result.from_json(make_result(1, scores=added.scores).to_json())
        read = store.read_scores(added.scores)
    assert read["test"].tobytes() == test.tobytes()
    assert read["validation"].tobytes() == validation.tobytes()
    assert (tmp_path / "new/store/scores" / added.scores[:2] / f"{added.scores}.f32z").is_file()


def test_without_scores_no_file_is_named(tmp_path: Path, make_result: Make) -> None:
    with Store.open(tmp_path) as store:
        assert store.add(make_result(status="failed", reason="ValueError: no")).scores == ""
        assert not list((tmp_path / "scores").glob("*/*.f32z"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(history=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STATUSES)), max_size=12))
def test_the_attempt_that_counts(
    history: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory, make_result: Make
) -> None:
    """Latest wins, but scores are not hidden by a later failure. Compared with the rule in plain Python."""
    expected: dict[str, Result] = {}
    attempts: dict[str, list[Result]] = {}
    with Store.open(tmp_path_factory.mktemp("store")) as store:
        for index, (cell, status) in enumerate(history):
            added = store.add(make_result(cell, status=status, reason=f"attempt {index}"))
            attempts.setdefault(added.key, []).append(added)
            if added.done or not (added.key in expected and expected[added.key].done):
                expected[added.key] = added
        assert store.latest() == expected
        wanted = [f"{cell:064x}" for cell in (0, 2, 9)]
        assert store.latest(wanted) == {key: result for key, result in expected.items() if key in wanted}
        assert store.latest([]) == {}
        assert all(store.attempts(key) == given for key, given in attempts.items())
        assert store.attempts("no such key") == []


def test_costs_and_notes(tmp_path: Path) -> None:
    good = CostRecord(key="a", dataset="wine", strategy="erm", device="cpu", seconds={"fit": 1.5}, rows=10)
    with Store.open(tmp_path) as store:
        assert store.add_cost(good) == good
        store.add_cost(CostRecord(key="a", dataset="wine", strategy="erm", device="cpu", reason="timeout"))
        store.add_cost(CostRecord(key="b", dataset="wine", strategy="x", device="cpu", reason="oom"))
        assert store.costs()["a"] == good, "figures are not hidden by a later failure"
        assert store.costs(["b"])["b"].reason == "oom"
        assert store.note("run") is None
        store.set_note("run", {"matrix": "quickstart", "cells": [1, 2]})
        store.set_note("run", {"matrix": "other"})
        assert store.note("run") == {"matrix": "other"}


@given(reason=st.text(st.characters(), max_size=30))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_kept(reason: str, tmp_path_factory: pytest.TempPathFactory, make_result: Make) -> None:
    """Also what is not Unicode (lone surrogates from a broken log), NUL and markup."""
    with Store.open(tmp_path_factory.mktemp("store")) as store:
        added = store.add(make_result(status="failed", reason=reason, log=reason))
        assert store.latest()[added.key] == added
        assert added.reason == reason.encode("utf-8", "replace").decode()
        assert results_digest([added])


def test_what_json_cannot_hold_is_refused_and_changes_nothing(tmp_path: Path, make_result: Make) -> None:
    with Store.open(tmp_path) as store:
        for value in (float("nan"), np.arange(3)):
            with pytest.raises(ImbenchError, match="JSON can hold"):
                store.add(make_result(notes={"x": value}))
        assert store.latest() == {}


def test_attempts_together_are_all_stored_or_none(tmp_path: Path, make_result: Make) -> None:
    rng = np.random.default_rng(0)
    tables = [rng.random((10, 2)).astype(np.float32) for _ in range(20)]
    attempts = [
        Attempt(make_result(number), {"test": table, "validation": table[:5]}) for number, table in enumerate(tables)
    ]
    attempts.append(Attempt(make_result(20, status="failed", reason="no")))
    with Store.open(tmp_path) as store:
        bad = Attempt(make_result(21, notes={"x": float("nan")}), {"test": tables[0]})
        with pytest.raises(ImbenchError, match="JSON can hold"):
            store.add_all([*attempts, bad])
        assert store.latest() == {}
        added = store.add_all(attempts)
        assert store.add_all([]) == []
    with Store.open(tmp_path, readonly=True) as store:
        assert list(store.latest().values()) == added
        for result, table in zip(added[:-1], tables, strict=True):
            np.testing.assert_array_equal(store.read_scores(result.scores)["test"], table)
        assert added[-1].scores == ""


def test_a_result_that_is_scored_again_keeps_its_score_file(tmp_path: Path, make_result: Make) -> None:
    table = np.full((10, 2), 0.5, np.float32)
    with Store.open(tmp_path) as store:
        first = store.add(make_result(1), table, table)
        (again,) = store.add_all([Attempt(replace(first, metrics={"ap": 0.2}, scored_with="other"))])
        assert (again.scores, again.metrics) == (first.scores, {"ap": 0.2})
        assert store.latest() == {again.key: again}
        assert store.attempts(again.key) == [first, again]
        assert len(list((tmp_path / "scores").glob("??/*.f32z"))) == 1


def test_formats_of_a_record(make_result: Make) -> None:
    """Earlier ones, without what came later, are read; one of the future is refused."""
    full = make_result(1, prior=(0.75, 0.25), scored_with="x", validation={"ap": 0.5})
    tuned = replace(full, cell=replace(full.cell, configuration=Configuration(of="a", number=2, learning_rate=0.1)))
    for result in (full, tuned):
        assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result
    record = full.to_json()
    cell = {name: value for name, value in record["cell"].items() if name != "configuration"}
    second = {name: value for name, value in record.items() if "validation" not in name} | {"format": 2, "cell": cell}
    assert Result.from_json(second) == replace(full, validation={})
    first = {name: value for name, value in second.items() if name not in ("prior", "scored_with")} | {"format": 1}
    assert Result.from_json(first) == make_result(1)
    with pytest.raises(EnvironmentFault, match="expected format 3, got 4: update imbench"):
        Result.from_json(record | {"format": 4})


def test_a_reader_sees_what_a_writer_added(tmp_path: Path, make_result: Make) -> None:
    with Store.open(tmp_path) as writer, Store.open(tmp_path, readonly=True) as reader:
        writer.add(make_result(1))
        assert len(reader.latest()) == 1
        with pytest.raises(EnvironmentFault, match="for reading only"):
            reader.add(make_result(2))
        with pytest.raises(EnvironmentFault, match="for reading only"), reader.lock():
            pass


def test_a_second_run_is_refused_at_once_and_told_who_runs(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with store.lock():
            code = (
                "import sys, time; from imbench.results.store import Store; from imbench.errors import ImbenchError\n"
                "start = time.monotonic()\n"
                "try:\n  with Store.open(sys.argv[1]) as s, s.lock(): print('locked')\n"
                "except ImbenchError as e: print(int(e.exit_code), time.monotonic() - start < 2, e)"
            )
            run = [sys.executable, "-c", code, str(tmp_path)]
            said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
            assert said.startswith(f"{int(Exit.ENVIRONMENT)} True ")
            assert f"process {os.getpid()} on" in said
            assert "stop it, or give this run a --store of its own" in said
        assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "locked\n"


def test_a_lock_dies_with_its_run_and_leftovers_are_swept(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal, pathlib; from imbench.results.store import Store\n"
        "with Store.open(sys.argv[1]) as s, s.lock():\n"
        "  pathlib.Path(sys.argv[1], 'scores/tmp/half-written').write_bytes(b'x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "scores/tmp/half-written").exists()
    with Store.open(tmp_path) as store, store.lock():
        assert not (tmp_path / "scores/tmp/half-written").exists()


def test_first_runs_at_the_same_time_make_one_store(tmp_path: Path) -> None:
    code = "import sys; from imbench.results.store import Store; Store.open(sys.argv[1]).close()"
    run = [sys.executable, "-c", code, str(tmp_path / "new")]
    children = [subprocess.Popen(run, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [child.communicate()[1] for child in children] == [""] * 4
    with Store.open(tmp_path / "new", create=False) as store:
        assert store.latest() == {}


def test_odd_folder_names(tmp_path: Path, make_result: Make) -> None:
    folder = tmp_path / "a b?mode=ro#x%20é"
    with Store.open(folder) as store:
        store.add(make_result())
    assert {path.name for path in tmp_path.iterdir()} == {folder.name}
    with Store.open(folder, create=False, readonly=True) as store:
        assert len(store.latest()) == 1


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, imbench.results.store, imbench.leaderboard.rank, imbench.leaderboard.render\n"
        "print(sorted({'torch', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

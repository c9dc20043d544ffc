"""Promise 7: nothing is lost. Real processes, real signals; the digest of the results is what must repeat."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from imbench.errors import EnvironmentFault
from imbench.results.result import results_digest
from imbench.results.store import Store
from tests.dists import PATIENCE, Bench

MATRIX = """
datasets = ["breast_cancer"]
ratios = [3, 8]
seeds = 2
strategies = ["smote", "weighted_ce", "focal", "mixup"]
budget = {steps = 150, batch_size = 64}
cost = {enabled = false}
"""
CELLS = 2 * 2 * 8


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("resume"))
    bench.matrix(MATRIX)
    return bench


@pytest.fixture(scope="module")
def whole(bench: Bench) -> tuple[str, float]:
    """Digest of a run that nothing interrupts, in two workers, and its seconds."""
    answer = bench.run("m.toml", "whole", "-j", 2)
    assert answer.code == 0, answer.err
    assert len(bench.results("whole")) == CELLS
    return digest(bench, "whole"), answer.seconds


def digest(bench: Bench, store: str) -> str:
    return results_digest(list(bench.results(store).values()))


def done(folder: Path) -> int:
    """Results in a store, which may not be there yet."""
    try:
        with Store.open(folder, create=False, readonly=True) as store:
            return len(store.latest())
    except EnvironmentFault:
        return 0


def start(bench: Bench, store: str) -> subprocess.Popen[str]:
    return bench.start("run", "-m", "m.toml", "--device", "cpu", "--no-cost", "--store", store, "-j", 2)


def wait_for_results(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while done(folder) < count:
        assert process.poll() is None, "it ended before it could be interrupted"
        assert time.monotonic() < end
        time.sleep(0.1)


def kill_and_go_on(bench: Bench, store: str, moments: list[float]) -> None:
    """Run and kill at each moment (seconds after the start), then run to the end. Work that is done stays done."""
    had = 0
    for moment in moments:
        with start(bench, store) as process:
            try:
                process.wait(timeout=moment)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
        assert bench.wait_for_silence() == [], "workers outlive their parent"
        has = done(bench.folder / store)
        assert has >= had, "a result was lost"
        had = has
    answer = bench.run("m.toml", store, "-j", 2)
    assert answer.code == 0, answer.err
    assert all(count == 1 for count in bench.attempts(store).values()), "a finished cell was run again"


def test_kill_at_any_moment_and_the_same_command_again(bench: Bench, whole: tuple[str, float]) -> None:
    """Three moments: one in the start-up, two while cells are trained and stored."""
    expected, seconds = whole
    chance = random.Random(1)
    moments = [chance.uniform(0, 0.3) * seconds, chance.uniform(0.5, 0.7) * seconds, chance.uniform(0.7, 0.9) * seconds]
    kill_and_go_on(bench, "killed", moments)
    assert digest(bench, "killed") == expected


@pytest.mark.slow
def test_kill_many_times(bench: Bench, whole: tuple[str, float]) -> None:
    expected, seconds = whole
    chance = random.Random(2)
    kill_and_go_on(bench, "often", [chance.uniform(0.2, 1.0) * seconds for _ in range(8)])
    assert digest(bench, "often") == expected


def test_one_worker_and_another_hash_seed_give_the_same(bench: Bench, whole: tuple[str, float]) -> None:
    other = Bench(bench.folder, bench.site, {"PYTHONHASHSEED": "4711"})
    assert other.run("m.toml", "one", "-j", 1).code == 0
    assert digest(bench, "one") == whole[0]


def test_interrupt_and_a_second_run_beside_the_first(bench: Bench, whole: tuple[str, float]) -> None:
    """One Ctrl-C ends a run with 130 and leaves no process. While it ran, another on its store was turned away."""
    folder = bench.folder / "interrupted"
    with start(bench, "interrupted") as process:
        wait_for_results(process, folder, 1)
        os.kill(process.pid, signal.SIGSTOP)  # so that the second comes while the first runs
        second = bench.run("m.toml", "interrupted", "-j", 2)
        os.kill(process.pid, signal.SIGCONT)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (second.code, second.out) == (8, "")
    (line,) = second.err.splitlines()
    assert f"is in use by another run (process {process.pid}" in line
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.rstrip().endswith("imbench: interrupted; run the same command again to resume")
    assert out == ""
    assert bench.wait_for_silence() == []
    assert 1 <= done(folder) < CELLS
    assert bench.run("m.toml", "interrupted", "-j", 2).code == 0
    assert digest(bench, "interrupted") == whole[0]

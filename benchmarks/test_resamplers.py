"""Our resamplers against imbalanced-learn, side by side in one process: same rows out, how much sooner.

    OMP_NUM_THREADS=1 python -m pytest benchmarks/test_resamplers.py -s -p no:cacheprovider
    OMP_NUM_THREADS=1 python benchmarks/test_resamplers.py enn 1000000  # ours alone: seconds, peak memory

Each case runs imbalanced-learn and ours in turn (A B A B ...) and prints the ratio of the medians, of CPU time of the
process: on a shared machine wall time says more about the neighbours. ``IMBENCH_BENCH_FULL=1`` adds the large sizes of
the slow methods, where imbalanced-learn takes minutes and gets one turn, and the growth to a million rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.under_sampling import CondensedNearestNeighbour, EditedNearestNeighbours, OneSidedSelection, TomekLinks
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from imbench import Recipe, TrainView
from imbench_resampling.common import rows
from imbench_resampling.specs import SPECS

FULL = os.environ.get("IMBENCH_BENCH_FULL") == "1"
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))

#: rows, majority rows for each minority row
SMALL, MIDDLE, LARGE = (3_000, 20), (30_000, 20), (100_000, 100)

MAKERS: dict[str, Callable[[int], object]] = {
    "tomek": lambda _: TomekLinks(),
    "enn": lambda _: EditedNearestNeighbours(),
    "smote": lambda seed: SMOTE(random_state=seed),
    "borderline_smote": lambda seed: BorderlineSMOTE(random_state=seed),
    "adasyn": lambda seed: ADASYN(random_state=seed),
    "oss": lambda seed: OneSidedSelection(random_state=seed),
    "cnn": lambda seed: CondensedNearestNeighbour(random_state=seed),
    "smote_tomek": lambda seed: SMOTETomek(random_state=seed),
    "smote_enn": lambda seed: SMOTEENN(random_state=seed),
}

#: what the ratio must reach at each size
BARS = {
    "tomek": {SMALL: 1.0, MIDDLE: 4.8, LARGE: 25.0},
    "enn": {SMALL: 1.0, MIDDLE: 5.0, LARGE: 5.0},
    "smote": {SMALL: 1.0, MIDDLE: 1.0, LARGE: 1.0},
    "borderline_smote": {SMALL: 1.0, MIDDLE: 1.0, LARGE: 1.0},
    "adasyn": {SMALL: 1.0, MIDDLE: 1.0, LARGE: 1.0},
    "oss": {SMALL: 1.0, MIDDLE: 1.0, LARGE: 1.0},
    "cnn": {SMALL: 1.0},  # imbalanced-learn would take hours at the other sizes
    "smote_tomek": {SMALL: 1.0, MIDDLE: 5.0, LARGE: 5.0},
    "smote_enn": {SMALL: 1.0, MIDDLE: 5.0, LARGE: 5.0},
}
CASES = [(name, size) for name, bars in BARS.items() for size in bars]

#: imbalanced-learn takes half a minute and more on the largest data
SLOW = ("tomek", "enn", "oss", "smote_tomek", "smote_enn")

#: CPU time of one run is uncertain by this share even so
NOISE = 0.1


def clouds(n: int, ratio: int, d: int = 20, seed: int = 0) -> TrainView:
    """Eight correlated clouds; the minority, one in ``ratio`` + 1, is shifted a little."""
    rng = np.random.default_rng(seed)
    y = np.zeros(n, dtype=np.int64)
    y[rng.permutation(n)[: n // (ratio + 1)]] = 1
    x = rng.normal(size=(8, d))[rng.integers(0, 8, n)] + rng.normal(size=(n, 10)) @ rng.normal(size=(10, d)) / 3
    x += 0.1 * rng.normal(size=(n, d)) + 0.4 * y[:, np.newaxis]
    return TrainView(x=x.astype(np.float32), y=y, n_classes=2, categorical=np.zeros(d, dtype=bool))


def part(name: str, **params: object) -> Callable[[TrainView, np.random.Generator], object]:
    recipe = {spec.name: spec for spec in SPECS}[name].build(params)
    assert isinstance(recipe, Recipe)
    assert recipe.resample is not None
    return recipe.resample


def in_turn(a: Callable[[], object], b: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """CPU seconds of each, taken in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, times in zip((a, b), taken, strict=True):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
    return taken


def last(run: Callable[[], object], seen: dict[str, object], name: str) -> Callable[[], None]:
    """Calls, and leaves the outcome where it can be compared: large ones are too dear to be made again."""

    def call() -> None:
        seen[name] = run()

    return call


@pytest.fixture(autouse=True)
def _same_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    with threadpool_limits(THREADS):
        yield
    torch.set_num_threads(before)


def report(benchmark, name, size, theirs, ours):
    ratio = float(np.median(theirs) / np.median(ours))
    spread = np.ptp(ours) / np.median(ours)
    print(
        f"\n| {name} | {size[0]:,} x 20, 1:{size[1]} | {np.median(theirs):.4f} | {np.median(ours):.4f} | {ratio:.2f} | "
        f"{len(ours)} rounds, spread of ours {spread:.0%}, {THREADS} thread(s) of {os.cpu_count()} cores |"
    )
    benchmark.extra_info.update(
        ratio=ratio, theirs_s=float(np.median(theirs)), ours_s=float(np.median(ours)), threads=THREADS
    )
    return ratio


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{size[0]}" for name, size in CASES])
def test_same_rows_sooner(benchmark, name, size):
    one_turn = name in SLOW and size == LARGE
    if one_turn and not FULL:
        pytest.skip("imbalanced-learn takes minutes: set IMBENCH_BENCH_FULL=1")
    view = clouds(*size)
    seed = int(np.random.default_rng(0).integers(2**31 - 1))
    sampler, resample = MAKERS[name](seed), part(name)

    def ours():
        return resample(view, np.random.default_rng(0))

    def theirs():
        return sampler.fit_resample(view.x, view.y)

    seen: dict[str, object] = {}
    if not one_turn:
        ours(), theirs()  # a first turn does not count
    rounds = 1 if one_turn else {SMALL: 15, MIDDLE: 5, LARGE: 5}[size]
    times = in_turn(last(theirs, seen, "theirs"), last(ours, seen, "ours"), 3 if name == "cnn" else rounds)
    (x, y), (wanted_x, wanted_y) = rows(view, seen["ours"]), seen["theirs"]
    mine, reference = np.argsort(y, kind="stable"), np.argsort(wanted_y, kind="stable")
    np.testing.assert_array_equal(x[mine], wanted_x[reference])
    np.testing.assert_array_equal(y[mine], wanted_y[reference])
    ratio = report(benchmark, name, size, *times)
    benchmark.pedantic(ours, rounds=1)
    assert ratio >= BARS[name][size] * (1 - NOISE)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("size", [(20_000, 20), (100_000, 20)], ids=lambda size: f"{size[0]}")
def test_fast_centroids_are_sooner(benchmark, size):
    """Other centres than imbalanced-learn's, so only the time is compared here."""
    large = size[0] > 20_000
    if large and not FULL:
        pytest.skip("imbalanced-learn takes minutes: set IMBENCH_BENCH_FULL=1")
    view = clouds(*size)
    exact, fast = part("cluster_centroids"), part("cluster_centroids", fast=True)
    times = in_turn(
        lambda: exact(view, np.random.default_rng(0)), lambda: fast(view, np.random.default_rng(0)), 1 if large else 3
    )
    ratio = report(benchmark, "cluster_centroids(fast)", size, *times)
    benchmark.pedantic(lambda: fast(view, np.random.default_rng(0)), rounds=1)
    assert ratio >= 5 * (1 - NOISE)


@pytest.mark.timeout(1800)
def test_fast_centroids_are_worth_as_much(benchmark):
    """AP of two classifiers trained on fast and on imbalanced-learn's centres: equal within the spread of seeds."""
    n = 20_000
    x, y = make_classification(  # the classes overlap: no classifier is perfect on them
        2 * n,
        20,
        n_informative=8,
        n_clusters_per_class=4,
        weights=[20 / 21],
        flip_y=0.02,
        class_sep=0.8,
        random_state=4,
    )
    x = x.astype(np.float32)
    view = TrainView(x=x[:n], y=y[:n].astype(np.int64), n_classes=2, categorical=np.zeros(20, dtype=bool))
    x_test, y_test = x[n:], y[n:]
    exact, fast = part("cluster_centroids"), part("cluster_centroids", fast=True)
    models = {
        "logistic regression": lambda: LogisticRegression(max_iter=1000),
        "15 neighbours": lambda: KNeighborsClassifier(15),
    }
    scores = {(kind, name): [] for kind in models for name in ("exact", "fast")}
    for seed in range(5):
        for name, resample in (("exact", exact), ("fast", fast)):
            x, y = rows(view, resample(view, np.random.default_rng(seed)))
            for kind, make in models.items():
                scores[kind, name].append(average_precision_score(y_test, make().fit(x, y).predict_proba(x_test)[:, 1]))
    benchmark.pedantic(lambda: fast(view, np.random.default_rng(0)), rounds=1)
    print(f"\nAP of chance {y_test.mean():.4f}, five seeds")
    for kind in models:
        of_exact, of_fast = (np.array(scores[kind, name]) for name in ("exact", "fast"))
        print(
            f"| {kind} | exact {of_exact.mean():.4f} +- {of_exact.std(ddof=1):.4f} | "
            f"fast {of_fast.mean():.4f} +- {of_fast.std(ddof=1):.4f} |"
        )
        # not worse by more than the seeds differ
        assert of_fast.mean() >= of_exact.mean() - 2 * max(of_exact.std(ddof=1), of_fast.std(ddof=1))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["smote", "tomek", "enn"])
def test_growth_to_a_million_rows(name):
    """Ours alone, each size in a process of its own, so that its peak of memory is its own."""
    if not FULL:
        pytest.skip("minutes: set IMBENCH_BENCH_FULL=1")
    for n in (100_000, 300_000, 1_000_000):
        command = [sys.executable, __file__, name, str(n)]
        out = subprocess.run(command, capture_output=True, check=True, text=True, timeout=1500).stdout
        found = json.loads(out)
        print(
            f"\n| {name} | {n:,} x 20, 1:100 | {found['seconds']:.2f} s | {found['peak_mib']:.0f} MiB above the rows |"
        )
        # all pairs of rows would be 4 TB
        assert found["peak_mib"] < 4096


def measured_alone(name: str, n: int) -> dict[str, float]:
    """CPU seconds of one run on n rows at 1:100, and by how much the peak of memory grew, in MiB."""
    torch.set_num_threads(THREADS)
    resample = part(name)
    resample(clouds(3_000, 20), np.random.default_rng(0))  # imports and first calls do not count
    view = clouds(n, 100)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux: the peak starts from here
    before = _status("VmRSS")
    with threadpool_limits(THREADS):
        start = time.process_time()
        resample(view, np.random.default_rng(0))
        seconds = time.process_time() - start
    return {"seconds": seconds, "peak_mib": (_status("VmHWM") - before) / 1024}


def _status(field: str) -> int:
    """KiB of memory of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field)))


if __name__ == "__main__":
    print(json.dumps(measured_alone(sys.argv[1], int(sys.argv[2]))))

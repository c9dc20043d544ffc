"""Our resamplers against imbalanced-learn, side by side in one process: same rows out, how much sooner.

    OMP_NUM_THREADS=1 python -m pytest benchmarks/test_resamplers.py -s -p no:cacheprovider

Each case runs imbalanced-learn and ours in turn (A B A B ...) and prints the ratio of the medians, of CPU time of the
process: on a shared machine wall time says more about the neighbours. ``IMBENCH_BENCH_FULL=1`` adds the large sizes of
the slow methods, where imbalanced-learn takes minutes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
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
    "smote_tomek": {SMALL: 1.0, MIDDLE: 5.0, LARGE: 5.0},
    "smote_enn": {SMALL: 1.0, MIDDLE: 5.0, LARGE: 5.0},
}

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
@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=lambda size: f"{size[0]}")
@pytest.mark.parametrize("name", MAKERS)
def test_same_rows_sooner(benchmark, name, size):
    slow = name in ("smote_tomek", "smote_enn")
    if slow and size == LARGE and not FULL:
        pytest.skip("imbalanced-learn takes minutes: set IMBENCH_BENCH_FULL=1")
    view = clouds(*size)
    seed = int(np.random.default_rng(0).integers(2**31 - 1))
    sampler, resample = MAKERS[name](seed), part(name)

    def ours():
        return resample(view, np.random.default_rng(0))

    def theirs():
        return sampler.fit_resample(view.x, view.y)

    x, y = rows(view, ours())
    if not (slow and size == LARGE):
        wanted_x, wanted_y = theirs()
        mine, reference = np.argsort(y, kind="stable"), np.argsort(wanted_y, kind="stable")
        np.testing.assert_array_equal(x[mine], wanted_x[reference])
        np.testing.assert_array_equal(y[mine], wanted_y[reference])
    rounds = {SMALL: 15, MIDDLE: 5, LARGE: 1 if slow else 3}[size]
    times = in_turn(theirs, ours, rounds)
    ratio = report(benchmark, name, size, *times)
    benchmark.pedantic(ours, rounds=1)
    assert ratio >= BARS[name][size] * (1 - NOISE)


@pytest.mark.timeout(1800)
def test_fast_centroids(benchmark):
    """Other centres, an order of magnitude sooner, and worth as much: AP within the spread of seeds."""
    size = (100_000, 20) if FULL else (20_000, 20)
    view, held_out = clouds(*size), clouds(20_000, 20, seed=0)
    exact, fast = part("cluster_centroids"), part("cluster_centroids", fast=True)
    times = in_turn(
        lambda: exact(view, np.random.default_rng(0)), lambda: fast(view, np.random.default_rng(0)), 1 if FULL else 3
    )
    ratio = report(benchmark, "cluster_centroids(fast)", size, *times)
    benchmark.pedantic(lambda: fast(view, np.random.default_rng(0)), rounds=1)

    def score(resample, seed):
        x, y = rows(view, resample(view, np.random.default_rng(seed)))
        model = LogisticRegression(max_iter=1000).fit(x, y)
        return average_precision_score(held_out.y, model.predict_proba(held_out.x)[:, 1])

    seeds = range(1 if FULL else 3)
    of_exact, of_fast = (np.array([score(resample, seed) for seed in seeds]) for resample in (exact, fast))
    print(f"AP of a logistic regression: exact {of_exact.round(4)}, fast {of_fast.round(4)}")
    assert abs(of_exact.mean() - of_fast.mean()) < 0.02
    assert ratio >= (20 if FULL else 5) * (1 - NOISE)

"""The adapter against the library itself. Skipped as a whole where either is not installed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

import imbench
from imbench import TrainView

pytest.importorskip("imbench_imblearn_extra", reason="the adapter is optional: see its README")
pytest.importorskip("imblearn_extra", reason="imbalanced-learn-extra is not installed: see the adapter's README")

from imbench_imblearn_extra import resampling
from imbench_imblearn_extra.specs import LEFT_OUT, SPECS

PROBE = """
import json, sys
import imbench.plugin.hookspecs, imbench.plugin.specs
import imbench_imblearn_extra
names = [spec.name for spec in imbench_imblearn_extra.imbench_strategies()]
heavy = [name for name in ("imblearn", "imblearn_extra", "sklearn", "torch", "numpy") if name in sys.modules]
print(json.dumps({"heavy": heavy, "names": names}))
"""

every_oversampler = pytest.mark.parametrize("name", sorted(resampling.HOMES))


def blobs(counts, d=2, seed=0) -> TrainView:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    x = (rng.normal(size=(len(y), d)) + y[:, None]).astype(np.float32)
    x.setflags(write=False)
    y.setflags(write=False)
    known = {"variable": np.arange(d)} if "variable" in TrainView.__dataclass_fields__ else {}
    return TrainView(x=x, y=y, n_classes=len(counts), categorical=np.zeros(d, dtype=bool), **known)


def run(name, data, seed=0, proportion=1.0):
    return getattr(resampling, name)(proportion=proportion).resample(data, np.random.default_rng(seed))


def test_every_oversampler_of_the_library_is_offered_or_left_out_with_a_reason():
    from imblearn.base import BaseSampler

    found = {
        name
        for module in ("imblearn_extra.gsmote", "imblearn_extra.clover.over_sampling")
        for name, each in vars(importlib.import_module(module)).items()
        if isinstance(each, type) and issubclass(each, BaseSampler)
    }
    offered = {spec.make.partition(":")[2] for spec in SPECS}
    assert offered == set(resampling.HOMES)
    assert offered | set(LEFT_OUT) == found
    assert all(spec.paper and spec.summary for spec in SPECS)


def test_listing_imports_nothing_heavy():
    seen = json.loads(subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True).stdout)
    assert seen == {"heavy": [], "names": [spec.name for spec in SPECS]}


def test_without_the_library_the_reason_says_what_to_install(monkeypatch):
    monkeypatch.setattr(resampling, "find_spec", lambda name: None)
    with pytest.raises(imbench.PluginError, match="pip install"):
        resampling.recipe("SOMO", 1.0)


@every_oversampler
@pytest.mark.parametrize("counts", [[400, 100], [300, 90, 60]], ids=str)
def test_rows_are_exactly_what_the_library_returns(name, counts):
    data = blobs(counts)
    made = run(name, data)
    seed = int(np.random.default_rng(0).integers(2**31 - 1))
    library = getattr(importlib.import_module(resampling.HOMES[name]), name)
    np.random.seed(seed)
    x, y = library(random_state=seed).fit_resample(data.x, data.y)
    np.testing.assert_array_equal(made.keep, np.arange(len(data.y)))
    np.testing.assert_array_equal(made.made_x, x[len(data.y) :])
    np.testing.assert_array_equal(made.made_y, y[len(data.y) :])


@every_oversampler
def test_a_seed_repeats_whatever_the_global_generator_holds_and_leaves_it_alone(name):
    data = blobs([400, 100])
    np.random.seed(1)
    first = run(name, data)
    np.random.seed(2)
    before = np.random.get_state()[1].copy()
    second = run(name, data)
    np.testing.assert_array_equal(first.made_x, second.made_x)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_proportion_is_the_share_of_the_difference():
    assert len(run("GeometricSMOTE", blobs([60, 20]), proportion=0.25).made_y) == 10


@pytest.mark.parametrize("counts", [[10, 10], [20, 0]], ids=str)
def test_what_is_not_done_is_said(counts):
    data = blobs(counts)
    made = run("GeometricSMOTE", data)
    assert made.made_y is None
    assert made.note.startswith("no-op: ")
    np.testing.assert_array_equal(made.keep, np.arange(len(data.y)))


def test_what_the_library_raises_is_raised():
    with pytest.raises(ValueError, match="n_neighbors"):
        run("GeometricSMOTE", blobs([30, 3]))

"""The plugin as imbench sees it: loaded through its entry point, cheap to list, complete in what it says."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from resampling_views import CLEANING, TO_LARGEST, TO_SMALLEST

from imbench import UsageError
from imbench.plugin.loading import load
from imbench.plugin.specs import resolve
from imbench.strategy.parts import Resample, prior_effect
from imbench_resampling.specs import SPECS

IDS = [spec.name for spec in SPECS]
every_spec = pytest.mark.parametrize("spec", SPECS, ids=IDS)

PROBE = """
import json, sys, time
import imbench.plugin.hookspecs, imbench.plugin.specs
before = time.perf_counter()
import imbench_resampling
names = [spec.name for spec in imbench_resampling.imbench_strategies()]
seconds = time.perf_counter() - before
heavy = [name for name in ("imblearn", "sklearn", "torch", "numpy", "pandas", "scipy") if name in sys.modules]
print(json.dumps({"seconds": seconds, "heavy": heavy, "names": names}))
"""


def test_the_installed_plugin_loads():
    registry = load(only={"resampling"})
    (plugin,) = registry.plugins
    assert plugin.status == "ok", plugin.reason
    assert plugin.origin.dist == "imbench-resampling"
    assert {offer.full_name for offer in registry.strategies} == {f"resampling/{name}" for name in IDS}
    assert {
        "random_over", "random_under", "smote", "borderline_smote", "svm_smote", "adasyn", "tomek", "enn", "nearmiss",
        "cluster_centroids", "smote_tomek", "smote_enn", "oss", "cnn", "ncr", "kmeans_smote", "smotenc", "smoten",
        "mgs", "iht", "renn", "allknn",
    } == set(IDS)  # fmt: skip


def test_listing_is_quick_and_imports_nothing_heavy():
    def probe():
        return json.loads(subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True).stdout)

    seen = probe()
    assert seen["heavy"] == []
    assert seen["names"] == IDS
    # a busy machine may stretch one start, hardly the best of five
    assert min(seen["seconds"], *(probe()["seconds"] for _ in range(4))) < 0.05


@every_spec
def test_a_spec_is_complete(spec):
    assert spec.family == "data"
    assert spec.paper
    assert spec.notes.strip() == spec.notes
    assert len(spec.notes) > 20
    assert isinstance(spec.make, str)
    assert set(inspect.signature(resolve(spec.make)).parameters) == set(spec.params)
    for parameter in spec.params.values():
        assert parameter.summary
        if parameter.grid:
            assert 2 <= len(set(parameter.grid)) == len(parameter.grid) <= 4
        bounded = parameter.low is not None and parameter.high is not None
        assert bounded or parameter.choices or isinstance(parameter.default, bool)


@every_spec
def test_a_spec_builds_one_part_that_compares_by_value(spec):
    first, second = spec.build({}), spec.build({})
    assert list(first.parts()) == ["resample"]
    assert isinstance(first.resample, Resample)
    assert first == second
    assert hash(first.resample) == hash(second.resample)
    assert type(first.resample).__dataclass_params__.frozen
    for name, parameter in spec.params.items():
        assert getattr(first.resample, name) == parameter.default


@every_spec
def test_what_can_be_tuned_has_a_grid(spec):
    assert any(parameter.grid for parameter in spec.params.values()) == bool(spec.params)


@every_spec
def test_parameters_reach_the_part(spec):
    for name, parameter in spec.params.items():
        if parameter.choices:
            values = parameter.choices
        elif isinstance(parameter.default, bool):
            values = (True, False)
        else:
            values = (type(parameter.default)(parameter.low), type(parameter.default)(parameter.high))
        for value in values:
            assert getattr(spec.build({name: value}).resample, name) == value


def test_out_of_bounds_is_one_line():
    smote = {spec.name: spec for spec in SPECS}["smote"]
    with pytest.raises(UsageError, match=r"smote\.k.*at least 1, got 0"):
        smote.build({"k": 0})


def test_the_effect_on_the_prior_is_declared():
    effects = {spec.name: prior_effect(spec.build({}).resample) for spec in SPECS}
    assert {effects[name] for name in CLEANING} == {"keeps"}
    assert {effects[name] for name in (*TO_LARGEST, *TO_SMALLEST, "smote_tomek", "smote_enn", "oss", "cnn", "iht")} == {
        "corrects-effective"
    }


def test_the_readme_lists_every_strategy():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z_]+)`", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(IDS)


def test_random_states_fit_what_imbalanced_learn_takes():
    from imbench_resampling.common import draw_seed

    drawn = [draw_seed(np.random.default_rng(seed)) for seed in range(200)]
    assert all(0 <= seed < 2**31 - 1 for seed in drawn)
    assert len(set(drawn)) > 190

"""The adapter against the library itself. Skipped as a whole where either is not installed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest

import imbench
from imbench import Resampled, TrainView

pytest.importorskip("imbench_smote_variants", reason="the adapter is optional: see its README")
sv = pytest.importorskip("smote_variants", reason="smote-variants is installed apart: see the adapter's README")

from imbench_smote_variants import regenerate, resampling  # noqa: E402
from imbench_smote_variants.catalogue import MADE_FROM, OVERSAMPLERS  # noqa: E402
from imbench_smote_variants.rows import resampled  # noqa: E402
from imbench_smote_variants.specs import LEFT_OUT, SPECS  # noqa: E402

PROBE = """
import json, sys
from importlib.util import find_spec
import imbench.plugin.hookspecs, imbench.plugin.specs
import imbench_smote_variants
names = [spec.name for spec in imbench_smote_variants.imbench_strategies()]
heavy = [name for name in ("smote_variants", "sklearn", "torch", "numpy", "pandas", "scipy") if name in sys.modules]
print(json.dumps({"heavy": heavy, "names": names}))
"""

#: Quick ones; all but the last give back the rows they got and new ones after them.
QUICK = ["SMOTE", "Borderline_SMOTE1", "ADASYN", "ROSE", "Lee", "polynom_fit_SMOTE_star", "MWMOTE", "SMOTE_D", "NRAS"]
#: Quick ones that remove, relabel, move, copy or reorder rows.
CHANGING = ["SPY", "VIS_RST", "SUNDO", "ISMOTE", "Gazzah", "AHC", "MCT", "KernelADASYN"]


def view(x, y, n_classes=None) -> TrainView:
    x = np.ascontiguousarray(x, dtype=np.float32)
    y = np.asarray(y, dtype=np.int64)
    x.setflags(write=False)
    y.setflags(write=False)
    d = x.shape[1]
    known = {"variable": np.arange(d)} if "variable" in TrainView.__dataclass_fields__ else {}
    return TrainView(x=x, y=y, n_classes=n_classes or int(y.max()) + 1, categorical=np.zeros(d, dtype=bool), **known)


def blobs(counts, d=4, seed=0, spread=1.5) -> TrainView:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return view(rng.normal(size=(len(y), d)) + spread * y[:, None], y, len(counts))


def run(name, data, seed=0, **params) -> Resampled:
    return getattr(resampling, name)(**params).resample(data, np.random.default_rng(seed))


def rows(data: TrainView, made: Resampled):
    """The table that an outcome stands for, sorted, so that tables with other orders compare equal."""
    x, y = data.x[made.keep], data.y[made.keep]
    if made.made_x is not None:
        x, y = np.vstack([x, made.made_x]), np.concatenate([y, made.made_y])
    return ordered(x, y)


def ordered(x, y):
    table = np.column_stack([np.asarray(x, np.float32) + 0, np.asarray(y, np.float32)])
    return table[np.lexsort(table.T)]


def library(name, data: TrainView, seed=0, **params):
    state = int(np.random.default_rng(seed).integers(2**31 - 1))
    np.random.seed(state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return getattr(sv, name)(random_state=state, **params).sample(data.x.astype(np.float64), data.y.copy())


def test_the_catalogue_is_what_is_installed():
    assert sv.__version__ == MADE_FROM, "run python -m imbench_smote_variants.regenerate"
    assert regenerate.discover() == OVERSAMPLERS


def test_every_oversampler_is_offered_or_left_out_with_a_reason():
    offered = {spec.make.partition(":")[2] for spec in SPECS}
    assert offered | set(LEFT_OUT) == {each.__name__ for each in sv.get_all_oversamplers()}
    assert not offered & set(LEFT_OUT)
    assert len({spec.name for spec in SPECS}) == len(SPECS) == 89
    assert all(spec.paper and spec.summary for spec in SPECS)


def test_listing_imports_nothing_heavy():
    seen = json.loads(subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True).stdout)
    assert seen == {"heavy": [], "names": [spec.name for spec in SPECS]}


def test_without_the_library_the_reason_says_what_to_install(monkeypatch):
    monkeypatch.setattr(resampling, "find_spec", lambda name: None)
    with pytest.raises(imbench.PluginError, match="pip install --no-deps smote-variants"):
        resampling.recipe("SMOTE", 1.0)


@pytest.mark.parametrize("name", QUICK + CHANGING)
def test_two_classes_are_exactly_what_the_library_returns(name):
    data = blobs([90, 14])
    x, y = library(name, data)
    made = run(name, data)
    np.testing.assert_array_equal(rows(data, made), ordered(x, y))
    assert np.isin(made.keep, np.arange(len(data.y))).all()


@pytest.mark.parametrize("name", ["SMOTE", "ROSE", "Random_SMOTE", "MDO"])
def test_rows_of_the_data_are_kept_by_index(name):
    data = blobs([60, 12])
    made = run(name, data)
    np.testing.assert_array_equal(made.keep, np.arange(72))
    assert len(made.made_y) == 48
    assert (made.made_y == 1).all()


@pytest.mark.parametrize("name", ["SMOTE", "ROSE", "Lee", "ProWSyn", "distance_SMOTE"])
def test_many_classes_are_what_its_own_multiclass_frame_makes(name):
    data = blobs([50, 30, 12])
    state = int(np.random.default_rng(0).integers(2**31 - 1))
    frame = sv.MulticlassOversampling(name, {"random_state": state})
    x, y = frame.sample(data.x.astype(np.float64), data.y.copy())
    np.testing.assert_array_equal(rows(data, run(name, data)), ordered(x, y))


def test_many_classes_with_ties_and_an_absent_class():
    data = blobs([40, 40, 9, 0, 5])
    made = run("SMOTE", data)
    assert np.bincount(np.concatenate([data.y[made.keep], made.made_y])).tolist() == [40, 40, 40, 0, 40]
    half = run("SMOTE", data, proportion=0.5)
    assert np.bincount(np.concatenate([data.y[half.keep], half.made_y])).tolist() == [40, 40, 24, 0, 22]


def test_proportion_is_the_share_of_the_difference():
    data = blobs([60, 20])
    assert len(run("SMOTE", data, proportion=0.25).made_y) == 10


@pytest.mark.parametrize("name", [*QUICK, *CHANGING, "LVQ_SMOTE", "SMOTE_IPF"])
def test_a_seed_repeats_whatever_the_global_generators_hold_and_leaves_them_alone(name):
    data = blobs([60, 12])
    np.random.seed(1)
    first = run(name, data, 5)
    np.random.seed(2)
    random.seed(3)
    before, mine = np.random.get_state()[1].copy(), random.getstate()
    second = run(name, data, 5)
    np.testing.assert_array_equal(first.keep, second.keep)
    np.testing.assert_array_equal(rows(data, first), rows(data, second))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert random.getstate() == mine


@pytest.mark.parametrize("counts", [[30, 2], [30, 1], [10, 10], [20, 0]], ids=str)
def test_what_is_not_done_is_said(counts):
    data = blobs(counts)
    made = run("SMOTE", data)
    assert made.made_y is None
    np.testing.assert_array_equal(made.keep, np.arange(len(data.y)))
    assert made.note.startswith("no-op: ")


def test_the_note_of_a_no_op_is_the_librarys_own_reason():
    assert "Too few minority samples" in run("SMOTE", blobs([30, 2])).note
    assert "returning copies" in run("SMOTE", blobs([10, 10])).note


def test_rows_that_come_back_changed_are_made():
    data = view([[0, 1], [2, 3], [-0.0, 5], [0, 1]], [0, 0, 1, 0])
    x = np.array([[0, 1], [2, 3], [0.0, 5], [0, 1], [2, 3], [2, 3], [0, 1.00001]])
    made = resampled(data, x, np.array([0, 0, 1, 0, 1, 0, 0]), "it")
    # -0.0 is 0.0; equal rows take turns; another label or another number is a made row
    assert made.keep.tolist() == [0, 1, 2, 3, 1]
    np.testing.assert_array_equal(made.made_x, np.array([[2, 3], [0, 1.00001]], dtype=np.float32))
    assert made.made_y.tolist() == [1, 0]
    lost = resampled(data, x[1:3], np.array([0, 1]), "it")
    assert lost.keep.tolist() == [1, 2]
    assert lost.note.startswith("2 of 4 training rows")
    assert lost.made_x is None
    assert lost.made_y is None
    shuffled = resampled(data, data.x[[3, 2, 1, 0]], data.y[[3, 2, 1, 0]], "it")
    assert shuffled.keep.tolist() == [0, 1, 2, 3]
    assert shuffled.note == "no-op: it returned the rows it was given"


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_does_change_the_columns(name):
    data = blobs([60, 14], d=6)
    with pytest.raises(ValueError, match="expected rows of 6 features"):
        resampled(data, *library(name, data), name)


def test_what_the_library_raises_is_raised():
    with pytest.raises(Exception, match="not full rank"):
        run("SMMO", blobs([40, 8], d=20))

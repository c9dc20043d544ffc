"""The plugin as imbench sees it, and what every strategy of it must stand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ensemble_trials import LIBRARIES, SMALL, SPECS, clouds, strategy
from sklearn.metrics import average_precision_score

from imbench import EnvironmentFault
from imbench.plugin.loading import load
from imbench.strategy.compose import build
from imbench.training.member import after

README = Path(__file__).parents[1] / "README.md"


def built(name, **params):
    """The strategy, unless the library that it needs is an extra that is not installed."""
    if name in LIBRARIES:
        pytest.importorskip(name)
    return strategy(name, **params)


@pytest.fixture(scope="module")
def binary():
    return clouds([380, 20], spread=1.5)


@pytest.fixture(scope="module")
def twenty():
    return clouds([60] * 10 + [12] * 9 + [1], features=8)


def test_offers_and_what_each_says():
    registry = load(only={"ensembles"})
    assert [(plugin.status, plugin.reason) for plugin in registry.plugins] == [("ok", "")]
    assert registry.strategies.short_names() == sorted(SMALL)
    readme = README.read_text()
    for spec in SPECS.values():
        assert f"`{spec.name}`" in readme
        assert all([spec.alone, spec.paper, spec.notes])  # a Fit never packs
        assert all(parameter.grid and parameter.summary for parameter in spec.params.values())
        assert spec.budgeted == ("networks" in spec.name)
    assert build(registry.strategies, "self_paced(members=3)").fit == strategy("self_paced", members=3)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, imbench_ensembles as plugin; list(plugin.imbench_strategies());"
        "print({'torch', 'sklearn', 'imblearn', 'lightgbm', 'xgboost', 'catboost'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def check(scores, n, classes):
    assert scores.shape == (n, classes)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_learns_repeats_and_ignores_foreign_randomness(name, binary):
    fit = built(name)
    predict = fit.fit(binary)
    np.random.seed(4)
    scores = predict(binary.x_validation)
    check(scores, 80, 2)
    assert average_precision_score(binary.y_validation, scores[:, 1]) > 0.75  # of half positives
    np.testing.assert_array_equal(fit.fit(binary)(binary.x_validation), scores)
    np.testing.assert_allclose(predict(binary.x_validation[:7]), scores[:7], atol=1e-6)
    other = fit.fit(replace(binary, at=replace(binary.at, seed=1)))(binary.x_validation)
    if name not in ("lightgbm", "xgboost"):  # these draw nothing
        assert not np.array_equal(other, scores)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_twenty_classes_one_of_a_single_row(name, twenty):
    scores = built(name).fit(twenty)(twenty.x_validation)
    check(scores, 800, 20)
    hits = scores.argmax(axis=1) == twenty.y_validation
    assert hits[twenty.y_validation < 19].mean() > 0.1  # chance: 0.05


@pytest.mark.parametrize("name", sorted(SMALL))
@pytest.mark.parametrize("kept", [1, 2])
def test_a_class_of_one_or_two_rows(name, kept, binary):
    keep = np.concatenate([np.flatnonzero(binary.y == 0)[:60], np.flatnonzero(binary.y == 1)[:kept]])
    few = replace(binary, x=binary.x[keep], y=binary.y[keep])
    if "networks" in name:
        few = clouds([60, kept])
    check(built(name).fit(few)(binary.x_validation), 80, 2)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_absent_classes_and_a_single_class(name):
    full = clouds([80, 0, 30])
    scores = built(name).fit(full)(full.x_validation)
    check(scores, 120, 3)
    if "networks" not in name:  # a network may say anything there
        assert (scores[:, 1] == 0).all()
    rest = full.y_validation != 1
    assert average_precision_score(full.y_validation[rest] == 2, scores[rest, 2]) > 0.8

    single = clouds([0, 30, 0])
    np.testing.assert_array_equal(built(name).fit(single)(single.x), np.tile(np.float32([0, 1, 0]), (30, 1)))


def stands_for(scores, labels):
    """The prior q that scores stand for on average: q = Σ_c q_c·E[scores | c]."""
    classes = scores.shape[1]
    means = np.stack([scores[labels == c].mean(axis=0) for c in range(classes)])
    q = np.full(classes, 1 / classes)
    for _ in range(2000):
        q = q @ means
    return q / q.sum()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("random_forest", {}),
        ("random_forest", {"weighted": True, "min_samples_leaf": 20}),
        ("balanced_random_forest", {}),
        ("balanced_bagging", {}),
        ("easy_ensemble", {}),
        ("rusboost", {}),
        ("self_paced", {}),
        ("balance_cascade", {}),
        ("smote_boost", {}),
        ("bagged_networks", {}),
        ("self_paced_networks", {}),
        *((name, {"weighting": weighting}) for name in LIBRARIES for weighting in ("none", "sqrt", "balanced")),
    ],
)
def test_the_prior_is_declared_truthfully(name, params):
    """In log odds the declared prior is the nearest of natural, half-way and uniform."""
    data = clouds([900, 100], spread=0.4, features=2, steps=200)
    simple = {"lightgbm": {"max_leaf_nodes": 4}, "xgboost": {"max_depth": 2}, "catboost": {"max_depth": 2}}
    fit = built(name, **params, **simple.get(name, {}))
    found = np.log(np.divide(*stands_for(fit.fit(data)(data.x_validation), data.y_validation)))
    declared = after(fit, data.prior)
    candidates = np.array([0.0, np.log(3), np.log(9)])  # uniform, √, natural
    assert abs(candidates - found).argmin() == abs(candidates - np.log(declared[0] / declared[1])).argmin()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_missing_library_is_one_clear_line(name, binary, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EnvironmentFault, match=rf"^needs {name}: pip install 'imbench-ensembles\[{name}\]'$"):
        strategy(name).fit(binary)

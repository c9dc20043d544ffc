"""The plugin as imbench sees it, and the fits among the baselines."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from imbench import Recipe, Trial, UsageError
from imbench.matrix.cell import Budget, Coordinates
from imbench.plugin.loading import load
from imbench.plugin.specs import resolve
from imbench.strategy.compose import build
from imbench.strategy.parts import prior_effect
from imbench_baselines.fits import BoostedTrees, Prior

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def registry():
    found = load(only={"baselines"})
    assert [(plugin.status, plugin.reason) for plugin in found.plugins] == [("ok", "")]
    return found


class NoNetworks:
    def train(self, trainings):
        raise AssertionError("these fits train no network")

    descend = train


@pytest.fixture(scope="module")
def trial():
    x, y = make_classification(
        900, 8, n_informative=5, n_classes=3, weights=[0.8, 0.15, 0.05], class_sep=1.5, random_state=0
    )
    x, y = x.astype(np.float32), y.astype(np.int64)
    return Trial(
        x=x[:600],
        y=y[:600],
        x_validation=x[600:],
        y_validation=y[600:],
        n_classes=3,
        categorical=np.zeros(8, dtype=bool),
        budget=Budget(),
        at=Coordinates(dataset="made", ratio="natural", seed=0),
        device="cpu",
        engine=NoNetworks(),
    )


def test_offers(registry):
    assert registry.strategies.short_names() == ["erm", "gbdt", "prior", "threshold"]
    assert [offer.spec.name for offer in registry.backbones] == ["mlp"]
    assert [offer.spec.name for offer in registry.strategies if f"`{offer.spec.name}" not in README.read_text()] == []


def test_listing_imports_neither_torch_nor_sklearn():
    code = (
        "import sys, imbench_baselines as plugin; list(plugin.imbench_strategies()); list(plugin.imbench_backbones());"
        "print({'torch', 'sklearn'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_erm_is_the_empty_recipe_and_threshold_only_decides(registry):
    assert build(registry.strategies, "erm").recipe == Recipe()
    composed = build(registry.strategies, "erm+threshold").recipe
    assert composed.training() == Recipe()
    assert list(composed.parts()) == ["decide"]
    assert build(registry.strategies, "gbdt+threshold").fit == BoostedTrees()
    with pytest.raises(UsageError, match="metric"):
        build(registry.strategies, 'threshold(metric="accuracy")')


def test_mlp_is_named_by_a_target_that_exists(registry):
    spec = registry.backbones.find("mlp").spec
    network = resolve(spec.make)(7, 3, **{name: parameter.default for name, parameter in spec.params.items()})
    assert (network.n_features, network.n_classes, network.hidden, network.layers) == (7, 3, 128, 2)


@pytest.mark.parity
def test_prior_predicts_the_class_frequencies(parity, trial):
    scores = Prior().fit(trial)(trial.x_validation)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, np.tile(np.bincount(trial.y) / 600, (300, 1)).astype(np.float32))
    theirs = DummyClassifier(strategy="prior").fit(trial.x, trial.y).predict_proba(trial.x_validation)
    np.testing.assert_array_equal(scores, theirs.astype(np.float32))
    parity("prior", "scikit-learn's DummyClassifier, float32", (scores, theirs.astype(np.float32)))


@pytest.mark.parity
@pytest.mark.parametrize("weighted", [False, True])
def test_gbdt_is_scikit_learns(parity, trial, weighted):
    strategy = BoostedTrees(max_iter=20, learning_rate=0.2, weighted=weighted)
    scores = strategy.fit(trial)(trial.x_validation)
    theirs = HistGradientBoostingClassifier(
        max_iter=20,
        learning_rate=0.2,
        class_weight="balanced" if weighted else None,
        early_stopping=False,
        random_state=trial.seed("gbdt"),
    ).fit(trial.x, trial.y)
    expected = theirs.predict_proba(trial.x_validation).astype(np.float32)
    np.testing.assert_array_equal(scores, expected)
    parity("gbdt", "scikit-learn's HistGradientBoostingClassifier, float32", (scores, expected))
    assert prior_effect(strategy) == ("corrects-effective" if weighted else "keeps")
    np.testing.assert_array_equal(scores, strategy.fit(trial)(trial.x_validation))


def test_gbdt_learns_something(trial):
    scores = BoostedTrees().fit(trial)(trial.x_validation)
    rare = trial.y_validation == 2
    assert average_precision_score(rare, scores[:, 2]) > 3 * rare.mean()


def test_gbdt_keeps_the_class_order_when_a_class_is_absent(trial):
    keep = trial.y != 1
    scores = BoostedTrees(max_iter=5).fit(replace(trial, x=trial.x[keep], y=trial.y[keep]))(trial.x_validation)
    assert scores.shape == (300, 3)
    assert (scores[:, 1] == 0).all()
    assert average_precision_score(trial.y_validation == 2, scores[:, 2]) > 0.2
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)


def test_gbdt_with_one_class_or_one_example_of_a_class(trial):
    one = trial.y == 0
    scores = BoostedTrees(max_iter=5).fit(replace(trial, x=trial.x[one], y=trial.y[one]))(trial.x_validation)
    np.testing.assert_array_equal(scores, np.tile(np.float32([1, 0, 0]), (300, 1)))

    one[np.flatnonzero(trial.y == 2)[0]] = True
    scores = BoostedTrees(max_iter=5, weighted=True).fit(replace(trial, x=trial.x[one], y=trial.y[one]))(trial.x)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)

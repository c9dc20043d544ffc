"""The same scores, exactly, as the estimators of the libraries behind them."""

from __future__ import annotations

import numpy as np
import pytest
from ensemble_trials import clouds, strategy
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

CLASSES = ([300, 30], [200, 60, 25])


@pytest.mark.parity
@pytest.mark.parametrize("counts", CLASSES)
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("random_forest", lambda seed: RandomForestClassifier(20, random_state=seed)),
        ("balanced_random_forest", lambda seed: BalancedRandomForestClassifier(20, random_state=seed)),
        ("balanced_bagging", lambda seed: BalancedBaggingClassifier(n_estimators=10, random_state=seed)),
        ("easy_ensemble", lambda seed: EasyEnsembleClassifier(2, random_state=seed)),
        (
            "rusboost",
            lambda seed: RUSBoostClassifier(
                DecisionTreeClassifier(max_depth=3), n_estimators=10, learning_rate=0.1, random_state=seed
            ),
        ),
    ],
)
def test_imbalanced_learn(parity, name, theirs, counts):
    trial = clouds(counts, spread=0.8)
    ours = strategy(name).fit(trial)
    expected = theirs(trial.seed(name)).fit(trial.x, trial.y)
    same = ours(trial.x_validation), expected.predict_proba(trial.x_validation).astype(np.float32)
    np.testing.assert_array_equal(*same)
    assert ours.notes["members"] == len(expected.estimators_)
    library = {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}[type(expected).__module__.partition(".")[0]]
    parity(name, f"{library}'s {type(expected).__name__}, float32", same)


def weights_of(y, power):
    return (np.bincount(y).max() / np.bincount(y)[y]) ** power


@pytest.mark.parity
@pytest.mark.parametrize("counts", CLASSES)
@pytest.mark.parametrize(("weighting", "power"), [("none", 0.0), ("sqrt", 0.5), ("balanced", 1.0)])
def test_boosting_libraries(parity, counts, weighting, power):
    trial = clouds(counts, spread=0.8)
    x, y, rows, weights = trial.x, trial.y, trial.x_validation, weights_of(trial.y, power)

    library = pytest.importorskip("lightgbm")
    theirs = library.LGBMClassifier(n_estimators=20, n_jobs=1, random_state=trial.seed("lightgbm"), verbosity=-1)
    theirs.fit(x, y, sample_weight=weights)
    expected = theirs.booster_.predict(rows)
    expected = expected if expected.ndim == 2 else np.stack([1 - expected, expected], axis=1)
    ours = strategy("lightgbm", weighting=weighting).fit(trial)
    np.testing.assert_allclose(ours(rows), expected, atol=1e-6)
    assert ours.notes["library"] == f"lightgbm {library.__version__}"
    parity("lightgbm", "LGBMClassifier, float32", (ours(rows), expected))

    library = pytest.importorskip("xgboost")
    theirs = library.XGBClassifier(
        n_estimators=20, learning_rate=0.1, n_jobs=1, random_state=trial.seed("xgboost"), tree_method="hist"
    )
    expected = theirs.fit(x, y, sample_weight=weights).predict_proba(rows)
    scores = strategy("xgboost", weighting=weighting).fit(trial)(rows)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    parity("xgboost", "XGBClassifier, float32", (scores, expected))

    library = pytest.importorskip("catboost")
    named = {"none": None, "sqrt": "SqrtBalanced", "balanced": "Balanced"}[weighting]
    theirs = library.CatBoostClassifier(
        iterations=20,
        learning_rate=0.1,
        thread_count=1,
        random_seed=trial.seed("catboost"),
        auto_class_weights=named,
        logging_level="Silent",
        allow_writing_files=False,
    )
    expected = theirs.fit(x, y).predict_proba(rows)
    scores = strategy("catboost", weighting=weighting).fit(trial)(rows)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    parity("catboost", "CatBoostClassifier, float32", (scores, expected))


def test_rusboost_whose_first_tree_is_no_better_than_chance_is_that_tree():
    trial = clouds([60, 1], spread=0.1)
    seed = trial.seed("rusboost")
    theirs = RUSBoostClassifier(DecisionTreeClassifier(max_depth=3), learning_rate=0.1, random_state=seed)
    with pytest.raises(ValueError, match="worse than random"):
        theirs.fit(trial.x, trial.y)
    ours = strategy("rusboost").fit(trial)
    assert ours.notes["members"] == 1
    assert "first tree" in ours.notes["note"]
    assert set(ours(trial.x)[trial.y == 1, 1]) == {1.0}


def test_trees_of_rusboost_have_a_leaf_for_every_class():
    trial = clouds([40] * 20)
    assert strategy("rusboost").fit(trial).notes["depth"] == 5

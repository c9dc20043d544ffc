"""Values that others published, computed with our scoring: imbalanced-learn's ``doc/ensemble.rst``.

The page prints its numbers cut off (0.77…, 0.8…, 0.8…, 0…, 0.6…); the four digits are what its code gives with
scikit-learn 1.9 and imbalanced-learn 0.14.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from imbench.scoring import decision_metrics

PUBLISHED = {
    "bagging": (BaggingClassifier(DecisionTreeClassifier(), random_state=0), 0.7740),
    "balanced bagging": (
        BalancedBaggingClassifier(
            DecisionTreeClassifier(), sampling_strategy="auto", replacement=False, random_state=0
        ),
        0.8251,
    ),
    "balanced random forest": (
        BalancedRandomForestClassifier(
            n_estimators=100, random_state=0, sampling_strategy="all", replacement=True, bootstrap=False
        ),
        0.8350,
    ),
    "RUSBoost": (RUSBoostClassifier(n_estimators=200, random_state=0), 0.5883),
    "EasyEnsemble": (EasyEnsembleClassifier(random_state=0), 0.6906),
}


@pytest.fixture(scope="module")
def example() -> list[Any]:
    """Training and test part of the page's data: three classes of 1, 5 and 94 %."""
    x, y = make_classification(
        n_samples=10_000, n_features=2, n_informative=2, n_redundant=0, n_repeated=0, n_classes=3,
        n_clusters_per_class=1, weights=[0.01, 0.05, 0.94], class_sep=0.8, random_state=0,
    )  # fmt: skip
    return train_test_split(x, y, random_state=0)


@pytest.mark.parametrize("method", PUBLISHED)
def test_balanced_accuracy_is_the_published_one(method: str, example: list[Any]) -> None:
    x, x_test, y, y_test = example
    estimator, published = PUBLISHED[method]
    predicted = estimator.fit(x, y).predict(x_test)
    measured = decision_metrics(predicted, y_test, training_counts=np.bincount(y))
    # one row of the rarest class decided otherwise moves it by about 0.01
    assert measured.values["balanced_accuracy"] == pytest.approx(published, abs=5e-5)

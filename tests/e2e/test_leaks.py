"""Resampling before the split by mistake is impossible through the public API.

What an author would have to do, and what comes of it:

* A strategy resamples what it is shown, and that is the training part: a `TrainView` or a `Trial` has no other rows.
* A dataset plugin may make rows before imbench splits: copies of a row are one cluster, and a cluster is never cut, so
  a copy is never on both sides. (Rows that are new, such as those of SMOTE, cannot be told from real ones: a dataset
  that contains them is another dataset, with another digest and card.)
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from imbench import Dataset, TrainView, Trial
from imbench.data.block import Block
from imbench.data.prepare import prepare
from imbench.matrix.cell import Coordinates

ROWS, COPIES = 2000, 9


def noise() -> Dataset:
    """Features that say nothing about a rare class: whoever scores above chance has seen the answer."""
    rng = np.random.default_rng(3)
    labels = (np.arange(ROWS) % 20 == 0).astype(np.int64)
    features = pd.DataFrame({name: rng.normal(size=ROWS) for name in "abcd"})
    return Dataset(name="noise", features=features, labels=labels, classes=("no", "yes"))


def duplicated(dataset: Dataset) -> Dataset:
    """What `RandomOverSampler` before the split does: the rare rows again and again, shuffled in."""
    rare = np.flatnonzero(dataset.labels == 1)
    rows = np.random.default_rng(4).permutation(np.concatenate([np.arange(ROWS), np.repeat(rare, COPIES)]))
    return Dataset(
        name=dataset.name,
        features=dataset.features.iloc[rows].reset_index(drop=True),
        labels=dataset.labels[rows],
        classes=dataset.classes,
    )


def nearest(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> float:
    """How much better than chance one nearest neighbour ranks: average precision / prevalence."""
    scores = KNeighborsClassifier(1).fit(x, y).predict_proba(x_test)[:, 1]
    return float(average_precision_score(y_test, scores) / y_test.mean())


def lift(block: Block) -> float:
    return nearest(block.data.x_train, block.data.y_train, block.data.x_test, block.y_test)


def at(seed: int) -> Coordinates:
    return Coordinates(dataset="noise", ratio="natural", seed=seed)


def test_the_mistake_is_real() -> None:
    """Made by hand, with scikit-learn alone, it turns noise into a perfect model."""
    data = duplicated(noise())
    x, x_test, y, y_test = train_test_split(data.features.to_numpy(), data.labels, random_state=0, stratify=data.labels)
    assert nearest(x, y, x_test, y_test) > 2.5
    plain = noise()
    x, x_test, y, y_test = train_test_split(
        plain.features.to_numpy(), plain.labels, random_state=0, stratify=plain.labels
    )
    assert nearest(x, y, x_test, y_test) < 2.5


@pytest.mark.parametrize("seed", range(3))
def test_rows_duplicated_before_the_split_stay_on_one_side(seed: int) -> None:
    block = prepare(duplicated(noise()), at(seed))
    sides = [
        {row.tobytes() for row in part} for part in (block.data.x_train, block.data.x_validation, block.data.x_test)
    ]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_rows_duplicated_before_the_split_teach_nothing() -> None:
    """The nearest neighbour scores what it scores without the copies: chance."""
    with_copies = np.mean([lift(prepare(duplicated(noise()), at(seed))) for seed in range(5)])
    without = np.mean([lift(prepare(noise(), at(seed))) for seed in range(5)])
    assert with_copies < 1.3
    assert without < 1.3


def test_a_strategy_is_shown_training_rows_alone() -> None:
    """The only doors to data that the public API has: no test row, and no test label anywhere in what a worker gets."""
    assert {field.name for field in fields(TrainView)} == {"x", "y", "n_classes", "categorical", "variable"}
    data_of_trial = {field.name for field in fields(Trial) if field.name.startswith(("x", "y"))}
    assert data_of_trial == {"x", "y", "x_validation", "y_validation"}
    block = prepare(noise(), at(0))
    assert not hasattr(block.data, "y_test")
    labelled = {id(array) for array in vars(block.data).values() if isinstance(array, np.ndarray)}
    assert id(block.y_test) not in labelled

"""Views and parts that the tests of this plugin share."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_classification

from imbench import Recipe, TrainView
from imbench_resampling.specs import SPECS

#: Goes to equal class sizes, or as near as the data allow.
TO_LARGEST = (
    "random_over", "smote", "borderline_smote", "svm_smote", "adasyn", "kmeans_smote", "smotenc", "smoten", "mgs",
)  # fmt: skip
#: Of these, the ones that reach it whatever the data.
ALWAYS_TO_LARGEST = ("random_over", "smote", "smotenc", "smoten", "mgs")
TO_SMALLEST = ("random_under", "nearmiss", "cluster_centroids")
CLEANING = ("tomek", "enn", "ncr", "renn", "allknn")


def part(name, **params):
    """The resampler of a strategy, made as a worker makes it."""
    recipe = {spec.name: spec for spec in SPECS}[name].build(params)
    assert isinstance(recipe, Recipe)
    return recipe.resample


def view(x, y, n_classes=None, categorical=None, variable=None):
    """A view on copies that cannot be written to; all columns are numbers unless said otherwise."""
    x, y = np.array(x, dtype=np.float32), np.array(y, dtype=np.int64)
    x.setflags(write=False)
    y.setflags(write=False)
    n_classes = int(y.max()) + 1 if n_classes is None else n_classes
    categorical = np.zeros(x.shape[1], dtype=bool) if categorical is None else np.asarray(categorical)
    variable = np.arange(x.shape[1]) if variable is None else np.asarray(variable)
    return TrainView(x=x, y=y, n_classes=n_classes, categorical=categorical, variable=variable)


def gaussians(counts, seed=0, spread=1.0, decimals=None, features=3):
    """Gaussian classes of the given sizes, shuffled; rounding makes duplicates and ties."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    x = rng.normal(size=(len(y), features)) + spread * rng.normal(size=(len(counts), features))[y]
    return view(x if decimals is None else x.round(decimals), y, len(counts))


def binary():
    x, y = make_classification(300, 6, weights=[0.87], flip_y=0.1, class_sep=0.6, random_state=1)
    return view(x, y)


def multiclass():
    x, y = make_classification(
        400, 8, n_informative=5, n_classes=4, weights=[0.5, 0.25, 0.15], flip_y=0.15, class_sep=0.7, random_state=2
    )
    return view(x, y)


def ugly():
    """Integer features with many duplicates within and across classes, and a constant column."""
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], [120, 40, 15])
    x = np.column_stack([rng.integers(0, 4, (175, 3)) + y[:, np.newaxis] // 2, np.ones(175)])
    order = rng.permutation(175)
    return view(x[order], y[order])


DATA = {"binary": binary(), "multiclass": multiclass(), "ugly": ugly()}

"""Packs of cells for hypothesis: what `assess_pack` takes, and the same cell by cell."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

KINDS = ("fine", "ties", "constant", "hard", "skilled")


def scores_of(rng, kind, labels, n_classes):
    """(n, C) float32 scores: distinct, tied, the same for all rows, exactly 0 and 1, or knowing the label."""
    rows = len(labels)
    weights = {
        "fine": lambda: rng.random((rows, n_classes)) ** 3 + 1e-9,
        "ties": lambda: rng.integers(0, 3, (rows, n_classes)) + 0.1,
        "constant": lambda: np.tile(rng.random(n_classes) + 0.01, (rows, 1)),
        "hard": lambda: np.eye(n_classes)[rng.integers(0, n_classes, rows)],
        "skilled": lambda: rng.random((rows, n_classes)) + 0.5 * np.eye(n_classes)[labels],
    }[kind]()
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@st.composite
def packs(draw, at_most_cells=5):
    """Arguments of `assess_pack`: 2 … 20 classes, classes absent, sets of one class or empty, priors of 0."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_classes = draw(st.sampled_from([2, 2, 2, 3, 4, 7, 20]))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=at_most_cells))

    def labels():
        present = rng.permutation(n_classes)[: draw(st.integers(1, n_classes))]
        drawn = rng.choice(present, draw(st.integers(0, 60)))
        every = np.arange(n_classes) if draw(st.booleans()) else np.empty(0, np.int64)
        return np.concatenate([drawn, every]).astype(np.int64)

    y, y_validation = labels(), labels()
    priors = rng.random((len(kinds), n_classes)) + 0.01
    if draw(st.booleans()):
        priors[0, rng.integers(n_classes)] = 0
    own = [rng.integers(0, n_classes, len(y)) if rng.random() < 0.4 else None for _ in kinds]
    return {
        "scores": [scores_of(rng, kind, y, n_classes) for kind in kinds],
        "labels": y,
        "validation_scores": [scores_of(rng, kind, y_validation, n_classes) for kind in kinds],
        "validation_labels": y_validation,
        "priors": priors / priors.sum(axis=1, keepdims=True),
        "training_counts": rng.choice([5, 19, 20, 60, 100, 101, 300], n_classes),
        "decided": own,
    }


def cell_of(pack, k):
    """The arguments of `assess` for cell k."""
    shared = {name: pack[name] for name in ("labels", "validation_labels", "training_counts")}
    return shared | {
        "scores": pack["scores"][k],
        "validation_scores": pack["validation_scores"][k],
        "prior": pack["priors"][k],
        "decided": pack["decided"][k],
    }


def subset(pack, cells):
    """The same pack with these cells, in this order."""
    chosen = {name: [pack[name][k] for k in cells] for name in ("scores", "validation_scores", "priors", "decided")}
    return pack | chosen

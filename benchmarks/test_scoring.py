"""Scoring a pack against scoring its cells one by one, and against what a user would write with scikit-learn."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score, specificity_score
from numpy.typing import NDArray
from sklearn import metrics

from benchmarks.side_by_side import ratio_of, side_by_side
from imbench.scoring import assess, assess_pack

ROWS = 2048
MILLI = 1e3

Pack = dict[str, Any]


@functools.cache
def pack_of(cells: int, n_classes: int) -> Pack:
    """Cells of skill: 5 % of the rows of 2,048 test and validation rows each are not of class 0."""
    rng = np.random.default_rng(cells)
    shares = np.r_[0.95, np.full(n_classes - 1, 0.05 / (n_classes - 1))]

    def part() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        labels = rng.choice(n_classes, ROWS, p=shares)
        logits = rng.normal(size=(cells, ROWS, n_classes)) + 2 * np.eye(n_classes)[labels] + np.log(shares)
        weights = np.exp(logits)
        return (weights / weights.sum(axis=2, keepdims=True)).astype(np.float32), labels

    scores, labels = part()
    validation_scores, validation_labels = part()
    return {
        "scores": scores,
        "labels": labels,
        "validation_scores": validation_scores,
        "validation_labels": validation_labels,
        "priors": np.tile(shares, (cells, 1)),
        "training_counts": (shares * 10_000).astype(np.int64),
    }


def one_by_one(pack: Pack, cells: int) -> None:
    shared = {name: pack[name] for name in ("labels", "validation_labels", "training_counts")}
    for k in range(cells):
        assess(
            scores=pack["scores"][k], validation_scores=pack["validation_scores"][k], prior=pack["priors"][k], **shared
        )


def by_user(pack: Pack, cells: int) -> None:
    """The same metrics under the same three policies, as far as the libraries have them, cell by cell."""
    for k in range(cells):
        scores, labels = pack["scores"][k], pack["labels"]
        of_scores(scores, labels)
        for decided in decisions(pack, k):
            of_decisions(decided, labels, scores.shape[1])


def of_scores(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> list[float]:
    n_classes = scores.shape[1]
    wide = scores.astype(np.float64)
    wide /= wide.sum(axis=1, keepdims=True)
    found = [metrics.log_loss(labels, wide), metrics.brier_score_loss(labels, wide, labels=range(n_classes))]
    for c in range(n_classes) if n_classes > 2 else [1]:
        positive = labels == c
        found.append(metrics.average_precision_score(positive, scores[:, c]))
        found.append(metrics.roc_auc_score(positive, scores[:, c]))
        fpr, tpr, _ = metrics.roc_curve(positive, scores[:, c])
        found.append((tpr - fpr).max())
    return found


def decisions(pack: Pack, k: int) -> list[NDArray[np.int64]]:
    """Largest score, score over prior, and the threshold (more classes: exponent) of best balanced accuracy."""
    scores, prior = pack["scores"][k], pack["priors"][k].astype(np.float32)
    validation, labels = pack["validation_scores"][k], pack["validation_labels"]
    if len(prior) == 2:
        fpr, tpr, thresholds = metrics.roc_curve(labels, validation[:, 1])
        tuned = (scores[:, 1] > thresholds[(tpr - fpr).argmax()]).astype(np.int64)
    else:
        with np.errstate(divide="ignore"):
            logs, found = np.log(validation), np.log(scores)
        quality = [
            metrics.balanced_accuracy_score(labels, (logs - tau / 10 * np.log(prior)).argmax(axis=1))
            for tau in range(21)
        ]
        tuned = (found - int(np.argmax(quality)) / 10 * np.log(prior)).argmax(axis=1)
    return [scores.argmax(axis=1), (scores / prior).argmax(axis=1), tuned]


def of_decisions(decided: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int) -> list[Any]:
    found = [
        metrics.recall_score(labels, decided, average=None),
        metrics.balanced_accuracy_score(labels, decided),
        metrics.f1_score(labels, decided, average="macro"),
        geometric_mean_score(labels, decided, average="multiclass"),
        metrics.matthews_corrcoef(labels, decided),
    ]
    if n_classes == 2:
        found += list(metrics.precision_recall_fscore_support(labels, decided, average="binary", zero_division=0))
        found.append(specificity_score(labels, decided))
    return found


@pytest.mark.parametrize(("cells", "n_classes"), [(1, 2), (24, 2), (256, 2), (24, 10)])
def test_a_pack_against_its_cells(benchmark: Any, cells: int, n_classes: int) -> None:
    """A B A B: each cell by `assess`, then all by `assess_pack`."""
    pack = pack_of(cells, n_classes)
    turns = side_by_side(
        benchmark,
        {"cells": lambda: one_by_one(pack, cells), "pack": lambda: assess_pack(**pack)},
        repeats=max(5, 60 // cells),
    )
    ratio_of(
        benchmark, turns, "cells", "pack",
        ms_per_cell=turns.median("pack") / cells * MILLI, ms_per_cell_alone=turns.median("cells") / cells * MILLI,
    )  # fmt: skip


@pytest.mark.parametrize(("cells", "n_classes"), [(1, 2), (24, 2), (24, 10)])
def test_a_pack_against_scikit_learn_and_imbalanced_learn(benchmark: Any, cells: int, n_classes: int) -> None:
    """The user's side has no calibration error, no precision at k and no lift; a cell takes it as long in any pack."""
    pack, cells_of_user = pack_of(cells, n_classes), min(cells, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turns = side_by_side(
            benchmark,
            {"user": lambda: by_user(pack, cells_of_user), "pack": lambda: assess_pack(**pack)},
            repeats=7,
        )
    ratio_of(
        benchmark, turns, "user", "pack", scale=cells / cells_of_user,
        ms_per_cell=turns.median("pack") / cells * MILLI,
        ms_per_cell_of_the_user=turns.median("user") / cells_of_user * MILLI,
    )  # fmt: skip

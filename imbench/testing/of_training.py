"""Checks of what a strategy does when it trains, through the door that a run uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.optimizer import register_optimizer_step_post_hook

from imbench.data.block import TrainingData
from imbench.testing.bench import BUDGET, LINEAR, PLAIN, Ran, run, run_alone
from imbench.testing.data import problem, untouched
from imbench.testing.finding import Broken, Exempt, NotApplicable
from imbench.testing.foreign import disturbed
from imbench.testing.subject import Strategy, check_ran
from imbench.training.selection import macro_average_precision

__all__ = [
    "absent_class", "budget", "cuda", "deterministic", "extremes", "finite", "learns", "leaves_data", "leaves_process",
    "leaves_random", "leaves_torch", "one_class", "one_example", "own_randomness", "owner_of", "pack_equality", "prior",
    "row_independence", "shape", "trains", "twenty_classes",
]  # fmt: skip

#: How far scores of one row may differ between two calls: products of matrices of other sizes sum in another order.
SAME_ROW = 1e-4
#: Share of the way from chance to perfection that counts as having learnt an easy problem.
LEARNT = 0.25
#: Calibrated log odds by which the prior that scores are said to stand for may be wrong: generous, see `prior`.
PRIOR_TOLERANCE = 1.5
#: Check → what the engine says where its rule is broken in a first training.
_OWNERS = {"leaves_data": ("read-only", "WRITEABLE"), "shape": ("expected scores of shape",)}


def trains(strategy: Strategy) -> None:
    """It trains and scores an easy problem without an error."""
    strategy.must_build()
    if strategy.first.error is not None:
        raise strategy.first.error


def shape(strategy: Strategy) -> None:
    """Scores are a floating array of shape (rows, classes)."""
    error = strategy.first.error
    if error is not None and owner_of(str(error)) == "shape":
        raise error
    data = strategy.problem.data
    scores = strategy.ran.test
    if scores.shape != (len(data.x_test), data.n_classes) or scores.dtype.kind != "f":
        raise Broken(f"{scores.dtype} of shape {scores.shape}", strategy.at_fault)


def finite(strategy: Strategy) -> None:
    """Scores are finite, not negative, and each row of them sums to one."""
    check_ran(strategy.ran, strategy.problem.data, strategy.at_fault)


def deterministic(strategy: Strategy) -> None:
    """Training twice on the same rows gives the same bits."""
    hint = "time, a counter, the order of a set, or an unseeded generator?"
    _same(strategy, strategy.ran, strategy.second, "a second training", hint)


def own_randomness(strategy: Strategy) -> None:
    """What others draw from the global generators of random, numpy and torch does not matter."""
    strategy.must_repeat()
    beside = run_alone(disturbed(strategy.offer), strategy.problem.data)
    drew = [change for change in strategy.changes if change.topic == "random"]
    hint = "draw from the rng or generator that you are handed, or from trial.rng; give libraries trial.seed"
    try:
        _same(strategy, strategy.ran, beside, "a training beside others", hint)
    except Broken as broken:
        raise Broken(str(broken), drew[0].part if drew else broken.part) from None


def _same(strategy: Strategy, first: Ran, second: Ran, what: str, hint: str) -> None:
    for ran in (first, second):
        if ran.error is not None:
            raise ran.error
    if not np.array_equal(first.test, second.test, equal_nan=True):
        gap = np.abs(first.test - second.test)
        raise Broken(
            f"{what} changes {int((gap.max(1) > 0).sum())} of {len(gap)} rows, by up to {gap.max():.3g}: {hint}",
            strategy.at_fault,
        )


def leaves_data(strategy: Strategy) -> None:
    """Training and validation rows, which others share, stay as they are."""
    error = strategy.first.error
    if error is not None and owner_of(str(error)) == "leaves_data":
        raise error
    strategy.must_train()
    if changed := untouched(strategy.standard, strategy.problem.data):
        raise Broken(f"{', '.join(changed)} changed: copy what you want to write into", strategy.at_fault)


def owner_of(message: str) -> str:
    """The check whose rule an error of the engine is about, or empty: that check tells it beside `trains`."""
    return next((check for check, signs in _OWNERS.items() if any(sign in message for sign in signs)), "")


def leaves_torch(strategy: Strategy) -> None:
    """How torch computes in this process stays as it is: default type and device, threads, gradient mode."""
    _leaves(strategy, "torch")


def leaves_process(strategy: Strategy) -> None:
    """Folder, environment, warning filters and the like stay as they are."""
    _leaves(strategy, "process")


def leaves_random(strategy: Strategy) -> None:
    """The global generators of random, numpy and torch are neither seeded nor drawn from."""
    _leaves(strategy, "random")


def _leaves(strategy: Strategy, topic: str) -> None:
    strategy.must_train()
    for change in strategy.changes:
        if change.topic == topic:
            raise Broken(f"{change.name} changed the {change.what}", change.part)


def row_independence(strategy: Strategy) -> None:
    """The scores of a row depend on that row alone, not on the rows scored with it."""
    strategy.must_repeat()
    if reason := strategy.declared("transductive"):
        raise Exempt(f"transductive: {reason}")
    data, scores = strategy.problem.data, strategy.ran.test
    rows = np.array([17, 3])  # few, and in another order
    again = run_alone(strategy.offer, replace(data, x_test=np.ascontiguousarray(data.x_test[rows])))
    if again.error is not None:
        raise again.error
    gap = np.abs(again.test - scores[rows]).max(1)
    if gap.max() > SAME_ROW:
        at = int(gap.argmax())
        row = int(rows[at])
        raise Broken(
            f"row {row} scores {_row(scores[row])} among {len(data.x_test)} rows and {_row(again.test[at])} among two "
            "(transductive = True on the part declares that)",
            strategy.at_fault,
        )


def _row(scores: NDArray[Any]) -> str:
    return "(" + ", ".join(f"{score:.4f}" for score in scores[:4]) + ")"


def one_example(strategy: Strategy) -> None:
    """A class with one training row is no reason to fail."""
    strategy.on("one example" if "binary" in strategy.spec.tasks else "one example of four")


def absent_class(strategy: Strategy) -> None:
    """A class without a training or validation row is no reason to fail."""
    if "multiclass" not in strategy.spec.tasks:
        raise NotApplicable("it supports two classes alone")
    strategy.on("absent class")


def one_class(strategy: Strategy) -> None:
    """Training rows of the majority alone are no reason to fail."""
    if "binary" not in strategy.spec.tasks:
        raise NotApplicable("it does not support two classes")
    strategy.on("one class")


def twenty_classes(strategy: Strategy) -> None:
    """Twenty classes work like two, if the record supports multiclass tasks."""
    if "multiclass" not in strategy.spec.tasks:
        raise NotApplicable("it supports two classes alone")
    strategy.on("twenty classes")


def extremes(strategy: Strategy) -> None:
    """Features of ±1e4 in training and ±1e20 in a row to score give finite scores."""
    if "binary" not in strategy.spec.tasks:
        raise NotApplicable("it does not support two classes")
    strategy.on("extreme")


def budget(strategy: Strategy) -> None:
    """A network that a Fit trains by itself takes no more optimiser steps than the budget allows."""
    if strategy.recipe is not None:
        raise NotApplicable("a recipe: the engine counts the steps")
    strategy.must_train()
    steps: dict[int, int] = {}

    def count(optimiser: Any, *_: Any) -> None:
        steps[id(optimiser)] = steps.get(id(optimiser), 0) + 1

    handle = register_optimizer_step_post_hook(count)
    try:
        run_alone(strategy.offer, strategy.problem.data)
    finally:
        handle.remove()
    if not steps:
        raise NotApplicable("no optimiser of torch takes a step outside the engine")
    if max(steps.values()) > BUDGET.steps:
        raise Broken(f"{max(steps.values())} steps where trial.budget.steps is {BUDGET.steps}", strategy.at_fault)


def pack_equality(strategy: Strategy) -> None:
    """A cell scores the same bits alone and in a pack with others."""
    if strategy.recipe is None:
        raise NotApplicable("a Fit trains alone")
    strategy.must_repeat()
    own = strategy.problem.data
    other = problem("another block" if strategy.standard == "two classes" else "another of four").data
    alone = [strategy.ran, run_alone(strategy.offer, other)]
    packed = run([(strategy.offer, other), (PLAIN, own), (strategy.offer, own)])
    for single, together in ((alone[0], packed[2]), (alone[1], packed[0])):
        _same(strategy, single, together, "a pack", "does a part keep something from call to call, or share it?")


def learns(strategy: Strategy) -> None:
    """Average precision on Gaussian classes that lie apart is well above chance."""
    scores, labels = strategy.ran.test, strategy.problem.y_test
    if strategy.spec.family == "baseline" and np.ptp(scores, axis=0).max() == 0:
        raise Exempt("a baseline with the same scores for every row: a floor, not a learner")
    found = macro_average_precision(scores, labels)
    counts = np.bincount(labels) / len(labels)
    chance = float(counts[1] if len(counts) == 2 else counts.mean())
    if not found >= chance + LEARNT * (1 - chance):
        hint = ": are the columns of the scores in the order of the classes?" if found < chance else ""
        raise Broken(f"average precision {found:.3f}, chance is {chance:.3f}{hint}", strategy.at_fault)


def prior(strategy: Strategy) -> None:
    """Scores stand for the prior that imbench works out for it.

    Where a row's features speak for no class its score should be that prior, and its true probability the natural one.
    Scores are calibrated (Platt 1999) on test rows whose labels we know, so that over-confidence does not count; the
    calibrated log odds at the declared prior are compared with those of the natural one. Networks are linear here: on
    these classes that is the right model, and it does not overfit.
    """
    strategy.must_train()
    if "binary" not in strategy.spec.tasks:
        raise NotApplicable("measured with two classes")
    if reason := strategy.declared("uncalibrated"):
        raise Exempt(f"its scores stand for no prior: {reason}")
    made = problem("overlap")
    (ran,) = run([(strategy.offer, made.data)], budget=LINEAR.budget, backbone_text=LINEAR.backbone)
    check_ran(ran, made.data, strategy.at_fault)
    told = float(ran.header["prior"][1])
    if np.ptp(ran.test[:, 1]) == 0:
        right = bool(np.isclose(ran.test[0, 1], told, atol=0.02))
        gap = 0.0 if right else np.inf
    else:
        slope, shift = _platt(ran.test[:, 1], made.y_test)
        gap = slope * _logit(told) + shift - _logit(float(made.y_test.mean()))
    if abs(gap) > PRIOR_TOLERANCE:
        implied = "larger" if gap < 0 else "smaller"
        raise Broken(
            f"the prior of class 1 is said to be {told:.3f}, but the scores behave as if it were {implied} "
            f"(off by a factor of {np.exp(abs(gap)):.3g} in odds): declare prior_effect or prior_after",
            strategy.at_fault,
        )  # fmt: skip


def _logit(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(share / (1 - share)))


def _platt(scores: NDArray[Any], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and shift of a logistic regression of the labels on the scores' log odds."""
    from sklearn.linear_model import LogisticRegression

    clipped = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(clipped / (1 - clipped))[:, None]
    model = LogisticRegression(C=1e6, max_iter=1000).fit(odds, labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def cuda(strategy: Strategy) -> None:
    """On a GPU it trains as well as on the CPU."""
    if not torch.cuda.is_available():
        raise NotApplicable("torch sees no CUDA device here")
    data: TrainingData = strategy.problem.data
    there = check_ran(run_alone(strategy.offer, data, device="cuda"), data, strategy.at_fault)
    here, labels = strategy.ran, strategy.problem.y_test
    gap = macro_average_precision(there.test, labels) - macro_average_precision(here.test, labels)
    if abs(gap) > 0.1:
        raise Broken(f"average precision differs by {gap:+.3f} from that of the CPU", strategy.at_fault)

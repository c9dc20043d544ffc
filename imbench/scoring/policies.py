"""Decision policies: how scores become labels, the same way for every strategy.

Scores are float32, and so are comparisons: a score that differs from a threshold by rounding alone is not above it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.errors import UsageError, did_you_mean
from imbench.scoring.checks import SUM_TOLERANCE, check_decided, check_scores, require
from imbench.scoring.columns import Columns, columns_of
from imbench.scoring.deciding import Codes, above, largest, largest_adjusted
from imbench.scoring.tuning import TAUS, best_exponents, best_thresholds

__all__ = ["OWN", "POLICIES", "TAUS", "PackPolicy", "Policy", "describe", "fit_pack", "fit_policy", "require_priors"]

Scores = NDArray[np.floating]
Decider = Callable[[Scores], Labels]

#: What a strategy's own decisions are reported under.
OWN = "own"

_MEANING = {
    "argmax": "the class with the largest score; with two classes, a threshold of 0.5",
    "prior": "the class with the largest score / prior; with two classes, a threshold at the prior of class 1",
    "tuned": "the threshold (with more classes: the exponent of the prior) of best balanced accuracy on validation",
    OWN: "what the strategy decided itself",
}

POLICIES: tuple[str, ...] = ("argmax", "prior", "tuned")


@dataclass(frozen=True, eq=False)
class Policy:
    """A fitted policy; call it with scores (n, C) to get labels (n,) int64.

    Attributes:
        name: one of `POLICIES`.
        rule: what it does here, with its numbers.
        fallback: why it is not what its name says; empty if it is.
        decide: scores (n, C) → labels (n,).
    """

    name: str
    rule: str
    decide: Decider
    fallback: str = ""

    def __call__(self, scores: Scores) -> Labels:
        return self.decide(scores)


@dataclass(frozen=True, eq=False)
class PackPolicy:
    """One policy fitted to each of K cells.

    Attributes:
        rules: what it does in each cell, with its numbers.
        fallbacks: why it is not what its name says there; empty if it is.
        decide: scores (C, K, n) → class codes (K, n).
    """

    rules: Sequence[str]
    fallbacks: Sequence[str]
    decide: Callable[[Columns], Codes]

    def described(self) -> list[str]:
        """One line a cell, as `describe` says it."""
        return [_line(*each) for each in zip(self.rules, self.fallbacks, strict=True)]


def describe(policy: str | Policy) -> str:
    """One line: what a policy of that name does in general, or what a fitted one does here.

    Raises:
        UsageError: no policy has that name.
    """
    if isinstance(policy, Policy):
        return _line(policy.rule, policy.fallback)
    if policy not in _MEANING:
        raise UsageError(f"expected a decision policy, got {policy!r}{did_you_mean(policy, POLICIES)}")
    return _MEANING[policy]


def _line(rule: str, fallback: str) -> str:
    return f"{rule} ({fallback})" if fallback else rule


def fit_policy(
    name: str, *, validation_scores: Scores, validation_labels: Labels, prior: NDArray[np.floating]
) -> Policy:
    """Fit the policy of that name. Only `tuned` looks at validation; no policy sees test labels.

    Args:
        name: one of `POLICIES`.
        validation_scores: (m, C) scores, see `check_scores`.
        validation_labels: (m,) class codes.
        prior: (C,) the prior that the scores stand for, summing to one. A class of prior 0 is never decided by
            `prior` and `tuned`: nothing is known of what its scores mean.

    Raises:
        UsageError: no policy has that name.
        ValueError: scores, labels or prior that are none.
    """
    describe(name)
    priors = np.asarray(prior)[None]
    require_priors(["prior"], priors)
    require("validation scores", check_scores(validation_scores, len(validation_labels), priors.shape[1]))
    require("validation labels", check_decided(validation_labels, len(validation_labels), priors.shape[1]))
    fitted = fit_pack(name, columns_of(np.asarray(validation_scores)[None]), validation_labels, priors)

    def decide(scores: Scores) -> Labels:
        decided: Labels = fitted.decide(columns_of(np.asarray(scores)[None]))[0].astype(np.int64)
        return decided

    return Policy(name, fitted.rules[0], decide, fitted.fallbacks[0])


def require_priors(what: Sequence[str], priors: NDArray[np.floating]) -> None:
    """Raise ValueError, naming the first cell, unless (K, C) priors are finite, ≥ 0 and sum to one."""
    if priors.ndim == 2 and priors.shape[1] >= 2:
        # NaN makes either comparison false.
        valid = (priors.min(axis=1) >= 0) & (np.abs(priors.sum(axis=1) - 1) <= SUM_TOLERANCE)
        if valid.all():
            return
        first = int(valid.argmin())
    else:
        first = 0
    expected = "two or more non-negative numbers that sum to 1"
    require(what[first], f"expected {expected}, got {priors[first].tolist()}")


def fit_pack(name: str, columns: Columns, labels: Labels, priors: NDArray[np.floating]) -> PackPolicy:
    """`fit_policy` for K cells that share validation labels. Nothing is checked but the name.

    Args:
        name: one of `POLICIES`.
        columns: (C, K, m) validation scores.
        labels: (m,) validation labels.
        priors: (K, C).

    Raises:
        UsageError: no policy has that name.
    """
    describe(name)
    prior = priors.astype(np.float32)
    cells, n_classes = prior.shape
    if name == "argmax":
        return PackPolicy(["largest score"] * cells, [""] * cells, largest)
    if name == "prior":
        tuned, fallbacks = np.full(cells, np.nan), [""] * cells
    else:
        tuned, fallbacks = _tuned(columns, labels, prior)
    return _threshold(tuned, fallbacks, prior) if n_classes == 2 else _exponent(tuned, fallbacks, prior)


def _tuned(columns: Columns, labels: Labels, prior: Floats) -> tuple[NDArray[np.float64], list[str]]:
    """(K,) thresholds or exponents, and why a cell has none (NaN)."""
    cells, n_classes = prior.shape
    support = np.bincount(labels, minlength=n_classes)
    if support.min() == 0:
        reason = f"as prior: no rows of class {int(support.argmin())} in validation"
        return np.full(cells, np.nan), [reason] * cells
    if n_classes == 2:
        what, tuned = "threshold", best_thresholds(columns, labels)
    else:
        what, tuned = "exponent", best_exponents(columns, labels, prior)
    fallbacks = [
        f"as prior: no {what} beats one class for all on validation" if none else "" for none in np.isnan(tuned)
    ]
    for k in np.flatnonzero(prior.min(axis=1) == 0):
        tuned[k], fallbacks[k] = np.nan, f"as prior: class {int(prior[k].argmin())} has prior 0"
    return tuned, fallbacks


def _threshold(tuned: NDArray[np.float64], fallbacks: list[str], prior: Floats) -> PackPolicy:
    """Binary: the tuned threshold; the prior of class 1 where it is NaN."""
    # Infinite thresholds always decide the class that has a prior.
    alone = np.where(prior[:, 1] == 0, np.inf, -np.inf)
    by_prior = np.where(prior.min(axis=1) > 0, prior[:, 1].astype(np.float64), alone)
    thresholds = np.where(np.isnan(tuned), by_prior, tuned)
    rules = [f"positive if score > {threshold:.6g}" for threshold in thresholds.tolist()]
    return PackPolicy(rules, fallbacks, partial(above, thresholds=thresholds))


def _exponent(tuned: NDArray[np.float64], fallbacks: list[str], prior: Floats) -> PackPolicy:
    """More classes: the tuned exponent; 1 where it is NaN."""
    rules = ["largest score / prior" if tau != tau else f"largest score / prior^{tau:.2g}" for tau in tuned.tolist()]
    tau = np.where(np.isnan(tuned), 1.0, tuned).astype(np.float32)
    return PackPolicy(rules, fallbacks, partial(largest_adjusted, prior=prior, tau=tau))

"""Decision policies: how scores become labels, the same way for every strategy.

Scores are float32, and so are comparisons: a score that differs from a threshold by rounding alone is not above it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.errors import UsageError, did_you_mean
from imbench.scoring.checks import SUM_TOLERANCE, check_decided, check_scores, require
from imbench.scoring.ranking import rank

__all__ = ["OWN", "POLICIES", "TAUS", "Policy", "describe", "fit_policy"]

Scores = NDArray[np.floating]
Decider = Callable[[Scores], Labels]

#: Exponents that `tuned` tries with more than two classes; 0 is `argmax`, 1 is `prior`.
TAUS = tuple(step / 10 for step in range(21))

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


def describe(policy: str | Policy) -> str:
    """One line: what a policy of that name does in general, or what a fitted one does here.

    Raises:
        UsageError: no policy has that name.
    """
    if isinstance(policy, Policy):
        return f"{policy.rule} ({policy.fallback})" if policy.fallback else policy.rule
    if policy not in _MEANING:
        raise UsageError(f"expected a decision policy, got {policy!r}{did_you_mean(policy, POLICIES)}")
    return _MEANING[policy]


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
    require("prior", _check_prior(np.asarray(prior)))
    prior = np.asarray(prior, np.float32)
    require("validation scores", check_scores(validation_scores, len(validation_labels), len(prior)))
    require("validation labels", check_decided(validation_labels, len(validation_labels), len(prior)))
    if name == "argmax":
        return Policy(name, "largest score", _largest)
    if name == "prior":
        return _by_prior(name, prior)
    return _tuned(validation_scores, validation_labels, prior)


def _tuned(scores: Scores, labels: Labels, prior: Floats) -> Policy:
    """Tuned where that is possible, else `prior` with the reason why."""
    support = np.bincount(labels, minlength=len(prior))
    if support.min() == 0:
        return _by_prior("tuned", prior, f"as prior: no rows of class {int(support.argmin())} in validation")
    if prior.min() == 0:
        return _by_prior("tuned", prior, f"as prior: class {int(prior.argmin())} has prior 0")
    return _tuned_threshold(scores, labels, prior) if len(prior) == 2 else _tuned_exponent(scores, labels, prior)


def _check_prior(prior: NDArray[np.floating]) -> str:
    valid = prior.ndim == 1 and len(prior) >= 2 and np.isfinite(prior).all() and (prior >= 0).all()
    if valid and abs(prior.sum() - 1) <= SUM_TOLERANCE:
        return ""
    return f"expected two or more non-negative numbers that sum to 1, got {prior.tolist()}"


def _by_prior(name: str, prior: Floats, fallback: str = "") -> Policy:
    if len(prior) > 2:
        return Policy(name, "largest score / prior", partial(_largest_adjusted, prior=prior, tau=1.0), fallback)
    # Infinite thresholds always decide the class that has a prior.
    threshold = float(prior[1]) if prior.min() > 0 else float(np.inf if prior[1] == 0 else -np.inf)
    return Policy(name, f"positive if score > {threshold:.6g}", partial(_above, threshold=threshold), fallback)


def _largest(scores: Scores) -> Labels:
    """The class with the largest score, of equals the first."""
    decided: Labels = scores.astype(np.float32).argmax(axis=1).astype(np.int64)
    return decided


def _above(scores: Scores, threshold: float) -> Labels:
    # float64, because a midpoint of neighbouring float32 values is none itself.
    return (scores[:, 1].astype(np.float32).astype(np.float64) > threshold).astype(np.int64)


def _largest_adjusted(scores: Scores, prior: Floats, tau: float) -> Labels:
    """argmax_c p_c / π_c^τ, of equals the first (Menon et al. 2021, post-hoc logit adjustment)."""
    return _argmax_minus(*_logs(scores, prior), tau)


def _logs(scores: Scores, prior: Floats) -> tuple[Floats, Floats]:
    """(C, n) log scores and (C,) log prior."""
    with np.errstate(divide="ignore"):
        return np.log(np.ascontiguousarray(scores.T, dtype=np.float32)), np.log(prior)


def _argmax_minus(log_scores: Floats, log_prior: Floats, tau: float) -> Labels:
    """argmax_c log_scores[c] - τ log_prior[c] over the classes that have a prior, of equals the first.

    Class by class, which is twice as fast as numpy's argmax over short rows.
    """
    first, *rest = np.flatnonzero(log_prior > -np.inf).tolist()
    best = log_scores[first] - tau * log_prior[first]
    decided = np.full(len(best), first, dtype=np.int64)
    for c in rest:
        candidate = log_scores[c] - tau * log_prior[c]
        decided[candidate > best] = c
        np.maximum(best, candidate, out=best)
    return decided


def _tuned_threshold(scores: Scores, labels: Labels, prior: Floats) -> Policy:
    """Midpoint between neighbouring validation scores with the best balanced accuracy, of equally good ones the middle.

    If no midpoint beats deciding one class for all, the threshold is the prior.
    """
    ranking = rank(scores[:, 1].astype(np.float32), labels == 1)
    # Twice the balanced accuracy minus one, times n₊n₋: integers, so that equal means equal.
    gain = ranking.tp * ranking.negatives - (ranking.taken - ranking.tp) * ranking.positives
    # The last step takes every row.
    between = gain[:-1]
    if not len(between) or between.max() <= 0:
        return _by_prior("tuned", prior, "as prior: no threshold beats one class for all on validation")
    best = np.flatnonzero(between == between.max())
    step = int(best[len(best) // 2])
    threshold = float(ranking.scores[step] + ranking.scores[step + 1]) / 2
    return Policy("tuned", f"positive if score > {threshold:.6g}", partial(_above, threshold=threshold))


def _tuned_exponent(scores: Scores, labels: Labels, prior: Floats) -> Policy:
    """Exponent of `TAUS` with the best balanced accuracy; of equally good ones the middle one.

    If none beats deciding one class for all, the exponent is 1, as in `prior`.
    """
    log_scores, log_prior = _logs(scores, prior)
    share = (1 / np.bincount(labels, minlength=len(prior)) / len(prior))[labels]
    rows = np.arange(len(labels))
    own, own_prior = log_scores[labels, rows], log_prior[labels]
    others, adjusted = log_scores, np.empty_like(log_scores)
    others[labels, rows] = -np.inf
    found = np.empty(len(TAUS))
    for i, tau in enumerate(TAUS):
        rivals = np.subtract(others, (tau * log_prior)[:, None], out=adjusted).max(axis=0)
        # A tie is no win: otherwise the order of the classes would choose the exponent.
        found[i] = (own - tau * own_prior > rivals) @ share
    # Sums of the same shares may differ in the last bits.
    top = found.max() - 1e-12
    if top <= 1 / len(prior):
        return _by_prior("tuned", prior, "as prior: no exponent beats one class for all on validation")
    best = np.flatnonzero(found >= top)
    tau = float(TAUS[best[len(best) // 2]])
    rule = f"largest score / prior^{tau:.2g}"
    return Policy("tuned", rule, partial(_largest_adjusted, prior=prior, tau=tau))

"""Every metric under every policy of a pack, against scikit-learn, imbalanced-learn and scipy used row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from imblearn.metrics import geometric_mean_score, specificity_score
from numpy.testing import assert_allclose
from scipy.stats import ks_2samp
from sklearn import metrics as oracle

from imbench.scoring import assess_pack
from imbench.scoring.decision import GROUPS
from tests.scoring.packs import cell_of, packs

TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}
TAUS = np.arange(21) / 10


def expected_scores(scores, labels, counts):
    """Metric → value, for those that are defined."""
    rows, n_classes = scores.shape
    wide, classes = scores.astype(np.float64), np.arange(n_classes)
    summing_to_one = wide / wide.sum(axis=1, keepdims=True)
    scored = [c for c in (classes if n_classes > 2 else [1]) if 0 < (labels == c).sum() < rows]
    found = {"classes_scored": len(scored)} if n_classes > 2 else {}
    if scored:
        each = np.array([ranking_of(wide[:, c], labels == c) for c in scored])
        names = ("ap", "ap_lift", "roc_auc", "ks", "precision_at_k", "recall_at_k")
        found |= dict(zip(names, each.mean(axis=0), strict=True))
    if rows:
        eps = np.finfo(np.float32).eps
        found["log_loss"] = -np.log(wide[np.arange(rows), labels].clip(eps, 1 - eps)).mean()
        found["brier"] = oracle.brier_score_loss(labels, summing_to_one, labels=classes)
        smallest = max(classes, key=lambda c: (-counts[c], c))
        found["minority_ece"] = equal_mass_error(wide[:, smallest], labels == smallest)
    if len(set(labels)) > 1:
        found["brier_skill"] = oracle.d2_brier_score(labels, summing_to_one, labels=classes)
    return found


def ranking_of(score, positive):
    ap, share = oracle.average_precision_score(positive, score), positive.mean()
    ks = ks_2samp(score[~positive], score[positive], alternative="greater", method="asymp").statistic
    k = positive.sum()
    border = np.sort(score)[::-1][k - 1]
    above, equal = score > border, score == border
    hits = positive[above].sum() + (k - above.sum()) * positive[equal].mean()
    return ap, (ap - share) / (1 - share), oracle.roc_auc_score(positive, score), ks, hits / k, hits / k


def equal_mass_error(score, positive, bins=15):
    of_row = np.array([(score > each).sum() * bins // len(score) for each in score])
    return sum(abs((score[of_row == b] - positive[of_row == b]).sum()) for b in range(bins)) / len(score)


def expected_decisions(decided, labels, n_classes, counts):
    """Metric → value, for those that are defined."""
    present = np.unique(labels)
    recalls = dict.fromkeys(range(n_classes), np.nan)
    if len(present):
        each = oracle.recall_score(labels, decided, labels=present, average=None, zero_division=0)
        recalls |= dict(zip(present.tolist(), each, strict=True))
    found = {f"recall_{c}": recalls[c] for c in present} if n_classes <= 20 else {}
    if len(present) > 1:
        here = np.array([recalls[c] for c in present])
        found |= {
            "balanced_accuracy": here.mean(),
            "macro_f1": oracle.f1_score(labels, decided, labels=present, average="macro", zero_division=0),
            "worst_recall": here.min(),
            "g_mean": geometric_mean_score(labels, decided, labels=present, average="multiclass"),
            "mcc": oracle.matthews_corrcoef(labels, decided),
        }
    if n_classes == 2:
        return found | positive_class(decided, labels, present)
    for name, (low, high) in GROUPS.items():
        members = [recalls[c] for c in present if low <= counts[c] <= high]
        found |= {name: np.mean(members)} if members else {}
    return found


def positive_class(decided, labels, present):
    found = {}
    if 1 in present:
        scored = {"precision": oracle.precision_score, "recall": oracle.recall_score, "f1": oracle.f1_score}
        found = {name: of(labels, decided, zero_division=0) for name, of in scored.items()}
    if len(present) == 2:
        found["specificity"] = specificity_score(labels, decided)
    elif 0 in present:
        found["specificity"] = oracle.recall_score(labels, decided, pos_label=0)
    return found


def ratio_decision(scores, prior, tau):
    """argmax p / π^τ in float32, of equals the first, among classes that have a prior."""
    with np.errstate(divide="ignore", invalid="ignore"):
        adjusted = np.log(scores) - np.float32(tau) * np.log(prior.astype(np.float32))
    adjusted[:, prior == 0] = -np.inf
    first = np.flatnonzero(prior > 0)[0]
    return np.where(adjusted.max(axis=1) == -np.inf, first, adjusted.argmax(axis=1)), adjusted


def middle_of_best(candidates, quality, chance):
    """The middle of the equally best candidates; None if none is better than chance."""
    quality = np.array(quality)
    if not len(quality) or quality.max() <= chance + 1e-9:
        return None
    best = np.flatnonzero(quality > quality.max() - 1e-9)
    return candidates[best[len(best) // 2]]


def tuned_decision(cell, prior_decision):
    validation, labels, prior = cell["validation_scores"], cell["validation_labels"], cell["prior"]
    n_classes = len(prior)
    if len(set(labels)) < n_classes or prior.min() == 0:
        return prior_decision
    if n_classes == 2:
        levels = np.unique(validation[:, 1].astype(np.float64))[::-1]
        thresholds = (levels[1:] + levels[:-1]) / 2
        hit = [validation[:, 1] > t for t in thresholds]
        quality = [(above[labels == 1].mean() + (~above[labels == 0]).mean()) / 2 for above in hit]
        threshold = middle_of_best(thresholds, quality, 1 / 2)
        return prior_decision if threshold is None else (cell["scores"][:, 1] > threshold).astype(int)
    quality = []
    for tau in TAUS:
        decided, adjusted = ratio_decision(validation, prior, tau)
        tied = (adjusted == adjusted.max(axis=1, keepdims=True)).sum(axis=1) > 1
        right = (decided == labels) & ~tied
        quality.append(np.mean([right[labels == c].mean() for c in range(n_classes)]))
    tau = middle_of_best(TAUS, quality, 1 / n_classes)
    return prior_decision if tau is None else ratio_decision(cell["scores"], prior, tau)[0]


def decisions_of(cell):
    """Policy → decisions, from the definitions in docs/metrics.md."""
    scores, prior = cell["scores"], cell["prior"]
    by_prior = ratio_decision(scores, prior, 1)[0]
    if len(prior) == 2 and prior.min() > 0:
        by_prior = (scores[:, 1] > np.float32(prior[1])).astype(int)
    elif len(prior) == 2:
        by_prior = np.full(len(scores), prior.argmax())
    found = {"argmax": scores.argmax(axis=1), "prior": by_prior, "tuned": tuned_decision(cell, by_prior)}
    return found | ({} if cell["decided"] is None else {"own": cell["decided"]})


def assert_same(got, expected, undefined):
    defined = {name: value for name, value in got.items() if value is not None}
    assert set(defined) == set(expected)
    assert set(got) - set(defined) <= set(undefined)
    for name, value in expected.items():
        assert_allclose(defined[name], value, err_msg=name, **TOLERANCE)


@settings(max_examples=60, deadline=None)
@given(packs(at_most_cells=2))
def test_every_metric_under_every_policy(pack):
    counts = pack["training_counts"]
    for k, found in enumerate(assess_pack(**pack)):
        cell = cell_of(pack, k)
        assert_same(found.metrics, expected_scores(cell["scores"], cell["labels"], counts), found.undefined)
        decisions = decisions_of(cell)
        assert list(found.decisions) == list(decisions)
        for policy, decided in decisions.items():
            expected = expected_decisions(decided, cell["labels"], len(counts), counts)
            assert_same(found.decisions[policy], expected, found.undefined)

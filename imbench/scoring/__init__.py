"""Metrics and decision policies. numpy alone: this package never imports torch or scikit-learn."""

from __future__ import annotations

from imbench.scoring.assess import Assessment, assess, assess_pack, check_decided, check_scores
from imbench.scoring.decision import decision_metrics
from imbench.scoring.measured import Measured, MeasuredPack
from imbench.scoring.policies import POLICIES, Policy, describe, fit_policy
from imbench.scoring.probability import score_metrics

__all__ = [
    "POLICIES",
    "Assessment",
    "Measured",
    "MeasuredPack",
    "Policy",
    "assess",
    "assess_pack",
    "check_decided",
    "check_scores",
    "decision_metrics",
    "describe",
    "fit_policy",
    "score_metrics",
]

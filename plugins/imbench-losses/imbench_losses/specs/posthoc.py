"""What happens to scores after training, and decisions."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import MENON, at, tau

__all__ = ["POST_HOC"]

_GUO = "Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599"
_ELKAN = "Elkan 2001, The Foundations of Cost-Sensitive Learning"

_PRIORS = (
    StrategySpec(
        name="logit_adjustment",
        summary="divide the scores by the prior, after training",
        family="post-hoc",
        make=at("logit_adjustment"),
        params={"tau": tau()},
        paper=MENON,
        notes="With two classes and tau=1 the decisions are those of a threshold at the prior. Costs no training.",
    ),
    StrategySpec(
        name="prior_correction",
        summary="scores for the natural prior, whatever training did to it, or for a uniform one",
        family="post-hoc",
        make=at("prior_correction"),
        params={
            "target": Parameter(
                default="natural",
                choices=("natural", "uniform"),
                summary="the prior that scores shall stand for",
                grid=("natural", "uniform"),
            )
        },
        paper=f"{_ELKAN}; Dal Pozzolo et al. 2015, Calibrating Probability with Undersampling",
        notes="natural: frequencies of the validation rows, so that weights and balanced batches are undone in the "
        "scores alone. uniform is logit_adjustment(tau=1). Exact only if the scores were calibrated for their "
        "prior.",
    ),
    StrategySpec(
        name="prior_em",
        summary="scores for the prior of the rows that are scored, estimated from them by EM",
        family="post-hoc",
        make=at("prior_em"),
        paper="Saerens, Latinne & Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori "
        "Probabilities",
        notes="Transductive: it reads all test rows at once (never their labels), so a row's score depends on the "
        "others. Needs calibrated scores (temperature+prior_em); errors of calibration become errors of the prior. "
        "Only argmax and probabilities change: the policies prior and tuned cut where they would have cut without it.",
    ),
)

_CALIBRATION = (
    StrategySpec(
        name="temperature",
        summary="one temperature on the scores, fitted on validation",
        family="post-hoc",
        make=at("temperature"),
        paper=_GUO,
        notes="Keeps the order of the classes and cannot repair a shifted prior. Runs before corrections of the prior.",
    ),
    StrategySpec(
        name="vector_scaling",
        summary="a scale and a shift per class on log scores, fitted on validation",
        family="post-hoc",
        make=at("vector_scaling"),
        paper=_GUO,
        notes="2·C numbers from validation: overfits with many classes. Repairs a shifted prior: scores then stand "
        "for the validation rows'. With two classes it is beta calibration (Kull et al. 2017).",
    ),
    StrategySpec(
        name="platt",
        summary="a logistic curve over the log odds of each class, fitted on validation",
        family="post-hoc",
        make=at("platt"),
        paper="Platt 1999, Probabilistic Outputs for Support Vector Machines; Zadrozny & Elkan 2002 for several "
        "classes",
        notes="Keeps the ranking of two classes. Scores then stand for the prior of the validation rows.",
    ),
    StrategySpec(
        name="isotonic",
        summary="the best rising step function over the scores of each class, fitted on validation",
        family="post-hoc",
        make=at("isotonic"),
        paper="Zadrozny & Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates",
        notes="Overfits below about 1000 validation rows. Makes ties, so ranking metrics move, and scores of "
        "exactly 0. Scores then stand for the prior of the validation rows.",
    ),
)

_DECISIONS = (
    StrategySpec(
        name="threshold_cost",
        summary="decide by the costs of the two kinds of error",
        family="post-hoc",
        make=at("threshold_cost"),
        params={
            "false_negative": Parameter(
                default=10.0, low=0.001, high=1e6, summary="cost of a missed positive", grid=(5.0, 10.0, 50.0)
            ),
            "false_positive": Parameter(default=1.0, low=0.001, high=1e6, summary="cost of a false alarm"),
        },
        paper=_ELKAN,
        tasks=("binary",),
        notes="Positive where p > c_FP/(c_FP + c_FN): the cheapest threshold of calibrated scores, nothing is "
        "fitted. After parts that move the prior add prior_correction or platt.",
    ),
    StrategySpec(
        name="threshold_budget",
        summary="decide for the top share of rows, as many as can be looked at",
        family="post-hoc",
        make=at("threshold_budget"),
        params={
            "share": Parameter(default=0.01, low=0.00001, high=1.0, summary="alerts per row", grid=(0.005, 0.01, 0.05))
        },
        paper="Dal Pozzolo et al. 2014, Learned Lessons in Credit Card Fraud Detection from a Practitioner Perspective",
        tasks=("binary",),
        notes="The cut is a quantile of the validation scores; the share of alerts among other rows is what it is "
        "there. A thinned validation set has fewer positives than the test set.",
    ),
)

POST_HOC = _PRIORS + _CALIBRATION + _DECISIONS

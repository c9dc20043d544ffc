"""What batches are made of: samplers and mixing."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import BETA, CAO, CUI, KANG, MIXING, at

__all__ = ["BATCHES"]

_SAMPLING = (
    StrategySpec(
        name="balanced",
        summary="every class equally often in every batch",
        family="sampling",
        make=at("balanced"),
        paper=KANG,
        notes="Rows of class c come N/(C·n_c) times as often: rare ones overfit. Scores stand for a uniform prior.",
    ),
    StrategySpec(
        name="power_sampler",
        summary="classes drawn by a power of their size",
        family="sampling",
        make=at("power_sampler"),
        params={
            "q": Parameter(
                default=0.5,
                low=0.0,
                high=1.0,
                summary="1 is natural, 0.5 square root, 0 balanced",
                grid=(0.25, 0.5, 0.75),
            )
        },
        paper=f"{KANG}; Mahajan et al. 2018, arXiv:1805.00932",
        notes="logit_adjusted after it corrects what is left over.",
    ),
    StrategySpec(
        name="effective_number_sampler",
        summary="rows drawn by the inverse effective number of their class",
        family="sampling",
        make=at("effective_number_sampler"),
        params={"beta": BETA},
        paper=f"{CUI}; {CAO}",
        notes="beta=0 is natural sampling; nearly balanced where 1/(1 - beta) is far above the class sizes.",
    ),
    StrategySpec(
        name="fixed_positives",
        summary="a fixed share of every batch for the classes that are not the largest",
        family="sampling",
        make=at("fixed_positives"),
        params={
            "rate": Parameter(
                default=0.5,
                low=0.01,
                high=0.99,
                summary="share of the other classes, divided alike",
                grid=(0.1, 0.25, 0.5),
            )
        },
        paper="Yuan et al. 2023, LibAUC: A Deep Learning Library for X-Risk Optimization, arXiv:2306.03065",
        notes="The rate is an expectation: rows are drawn class by class, where LibAUC fixes the number. Two "
        "classes at 0.5 are balanced. Made for auc_margin and ap_smooth.",
    ),
    StrategySpec(
        name="progressive",
        summary="from natural to balanced batches over the budget",
        family="sampling",
        make=at("progressive"),
        paper=KANG,
        notes="Its prior changes during training: add no part that reads the prior (logit_adjusted, weighted_ce).",
    ),
)

_MIXING = (
    StrategySpec(
        name="mixup",
        summary="train on convex combinations of pairs",
        family="augmentation",
        make=at("mixup"),
        params={"alpha": MIXING},
        paper="Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization, arXiv:1710.09412",
        notes="One share per batch. One-hot columns become fractions. Large networks use alpha=0.2.",
    ),
    StrategySpec(
        name="remix",
        summary="mixup whose label goes to the rarer class of unequal pairs",
        family="augmentation",
        make=at("remix"),
        params={
            "alpha": MIXING,
            "kappa": Parameter(
                default=3.0, low=1.0, high=1000.0, summary="how much larger the other class must be", grid=(3.0, 10.0)
            ),
            "tau": Parameter(
                default=0.5,
                low=0.0,
                high=1.0,
                summary="the larger class's share must be below this",
                grid=(0.3, 0.5, 0.8),
            ),
        },
        paper="Chou et al. 2020, Remix: Rebalanced Mixup, arXiv:2007.03943",
        notes="With rare minorities almost every mixed minority row is labelled minority alone.",
    ),
    StrategySpec(
        name="mamix",
        summary="mixup whose label turns nearer to the larger class, by the margins of the two",
        family="augmentation",
        make=at("mamix"),
        params={
            "alpha": MIXING,
            "power": Parameter(
                default=-0.25,
                low=-2.0,
                high=0.0,
                summary="margin ∝ class size^power; 0 is mixup",
                grid=(-0.5, -0.25, -0.1),
            ),
        },
        paper="Cheng et al. 2023, From SMOTE to Mixup for Deep Imbalanced Classification, arXiv:2308.15457",
        notes="Labels of rare classes weigh more than their share of the input; the prior that results is not tracked.",
    ),
)

BATCHES = _SAMPLING + _MIXING

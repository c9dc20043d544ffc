"""The ensembles on offer. Factories are named by text, so that listing imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from imbench import Parameter, StrategySpec

__all__ = ["ENSEMBLES"]

_TABLES: tuple[Literal["tabular", "clicks"], ...] = ("tabular", "clicks")
_TREES = "it grows trees, one after the other on the CPU: there is no network to stack"
_UNIFORM = (
    "Scores stand for equal classes and are no probabilities on natural data: correct the prior or the threshold. "
)
_SELF_PACED = "Liu et al. 2020, Self-paced Ensemble for Highly Imbalanced Massive Data, ICDE, arXiv:1909.03500"


def _members(default: int, grid: tuple[int, ...], summary: str = "trees") -> Parameter:
    return Parameter(default=default, low=1, high=10_000, grid=grid, summary=summary)


def _leaf() -> Parameter:
    return Parameter(default=1, low=1, high=10_000, grid=(1, 5, 20), summary="rows that a leaf holds at least")


def _neighbours() -> Parameter:
    return Parameter(default=5, low=1, high=1000, grid=(3, 5, 9), summary="neighbours of the same class for SMOTE")


def _bins() -> Parameter:
    return Parameter(default=5, low=1, high=1000, grid=(5, 10), summary="bins of hardness")


ENSEMBLES = (
    StrategySpec(
        name="random_forest",
        summary="random forest, as a reference for the balanced kind; weighted on demand",
        family="ensemble",
        make="imbench_ensembles.wrapped:RandomForest",
        params={
            "members": _members(100, (100, 300)),
            "min_samples_leaf": _leaf(),
            "weighted": Parameter(default=False, grid=(False, True), summary="weigh rows by inverse class frequency"),
        },
        paper="Breiman 2001, Random Forests, Mach. Learn. 45:5-32; weighted: Chen, Liaw & Breiman 2004",
        modalities=_TABLES,
        notes="Weights move scores little where leaves hold one row (the default): such a leaf is pure whatever "
        "its row weighs. Raise min_samples_leaf to 5 or more with weighted=true.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="balanced_random_forest",
        summary="random forest whose trees see as many rows of every class",
        family="ensemble",
        make="imbench_ensembles.wrapped:BalancedRandomForest",
        params={"members": _members(100, (100, 300)), "min_samples_leaf": _leaf()},
        paper="Chen, Liaw & Breiman 2004, Using Random Forest to Learn Imbalanced Data, UC Berkeley TR 666",
        modalities=_TABLES,
        notes=_UNIFORM + "Where the smallest class has few rows, a tree sees few of any class.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="balanced_bagging",
        summary="trees on balanced subsets of bootstraps",
        family="ensemble",
        make="imbench_ensembles.wrapped:BalancedBagging",
        params={"members": _members(50, (10, 50))},
        paper="Hido, Kashima & Takahashi 2009, Stat. Anal. Data Min. 2:412-426; Maclin & Opitz 1997",
        modalities=_TABLES,
        notes=_UNIFORM
        + "Where a class has fewer than 20 rows there is no bootstrap, because one could miss the class.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="easy_ensemble",
        summary="AdaBoost on balanced subsets, averaged",
        family="ensemble",
        make="imbench_ensembles.wrapped:EasyEnsemble",
        params={"members": _members(10, (10, 30), "boosted models, each of 50 stumps")},
        paper="Liu, Wu & Zhou 2009, Exploratory Undersampling, IEEE Trans. SMC-B 39:539-550",
        modalities=_TABLES,
        notes=_UNIFORM + "Of two classes they lie between 0.12 and 0.88. About 500 stumps: several times the cost of a "
        "balanced forest. Stumps see no interactions, and do badly with many classes.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="rusboost",
        summary="AdaBoost whose trees see balanced subsets",
        family="ensemble",
        make="imbench_ensembles.wrapped:RusBoost",
        params={
            "members": _members(50, (50, 200), "trees asked for"),
            "max_depth": Parameter(default=3, low=1, high=64, grid=(1, 3, 5), summary="levels of a tree"),
            "learning_rate": Parameter(default=0.1, low=1e-4, high=1.0, grid=(0.03, 0.1, 0.3), summary="shrinkage"),
        },
        paper="Seiffert et al. 2010, RUSBoost, IEEE Trans. SMC-A 40:185-197",
        modalities=_TABLES,
        notes="imbalanced-learn's defaults (stumps, rate 1) often end after a few trees or fail at the first, for a "
        "tree on balanced rows errs too often on natural ones; hence depth 3, rate 0.1. Even so boosting may stop "
        "early: the result's notes say how many trees there are. " + _UNIFORM,
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="self_paced",
        summary="trees on balanced subsets chosen by hardness, from easy to evenly spread",
        family="ensemble",
        make="imbench_ensembles.selfpaced:SelfPaced",
        params={
            "members": _members(50, (10, 50)),
            "bins": _bins(),
            "max_depth": Parameter(
                default=10, low=0, high=64, grid=(0, 5, 10), summary="levels of a tree; 0: no limit"
            ),
        },
        paper=_SELF_PACED,
        modalities=_TABLES,
        notes=_UNIFORM + "Wrong labels in the larger classes are the hardest rows, and late members look for those.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="balance_cascade",
        summary="AdaBoost on balanced subsets of a pool that easy rows of larger classes leave",
        family="ensemble",
        make="imbench_ensembles.selfpaced:BalanceCascade",
        params={
            "members": _members(10, (5, 10), "boosted models"),
            "rounds": Parameter(default=10, low=1, high=1000, grid=(10, 50), summary="stumps of a model"),
        },
        paper="Liu, Wu & Zhou 2009, Exploratory Undersampling, IEEE Trans. SMC-B 39:539-550",
        modalities=_TABLES,
        notes="Late members see the hardest rows alone, and wrong labels are among them. Members are averaged, for any "
        "number of classes; the paper adds up votes and thresholds, for two. " + _UNIFORM,
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="smote_bagging",
        summary="trees on bootstraps filled up to the largest class, partly by SMOTE",
        family="ensemble",
        make="imbench_ensembles.synthetic:SmoteBagging",
        params={"members": _members(30, (10, 30)), "k": _neighbours()},
        paper="Wang & Yao 2009, Diversity Analysis on Imbalanced Data Sets by Using Ensemble Models, CIDM",
        modalities=_TABLES,
        notes="Every tree sees as many rows of each class as of the largest: slow on large data. Its leaves are pure, "
        "so the prior moves less than equal classes suggest.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="smote_boost",
        summary="AdaBoost.M2 whose trees see new SMOTE rows in every round",
        family="ensemble",
        make="imbench_ensembles.synthetic:SmoteBoost",
        params={
            "members": _members(50, (50, 200), "trees asked for"),
            "max_depth": Parameter(default=3, low=1, high=64, grid=(1, 3, 5), summary="levels of a tree"),
            "k": _neighbours(),
        },
        paper="Chawla et al. 2003, SMOTEBoost, PKDD, LNCS 2838:107-119",
        modalities=_TABLES,
        notes=_UNIFORM + "Every round sees as many rows of each class as of the largest: slow on large data.",
        alone=_TREES,
        budgeted=False,
    ),
    StrategySpec(
        name="bagged_networks",
        summary="networks on balanced subsets, averaged",
        family="ensemble",
        make="imbench_ensembles.networks:BaggedNetworks",
        params={"members": _members(10, (5, 10, 20), "networks")},
        paper="Wallace et al. 2011, Class Imbalance, Redux, ICDM",
        notes=_UNIFORM + "Each member spends the whole budget: compare cost before comparing with a single network.",
        alone="its members already train together, as a pack of their own",
    ),
    StrategySpec(
        name="self_paced_networks",
        summary="networks on balanced subsets chosen by hardness, one after the other",
        family="ensemble",
        make="imbench_ensembles.selfpaced:SelfPacedNetworks",
        params={"members": _members(10, (5, 10, 20), "networks"), "bins": _bins()},
        paper=_SELF_PACED,
        notes=_UNIFORM + "Each member spends the whole budget, one after the other: the slowest strategy here.",
        alone="the rows of a member depend on the members before it, so they cannot train together",
    ),
)

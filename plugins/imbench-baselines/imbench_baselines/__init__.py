"""The baselines that every imbench leaderboard contains, and the `mlp` backbone."""

from __future__ import annotations

from imbench import BackboneSpec, Parameter, StrategySpec, hookimpl

__all__ = ["imbench_backbones", "imbench_strategies"]

_STRATEGIES = (
    StrategySpec(
        name="prior",
        summary="predict the class frequencies of the training data",
        family="baseline",
        make="imbench_baselines.fits:Prior",
        alone="it trains nothing",
        budgeted=False,
        notes="The floor: its average precision is the prevalence, its Brier score that of the base rate.",
    ),
    StrategySpec(
        name="erm",
        summary="plain cross-entropy on natural batches, no remedy",
        family="baseline",
        make="imbench_baselines.recipes:erm",
        paper="Vapnik 1992, Principles of Risk Minimization for Learning Theory",
        notes="Judge it by its tuned threshold (erm+threshold), not by argmax.",
    ),
    StrategySpec(
        name="threshold",
        summary="choose the decision threshold on validation",
        family="post-hoc",
        make="imbench_baselines.recipes:threshold",
        params={
            "metric": Parameter(
                default="balanced_accuracy",
                choices=("balanced_accuracy", "f1", "gmean", "mcc"),
                summary="what to maximise; f1 is of the positive class, macro with more than two classes",
                grid=("balanced_accuracy", "f1", "mcc"),
            )
        },
        paper="Lipton et al. 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure, arXiv:1402.1892",
        notes="Changes decisions, never scores. With few validation positives the choice is noisy.",
    ),
    StrategySpec(
        name="gbdt",
        summary="histogram gradient boosting (scikit-learn)",
        family="baseline",
        make="imbench_baselines.fits:BoostedTrees",
        alone="trees, no network",
        budgeted=False,
        params={
            "max_iter": Parameter(default=100, low=1, high=10_000, summary="boosting rounds", grid=(50, 100, 300)),
            "learning_rate": Parameter(default=0.1, low=1e-4, high=1.0, summary="shrinkage", grid=(0.03, 0.1, 0.3)),
            "max_leaf_nodes": Parameter(default=31, low=2, high=4096, summary="leaves of a tree", grid=(7, 31, 127)),
            "weighted": Parameter(default=False, summary="weigh rows by inverse class frequency", grid=(False, True)),
        },
        paper="Friedman 2001, Greedy Function Approximation; Ke et al. 2017, LightGBM",
        modalities=("tabular", "clicks"),
        notes="The strongest cheap baseline on tables. No early stopping: every cell gets the same rounds.",
    ),
)

_BACKBONES = (
    BackboneSpec(
        name="mlp",
        summary="multilayer perceptron with ReLU; layers=0 is logistic regression",
        make="imbench.training.mlp:MLP",
        params={
            "hidden": Parameter(default=128, low=1, high=4096, summary="units of a hidden layer"),
            "layers": Parameter(default=2, low=0, high=8, summary="hidden layers"),
            "dropout": Parameter(default=0.0, low=0.0, high=0.9, summary="share of hidden units dropped in training"),
        },
        modalities=("tabular", "clicks"),
        stacks=True,
    ),
)


@hookimpl
def imbench_strategies() -> tuple[StrategySpec, ...]:
    """`prior`, `erm`, `threshold` and `gbdt`."""
    return _STRATEGIES


@hookimpl
def imbench_backbones() -> tuple[BackboneSpec, ...]:
    """`mlp`."""
    return _BACKBONES

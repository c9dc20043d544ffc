"""The boosted trees on offer. Their libraries are extras of this distribution."""

from __future__ import annotations

from imbench import Parameter, StrategySpec

__all__ = ["BOOSTING"]

_ALONE = "it boosts trees, each on the errors of those before it: there is no network to stack"
_NOTES = (
    "Needs pip install 'imbench-ensembles[{0}]'; without it only its own cells fail, with that reason. One thread, no "
    "early stopping. Weights move the prior that scores stand for, less so the "
    "better the trees fit the training rows, and ruin calibration; ranking hardly changes. "
)
_FOCAL = "The focal loss is not proper: scores keep away from 0 and 1 and are no probabilities until calibrated."

_SHARED = {
    "max_iter": Parameter(default=100, low=1, high=10_000, grid=(100, 300), summary="boosting rounds"),
    "learning_rate": Parameter(default=0.1, low=1e-4, high=1.0, grid=(0.03, 0.1, 0.3), summary="shrinkage"),
    "weighting": Parameter(
        default="none",
        choices=("none", "sqrt", "balanced"),
        grid=("none", "sqrt", "balanced"),
        summary="rows of class c weigh 1, sqrt(n_max/n_c) or n_max/n_c, as scale_pos_weight does",
    ),
}
_LOSS = {
    "loss": Parameter(
        default="log",
        choices=("log", "focal"),
        grid=("log", "focal"),
        summary="focal: binary focal loss, with more classes one against the rest",
    ),
    "gamma": Parameter(default=2.0, low=0.0, high=10.0, grid=(1.0, 2.0), summary="of the focal loss; unused by log"),
}
_DEPTH = {"max_depth": Parameter(default=6, low=1, high=16, grid=(4, 6, 8), summary="levels of a tree")}

BOOSTING = (
    StrategySpec(
        name="lightgbm",
        summary="LightGBM, with class weights or focal loss on demand",
        family="ensemble",
        make="imbench_ensembles.boosting:LightGBM",
        params={
            **_SHARED,
            "max_leaf_nodes": Parameter(default=31, low=2, high=4096, grid=(15, 31, 63), summary="leaves of a tree"),
            **_LOSS,
        },
        paper="Ke et al. 2017, LightGBM, NeurIPS; focal: Lin et al. 2017, arXiv:1708.02002",
        modalities=("tabular", "clicks"),
        notes=_NOTES.format("lightgbm") + _FOCAL,
        alone=_ALONE,
        budgeted=False,
    ),
    StrategySpec(
        name="xgboost",
        summary="XGBoost, with class weights or focal loss on demand",
        family="ensemble",
        make="imbench_ensembles.boosting:XGBoost",
        params={**_SHARED, **_DEPTH, **_LOSS},
        paper="Chen & Guestrin 2016, XGBoost, arXiv:1603.02754; focal: Lin et al. 2017, arXiv:1708.02002",
        modalities=("tabular", "clicks"),
        notes=_NOTES.format("xgboost") + _FOCAL,
        alone=_ALONE,
        budgeted=False,
    ),
    StrategySpec(
        name="catboost",
        summary="CatBoost, with class weights on demand",
        family="ensemble",
        make="imbench_ensembles.boosting:CatBoost",
        params={**_SHARED, **_DEPTH},
        paper="Prokhorenkova et al. 2018, CatBoost, arXiv:1706.09516",
        modalities=("tabular", "clicks"),
        notes=_NOTES.format("catboost").rstrip(),
        alone=_ALONE,
        budgeted=False,
    ),
)

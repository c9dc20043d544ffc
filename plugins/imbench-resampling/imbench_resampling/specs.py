"""What the plugin offers. Factories are named by text, so that listing imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from imbench import Parameter, StrategySpec

__all__ = ["SPECS"]

#: Distances between rows must mean something: rows of token ids or of mixed modalities are left out.
_MEASURABLE: tuple[Literal["tabular", "image", "clicks"], ...] = ("tabular", "image", "clicks")

_ONE_TO_ONE = "Every class gets as many rows as the {}; the prior is gone, so scores are not probabilities any more"
_GROWS = _ONE_TO_ONE.format("largest") + " and a thousand small classes make a huge training set."
_SHRINKS = _ONE_TO_ONE.format("smallest") + ", and a small smallest class leaves little to learn from."
_MIXES = " Made rows have fractions in one-hot columns, and mean little on raw pixels; distances need scaled features."
_CLEANS = " It cleans and does not balance: the prior stays nearly what it was, and so, often, does the model."
_OVERLAP = " It deletes the overlap of the classes, so scores become overconfident there."


def _k(summary: str = "neighbours of the same class to interpolate with", default: int = 5) -> Parameter:
    return Parameter(default=default, summary=summary, low=1, high=1000)


_M = Parameter(default=10, summary="neighbours that decide whether a row is on the border", low=1, high=1000)
_KIND_SEL = Parameter(
    default="all", summary="a row stays if all, or most (mode), neighbours agree", choices=("all", "mode")
)
_EDITING = _k("neighbours that vote on a row", 3)

_OVER = (
    StrategySpec(
        name="random_over",
        summary="duplicate rows of smaller classes; with shrinkage, a smoothed bootstrap (ROSE)",
        family="data",
        make="imbench_resampling.selecting:random_over",
        params={
            "shrinkage": Parameter(
                default=0.0, summary="width of the Gaussian noise on copies; 0 copies exactly", low=0.0, high=100.0
            )
        },
        paper="folklore; smoothed: Menardi & Torelli 2014, Data Min. Knowl. Discov. 28:92-122",
        notes=_GROWS + " In expectation it equals class weights. With shrinkage, one-hot columns get noise too.",
    ),
    StrategySpec(
        name="smote",
        summary="points between a row and a near neighbour of its class",
        family="data",
        make="imbench_resampling.generating:smote",
        params={"k": _k()},
        paper="Chawla, Bowyer, Hall & Kegelmeyer 2002, JAIR 16:321-357",
        modalities=_MEASURABLE,
        notes=_GROWS + _MIXES + " k is lowered to the smallest class less one; a class of one row is duplicated.",
    ),
    StrategySpec(
        name="borderline_smote",
        summary="SMOTE from rows near the border only",
        family="data",
        make="imbench_resampling.generating:borderline_smote",
        params={
            "k": _k(),
            "m": _M,
            "kind": Parameter(default=1, summary="2 also steps towards rows of other classes", choices=(1, 2)),
        },
        paper="Han, Wang & Mao 2005, ICIC, LNCS 3644:878-887",
        modalities=_MEASURABLE,
        notes="Changes nothing where no row is on the border (separable data, very small classes): see its note. "
        + _GROWS
        + _MIXES,
    ),
    StrategySpec(
        name="svm_smote",
        summary="SMOTE from support vectors",
        family="data",
        make="imbench_resampling.generating:svm_smote",
        params={
            "k": _k(),
            "m": _M,
            "out_step": Parameter(default=0.5, summary="how far to step outwards", low=0.01, high=1.0),
        },
        paper="Nguyen, Cooper & Kamei 2011, IJKESDP 3(1):4-21",
        modalities=_MEASURABLE,
        notes="The SVM costs O(n^2) and more: slow above some 10,000 rows. A class may stop short of the largest "
        "one (the note says where), and steps outwards leave the hull of its class. " + _GROWS + _MIXES,
    ),
    StrategySpec(
        name="adasyn",
        summary="SMOTE steps, more of them where other classes are near",
        family="data",
        make="imbench_resampling.generating:adasyn",
        params={"n_neighbors": _k("neighbours that measure difficulty, and to interpolate with")},
        paper="He, Bai, Garcia & Li 2008, IJCNN, 1322-1328",
        modalities=_MEASURABLE,
        notes="Changes nothing where no row has a neighbour of another class. Sizes are met only nearly. Mislabelled "
        "rows get the most copies. " + _GROWS + _MIXES,
    ),
)

_UNDER = (
    StrategySpec(
        name="random_under",
        summary="a random subset of each larger class",
        family="data",
        make="imbench_resampling.selecting:random_under",
        params={"replacement": Parameter(default=False, summary="draw with replacement")},
        paper="folklore; what it does to probabilities: Dal Pozzolo et al. 2015, IEEE SSCI, 159-166",
        notes=_SHRINKS + " The change of the scores is known in closed form and can be undone.",
    ),
    StrategySpec(
        name="nearmiss",
        summary="the rows of larger classes that are nearest to the smallest class",
        family="data",
        make="imbench_resampling.selecting:nearmiss",
        params={
            "version": Parameter(
                default=1, summary="1 nearest small rows, 2 all small rows, 3 candidates first", choices=(1, 2, 3)
            ),
            "n_neighbors": _k("rows of the smallest class to measure the distance to", 3),
            "n_neighbors_ver3": _k("candidates for each row of the smallest class (version 3)", 3),
        },
        paper="Mani & Zhang 2003, ICML workshop on learning from imbalanced datasets",
        modalities=_MEASURABLE,
        notes="Often worse than no remedy: it keeps outliers that lie among the small class. A good negative control. "
        "Version 3 may keep fewer rows than asked for. " + _SHRINKS,
    ),
    StrategySpec(
        name="cluster_centroids",
        summary="k-means centres in place of each larger class",
        family="data",
        make="imbench_resampling.centroids:cluster_centroids",
        params={
            "voting": Parameter(
                default="soft", summary="the centres, or (hard) the row next to each", choices=("soft", "hard")
            ),
            "minibatch": Parameter(default=False, summary="mini-batch k-means: faster, coarser"),
            "fast": Parameter(default=False, summary="few k-means steps from random rows: other centres, much sooner"),
        },
        paper="Yen & Lee 2009, Expert Syst. Appl. 36:5718-5727; Lin et al. 2017, Inf. Sci. 409:17-26",
        modalities=_MEASURABLE,
        notes="Centres are no real rows (fractions in one-hot columns), less spread out than what they replace. Costs "
        "O(n x rows of the smallest class); fast=true gives other centres than imbalanced-learn's, in a "
        "few per cent of the time. " + _SHRINKS,
    ),
    StrategySpec(
        name="cnn",
        summary="condensed nearest neighbours: only rows of larger classes that 1-NN gets wrong without them",
        family="data",
        make="imbench_resampling.selecting:cnn",
        paper="Hart 1968, IEEE Trans. Inf. Theory 14(3):515-516",
        modalities=_MEASURABLE,
        notes="It keeps the border and the noise, and little of the inside of a class; what stays depends on the order "
        "of the rows. Not to 1:1.",
    ),
    StrategySpec(
        name="oss",
        summary="one-sided selection: drop redundant rows of larger classes, then Tomek links",
        family="data",
        make="imbench_resampling.selecting:oss",
        paper="Kubat & Matwin 1997, ICML, 179-186",
        modalities=_MEASURABLE,
        notes="How much goes depends on one random seed row a class: from almost nothing to most of it. Not to 1:1.",
    ),
)

_CLEANING = (
    StrategySpec(
        name="tomek",
        summary="drop the larger class's row of each Tomek link",
        family="data",
        make="imbench_resampling.selecting:tomek",
        paper="Tomek 1976, IEEE Trans. SMC 6:769-772",
        modalities=_MEASURABLE,
        notes="It removes a fraction of a per cent, typically." + _CLEANS,
    ),
    StrategySpec(
        name="enn",
        summary="drop rows of larger classes that their neighbours disagree with",
        family="data",
        make="imbench_resampling.selecting:enn",
        params={"n_neighbors": _EDITING, "kind_sel": _KIND_SEL},
        paper="Wilson 1972, IEEE Trans. SMC 2:408-421",
        modalities=_MEASURABLE,
        notes="With many classes a whole class may go (the note says so)." + _CLEANS + _OVERLAP,
    ),
    StrategySpec(
        name="ncr",
        summary="neighbourhood cleaning rule: ENN and the neighbours of misclassified small-class rows",
        family="data",
        make="imbench_resampling.selecting:ncr",
        params={
            "n_neighbors": _EDITING,
            "threshold_cleaning": Parameter(
                default=0.5, summary="clean classes larger than this share of the smallest", low=0.0, high=1000.0
            ),
        },
        paper="Laurikkala 2001, AIME, LNCS 2101:63-66",
        modalities=_MEASURABLE,
        notes="Rows of the smallest class are never removed." + _CLEANS + _OVERLAP,
    ),
)

_COMBINED = (
    StrategySpec(
        name="smote_tomek",
        summary="SMOTE, then drop both rows of each Tomek link",
        family="data",
        make="imbench_resampling.combined:smote_tomek",
        params={"k": _k()},
        paper="Batista, Bazzan & Monard 2003, WOB, 10-18",
        modalities=_MEASURABLE,
        notes="The search for neighbours runs on the enlarged set: several times the cost of SMOTE. " + _GROWS + _MIXES,
    ),
    StrategySpec(
        name="smote_enn",
        summary="SMOTE, then drop rows that their neighbours disagree with",
        family="data",
        make="imbench_resampling.combined:smote_enn",
        params={"k": _k(), "n_neighbors": _EDITING, "kind_sel": _KIND_SEL},
        paper="Batista, Prati & Monard 2004, SIGKDD Explor. 6(1):20-29",
        modalities=_MEASURABLE,
        notes="Cleaning takes more from the larger class, so the smaller one may end up larger. The search for "
        "neighbours runs on the enlarged set." + _OVERLAP + " " + _GROWS + _MIXES,
    ),
)

SPECS: tuple[StrategySpec, ...] = _OVER + _UNDER + _CLEANING + _COMBINED

"""Specs of what makes larger classes smaller."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_resampling.specs.shared import MEASURABLE, SHRINKS, neighbours

__all__ = ["SHRINKING"]

SHRINKING = (
    StrategySpec(
        name="random_under",
        summary="a random subset of each larger class",
        family="data",
        make="imbench_resampling.selecting:random_under",
        params={"replacement": Parameter(default=False, summary="draw with replacement", grid=(False, True))},
        paper="folklore; what it does to probabilities: Dal Pozzolo et al. 2015, IEEE SSCI, 159-166",
        notes=SHRINKS + " The change of the scores is known in closed form and can be undone.",
    ),
    StrategySpec(
        name="nearmiss",
        summary="the rows of larger classes that are nearest to the smallest class",
        family="data",
        make="imbench_resampling.selecting:nearmiss",
        params={
            "version": Parameter(
                default=1,
                summary="1 nearest small rows, 2 all small rows, 3 candidates first",
                choices=(1, 2, 3),
                grid=(1, 2, 3),
            ),
            "n_neighbors": neighbours("rows of the smallest class to measure the distance to", 3, (3, 10)),
            "n_neighbors_ver3": neighbours("candidates for each row of the smallest class (version 3)", 3, ()),
        },
        paper="Mani & Zhang 2003, ICML workshop on learning from imbalanced datasets",
        modalities=MEASURABLE,
        notes="Often worse than no remedy: it keeps outliers that lie among the small class. A good negative control. "
        "Version 3 may keep fewer rows than asked for. " + SHRINKS,
    ),
    StrategySpec(
        name="cluster_centroids",
        summary="k-means centres in place of each larger class",
        family="data",
        make="imbench_resampling.centroids:cluster_centroids",
        params={
            "voting": Parameter(
                default="soft",
                summary="the centres, or (hard) the row next to each",
                choices=("soft", "hard"),
                grid=("soft", "hard"),
            ),
            "minibatch": Parameter(default=False, summary="mini-batch k-means: faster, coarser"),
            "fast": Parameter(default=False, summary="few k-means steps from random rows: other centres, much sooner"),
        },
        paper="Yen & Lee 2009, Expert Syst. Appl. 36:5718-5727; Lin et al. 2017, Inf. Sci. 409:17-26",
        modalities=MEASURABLE,
        notes="Centres are no real rows (fractions in one-hot columns), less spread out than what they replace. Costs "
        "O(n x rows of the smallest class); fast=true gives other centres than imbalanced-learn's, in a "
        "few per cent of the time. " + SHRINKS,
    ),
    StrategySpec(
        name="cnn",
        summary="condensed nearest neighbours: only rows of larger classes that 1-NN gets wrong without them",
        family="data",
        make="imbench_resampling.selecting:cnn",
        paper="Hart 1968, IEEE Trans. Inf. Theory 14(3):515-516",
        modalities=MEASURABLE,
        notes="It keeps the border and the noise, and little of the inside of a class; what stays depends on the order "
        "of the rows. Not to 1:1.",
    ),
    StrategySpec(
        name="oss",
        summary="one-sided selection: drop redundant rows of larger classes, then Tomek links",
        family="data",
        make="imbench_resampling.selecting:oss",
        paper="Kubat & Matwin 1997, ICML, 179-186",
        modalities=MEASURABLE,
        notes="How much goes depends on one random seed row a class: from almost nothing to most of it. Not to 1:1.",
    ),
    StrategySpec(
        name="iht",
        summary="instance hardness threshold: the rows of larger classes that a forest finds easiest",
        family="data",
        make="imbench_resampling.hardness:iht",
        params={
            "cv": Parameter(
                default=5, summary="folds: each row is judged by a forest without it", low=2, high=50, grid=(3, 5)
            ),
            "trees": Parameter(default=100, summary="trees of a forest", low=1, high=10_000),
        },
        paper="Smith, Martinez & Giraud-Carrier 2014, Mach. Learn. 95:225-256",
        notes="It trains cv forests first: minutes above some 100,000 rows. It removes the overlap, so scores become "
        "overconfident there. Rows that are equally hard stay together, so a class may stay larger than asked for (the "
        "note says so). " + SHRINKS,
    ),
)

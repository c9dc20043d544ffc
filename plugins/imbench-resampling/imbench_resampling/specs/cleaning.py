"""Specs of what cleans, alone or after SMOTE."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_resampling.specs.shared import CLEANS, EDITING, GROWS, KIND_SEL, MEASURABLE, MIXES, OVERLAP, neighbours

__all__ = ["CLEANING", "COMBINED"]

CLEANING = (
    StrategySpec(
        name="tomek",
        summary="drop the larger class's row of each Tomek link",
        family="data",
        make="imbench_resampling.selecting:tomek",
        paper="Tomek 1976, IEEE Trans. SMC 6:769-772",
        modalities=MEASURABLE,
        notes="It removes a fraction of a per cent, typically." + CLEANS,
    ),
    StrategySpec(
        name="enn",
        summary="drop rows of larger classes that their neighbours disagree with",
        family="data",
        make="imbench_resampling.selecting:enn",
        params={"n_neighbors": EDITING, "kind_sel": KIND_SEL},
        paper="Wilson 1972, IEEE Trans. SMC 2:408-421",
        modalities=MEASURABLE,
        notes="With many classes a whole class may go (the note says so)." + CLEANS + OVERLAP,
    ),
    StrategySpec(
        name="renn",
        summary="repeated ENN: drop rows that their neighbours disagree with until none is left",
        family="data",
        make="imbench_resampling.repeating:renn",
        params={
            "n_neighbors": EDITING,
            "kind_sel": KIND_SEL,
            "max_iter": Parameter(default=100, summary="rounds at most", low=1, high=1000),
        },
        paper="Tomek 1976, IEEE Trans. SMC 6:448-452",
        modalities=MEASURABLE,
        notes="It stops when a larger class has become smaller than the smallest one was, or is gone (the note says "
        "so). Costs enn times the rounds, usually five to ten." + CLEANS + OVERLAP,
    ),
    StrategySpec(
        name="allknn",
        summary="ENN with one neighbour, then two, up to n_neighbors",
        family="data",
        make="imbench_resampling.repeating:allknn",
        params={
            "n_neighbors": neighbours("neighbours that vote on a row in the last round", 3, (3, 5)),
            "kind_sel": KIND_SEL,
        },
        paper="Tomek 1976, IEEE Trans. SMC 6:448-452",
        modalities=MEASURABLE,
        notes="It stops early as renn does. Removes more than enn." + CLEANS + OVERLAP,
    ),
    StrategySpec(
        name="ncr",
        summary="neighbourhood cleaning rule: ENN and the neighbours of misclassified small-class rows",
        family="data",
        make="imbench_resampling.selecting:ncr",
        params={
            "n_neighbors": EDITING,
            "threshold_cleaning": Parameter(
                default=0.5,
                summary="clean classes larger than this share of the smallest",
                low=0.0,
                high=1000.0,
                grid=(0.5, 1.0),
            ),
        },
        paper="Laurikkala 2001, AIME, LNCS 2101:63-66",
        modalities=MEASURABLE,
        notes="Rows of the smallest class are never removed." + CLEANS + OVERLAP,
    ),
)

COMBINED = (
    StrategySpec(
        name="smote_tomek",
        summary="SMOTE, then drop both rows of each Tomek link",
        family="data",
        make="imbench_resampling.combined:smote_tomek",
        params={"k": neighbours()},
        paper="Batista, Bazzan & Monard 2003, WOB, 10-18",
        modalities=MEASURABLE,
        notes="The search for neighbours runs on the enlarged set: several times the cost of SMOTE. " + GROWS + MIXES,
    ),
    StrategySpec(
        name="smote_enn",
        summary="SMOTE, then drop rows that their neighbours disagree with",
        family="data",
        make="imbench_resampling.combined:smote_enn",
        params={"k": neighbours(), "n_neighbors": EDITING, "kind_sel": KIND_SEL},
        paper="Batista, Prati & Monard 2004, SIGKDD Explor. 6(1):20-29",
        modalities=MEASURABLE,
        notes="Cleaning takes more from the larger class, so the smaller one may end up larger. The search for "
        "neighbours runs on the enlarged set." + OVERLAP + " " + GROWS + MIXES,
    ),
)

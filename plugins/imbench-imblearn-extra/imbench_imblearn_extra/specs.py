"""What the plugin offers. Factories are named by text, so that listing imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from imbench import Parameter, StrategySpec

__all__ = ["LEFT_OUT", "SPECS"]

#: Oversamplers that are no strategies by themselves, and why.
LEFT_OUT = {"ClusterOverSampler": "a frame that wants an oversampler and a clusterer; the others here are made with it"}

#: Distances between rows must mean something: rows of token ids or of mixed modalities are left out.
_MEASURABLE: tuple[Literal["tabular", "image", "clicks"], ...] = ("tabular", "image", "clicks")

_PROPORTION = Parameter(
    default=1.0, low=0.0, high=10.0, summary="share of the difference to the largest class to be made; 1 balances"
)

_LIBRARY = (
    "Its own defaults throughout, as in imbalanced-learn-extra 0.2; one-hot columns are numbers to it. Fails where a "
    "class has fewer rows than neighbours are asked for."
)


def _spec(name: str, oversampler: str, summary: str, paper: str, trap: str = "") -> StrategySpec:
    return StrategySpec(
        name=name,
        summary=summary,
        family="data",
        make=f"imbench_imblearn_extra.resampling:{oversampler}",
        params={"proportion": _PROPORTION},
        paper=paper,
        modalities=_MEASURABLE,
        notes=trap + _LIBRARY,
    )


SPECS: tuple[StrategySpec, ...] = (
    _spec(
        "extra_geometric_smote",
        "GeometricSMOTE",
        "points in a ball around a row, rather than on the line to a neighbour",
        "Douzas & Bacao 2019, Geometric SMOTE, Inf. Sci. 501:118-135",
    ),
    _spec(
        "extra_kmeans_smote",
        "KMeansSMOTE",
        "SMOTE inside k-means clusters that hold enough of the small class",
        "Douzas, Bacao & Last 2018, Inf. Sci. 465:1-20",
    ),
    _spec(
        "extra_somo",
        "SOMO",
        "SMOTE inside, and between neighbouring, clusters of a self-organising map",
        "Douzas & Bacao 2017, Expert Syst. Appl. 82:40-52",
        "Fails where no two neighbouring clusters both hold rows to grow from: with more than a few features, mostly. "
        "Sizes are met only nearly. ",
    ),
    _spec(
        "extra_geometric_somo",
        "GeometricSOMO",
        "Geometric SMOTE inside, and between neighbouring, clusters of a self-organising map",
        "Douzas, Rauch & Bacao 2021, G-SOMO, Expert Syst. Appl. 183:115230",
        "Sizes are met only nearly. ",
    ),
)

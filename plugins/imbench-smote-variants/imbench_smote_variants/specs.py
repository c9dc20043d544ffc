"""What the plugin offers, from the catalogue. Factories are named by text, so that listing imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from imbench import Parameter, StrategySpec
from imbench_smote_variants.catalogue import MADE_FROM, OVERSAMPLERS
from imbench_smote_variants.record import Oversampler

__all__ = ["LEFT_OUT", "SPECS", "spec_of"]

#: Oversamplers that a resampler cannot be, and why.
LEFT_OUT = {
    "E_SMOTE": "it also chooses features, so rows to be predicted would have to be cut down too",
    "ISOMAP_Hybrid": "it moves the rows into another space, so rows to be predicted would have to be moved too",
}

#: Distances between rows must mean something: rows of token ids or of mixed modalities are left out.
_MEASURABLE: tuple[Literal["tabular", "image", "clicks"], ...] = ("tabular", "image", "clicks")

#: smote-variants' categories in words, in the order of a summary. "CD" (it can learn a metric) is left at its default.
_WORDS = {
    "SO": "between a row and a neighbour",
    "SCmp": "each feature by itself",
    "SCpy": "by copying",
    "BL": "at the border",
    "DB": "by density",
    "DE": "from an estimated density",
    "Clus": "in clusters",
    "Clas": "with the help of a classifier",
    "M": "by an evolutionary or swarm search",
    "DR": "in fewer dimensions",
    "A": "made for one application",
    "NR": "drops noise",
    "CM": "also changes larger classes",
}

_LIBRARY = (
    f"Needs smote-variants {MADE_FROM}, installed with --no-deps (the README of imbench-smote-variants says how). "
    "Its own defaults throughout; one-hot columns are numbers to it."
)

_SLOW = "Slow: it may take minutes on a few hundred rows, so set a timeout under [limits]. "
_TRAPS = {
    "AMSCO": _SLOW,
    "DEAGO": "Needs TensorFlow and Keras 2 as well (README), and is slow. ",
    "DSMOTE": _SLOW,
    "DSRBF": _SLOW,
    "MOT2LD": "Fails: it passes an argument to t-SNE that scikit-learn 1.7 took away, and imbench needs 1.7. ",
    "SMMO": "Fails where a class has no more rows than features: a classifier inside refuses that (scikit-learn 1.9). ",
    "SMOTE_PSO": _SLOW,
    "SMOTE_PSOBAT": _SLOW,
}

_PROPORTION = Parameter(
    default=1.0, low=0.0, high=10.0, summary="share of the difference to the largest class to be made; 1 balances"
)


def spec_of(record: Oversampler) -> StrategySpec:
    """The strategy for an oversampler."""
    words = [word for category, word in _WORDS.items() if category in record.categories]
    return StrategySpec(
        name=f"sv_{record.name.lower()}",
        summary=f"smote-variants' {record.name}" + (f": {', '.join(words)}" if words else ""),
        family="data",
        make=f"imbench_smote_variants.resampling:{record.name}",
        params={"proportion": _PROPORTION} if record.proportion else {},
        paper=record.paper,
        tasks=("binary", "multiclass") if record.multiclass else ("binary",),
        modalities=_MEASURABLE,
        notes=_TRAPS.get(record.name, "") + _LIBRARY,
    )


SPECS: tuple[StrategySpec, ...] = tuple(spec_of(each) for each in OVERSAMPLERS if each.name not in LEFT_OUT)

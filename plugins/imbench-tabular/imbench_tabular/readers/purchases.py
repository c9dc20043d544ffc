"""CDNOW orders → one row a customer: what was known on a day, and who buys within the next days."""

from __future__ import annotations

import io

import pandas as pd

from imbench_tabular.archives import LIFETIMES

__all__ = ["CUT", "cdnow"]

#: Features look back from the end of this day, labels look ahead.
CUT = pd.Timestamp("1998-01-31")


def cdnow(days: int) -> pd.DataFrame:
    """Recency, frequency and money of every customer up to `CUT`, and ``buys`` in the ``days`` days after it.

    Args:
        days: horizon of the label; the rarer class gets rarer with a shorter one.
    """
    text = LIFETIMES.member("lifetimes/datasets/CDNOW_master.txt").decode("ascii")
    names = ["customer", "date", "items", "value"]
    orders = pd.read_csv(io.StringIO(text), sep=r"\s+", skiprows=1, names=names, dtype={"customer": str, "date": str})
    orders["date"] = pd.to_datetime(orders["date"], format="%Y%m%d")
    known = orders[orders["date"] <= CUT].sort_values(["customer", "date"], kind="stable")
    ahead = orders[(orders["date"] > CUT) & (orders["date"] <= CUT + pd.Timedelta(days=days))]
    table = _look_back(known)
    return table.assign(buys=table.index.isin(set(ahead["customer"]))).reset_index(drop=True)


def _look_back(known: pd.DataFrame) -> pd.DataFrame:
    """(customers, 12) features of orders sorted by customer and date; a gap needs two days of purchase."""
    by = known.groupby("customer")
    last, first = by["date"].max(), by["date"].min()
    days = by["date"].nunique()
    recent = {span: known[known["date"] > CUT - pd.Timedelta(days=span)].groupby("customer") for span in (30, 90)}
    return pd.DataFrame(
        {
            "orders": by.size(),
            "days_with_orders": days,
            "recency": (CUT - last).dt.days,
            "tenure": (CUT - first).dt.days,
            "mean_gap": ((last - first).dt.days / (days - 1)).where(days > 1),
            "items": by["items"].sum(),
            "value": by["value"].sum(),
            "mean_value": by["value"].mean(),
            "last_value": by["value"].last(),
            "orders_30d": recent[30].size().reindex(days.index, fill_value=0),
            "orders_90d": recent[90].size().reindex(days.index, fill_value=0),
            "value_90d": recent[90]["value"].sum().reindex(days.index, fill_value=0.0),
        }
    )

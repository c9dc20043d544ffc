"""Open Bandit: impressions of fashion items on ZOZOTOWN, two policies by three campaigns, 10,000 rows each."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from imbench_tabular.archives import OBP

__all__ = ["clicks"]


def clicks() -> pd.DataFrame:
    """All six logs in one table: the item shown, where and to whom, and whether it was clicked."""
    parts = [_campaign(policy, campaign) for policy in ("random", "bts") for campaign in ("all", "men", "women")]
    return pd.concat(parts, ignore_index=True)


def _campaign(policy: str, campaign: str) -> pd.DataFrame:
    folder = f"obp/dataset/obd/{policy}/{campaign}"
    log = pd.read_csv(io.BytesIO(OBP.member(f"{folder}/{campaign}.csv")), index_col=0)
    items = pd.read_csv(io.BytesIO(OBP.member(f"{folder}/item_context.csv")), index_col=0).set_index("item_id")
    # the log holds one affinity a candidate; what matters is the one of the item that was shown
    affinity = log[[f"user-item_affinity_{item}" for item in range(len(items))]].to_numpy()
    users = [column for column in log if str(column).startswith("user_feature")]
    table = log[["timestamp", "click", "propensity_score", "position", *users]].assign(
        timestamp=pd.to_datetime(log["timestamp"], utc=True, format="ISO8601").dt.tz_localize(None),
        policy=policy,
        campaign=campaign,
        item=campaign + "-" + log["item_id"].astype(str),  # ids count from 0 in every campaign
        affinity=affinity[np.arange(len(log)), log["item_id"].to_numpy()],
        user_affinity=affinity.sum(axis=1),
    )
    return pd.concat([table, items.loc[log["item_id"]].set_index(table.index)], axis=1)

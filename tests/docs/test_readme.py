"""What the README says is done here: the user's own table, and a whole third-party plugin, in one run."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from .blocks import ROOT, Desk, blocks_of

PLUGIN = "imbench-poly/imbench_poly.py"


@pytest.fixture
def desk(tmp_path) -> Desk:
    desk = Desk(tmp_path)
    for block in blocks_of("README.md"):
        if block.title:
            desk.write(block)
    rng = np.random.default_rng(0)
    rows = 1500
    fraud = rng.random(rows) < 0.1
    table = pd.DataFrame(
        {
            "transaction_id": np.arange(rows),
            "booked_at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "amount": rng.lognormal(3, 1, rows) + 40 * fraud,
            "shop": rng.choice(["food", "travel", "games"], rows),
            "is_fraud": fraud.astype(int),
        }
    )
    table.loc[rng.random(rows) < 0.1, "shop"] = None
    table.to_csv(tmp_path / "transactions.csv", index=False)
    return desk


def lines(title: str) -> list[str]:
    (block,) = (each for each in blocks_of("README.md") if each.title == title)
    return [line for line in block.text.splitlines() if line.strip()]


def test_the_promised_lengths():
    assert len(lines("mine.toml")) < 10
    assert len(lines(PLUGIN)) <= 20


@pytest.mark.slow
def test_your_own_data_and_your_own_strategy(desk):
    desk.run("imbench validate mine.toml", ["mine: ok, 48 cells (datasets 1, ratios 2, seeds 3, strategies 8 …"])
    desk.run("pip install ./imbench-poly")
    matrix = desk.folder / "mine.toml"
    text = matrix.read_text().replace('"smote", "focal"', '"poly1", "poly1(epsilon=2)", "smote+poly1", "focal"')
    matrix.write_text(f"{text}\n[budget]\nsteps = 30\n")
    said = desk.run("imbench run --matrix mine.toml --seeds 1 --no-cost -k 'rationatural' --json")
    study = json.loads(said[said.index("{") :])
    (board,) = study["leaderboards"]
    assert {"poly1", "poly1(epsilon=2.0)", "smote+poly1", "erm+threshold", "gbdt"} <= {
        row["strategy"] for row in board["rows"]
    }
    assert study["cells"] == {"ok": 10}
    assert not study["failures"]


def test_commands_name_what_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for script in ("quickstart.sh", "test.sh"):
        assert f"./{script} " in text
        assert (ROOT / script).stat().st_mode & 0o111, f"{script} is not executable"
    last = (ROOT / "quickstart.sh").read_text().strip().splitlines()[-1]
    assert "imbench run --matrix quickstart" in last
    for name in ("requirements.txt", "constraints.txt", "LICENSE"):
        assert name in text
        assert (ROOT / name).is_file()
    assert "-c constraints.txt" in (ROOT / "requirements.txt").read_text()

from __future__ import annotations

import json
from pathlib import Path

import pytest

MATRIX = """
datasets = ["breast_cancer"]
seeds = 1
ratios = [5]
strategies = ["smote"]
budget = {steps = 20, batch_size = 32}
"""


@pytest.mark.slow
def test_a_run_prints_its_leaderboard_and_the_same_command_resumes(cli, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MATRIX)
    words = ("run", "-m", "m.toml", "--no-cost", "--device", "cpu", "-j", "1")
    code, out, err = cli(*words)
    assert code == 0
    assert "erm+threshold" in out
    assert "5 done, 0 failed, 0 left" in err
    digest = json.loads(cli("status", "--json")[1])["digest"]
    # nothing is left to do: the same results, and none of the talk when JSON is asked for
    code, out, err = cli(*words, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["cells"] == {"ok": 5}
    assert document["failures"] == []
    assert len(document["leaderboards"]) == 1
    assert "done" not in err
    assert json.loads(cli("status", "--json")[1])["digest"] == digest


def test_a_store_that_is_a_file_is_one_line(cli, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MATRIX)
    (tmp_path / "taken").write_text("")
    code, out, err = cli("run", "-m", "m.toml", "--store", "taken")
    assert (code, out) == (8, "")
    assert "imbench: error: " in err
    assert "taken" in err


SMALL = """
seeds = 1
budget = {steps = 5, batch_size = 16}
[[datasets]]
file = "own.csv"
target = "y"
"""


@pytest.mark.slow
def test_a_run_on_small_data_ranks_nothing_until_it_is_asked_to(cli, tmp_path: Path) -> None:
    rows = "".join(f"{row % 13},{row % 7},{int(row % 5 == 0)}\n" for row in range(80))
    (tmp_path / "own.csv").write_text(f"a,b,y\n{rows}")
    (tmp_path / "m.toml").write_text(SMALL)
    words = ("run", "-m", "m.toml", "--no-cost", "--device", "cpu", "-j", "1")
    code, out, err = cli(*words)
    assert code == 0, err
    assert "left out" in out
    assert [line for line in err.splitlines() if "nothing is ranked" in line and "--include-flagged" in line]
    code, out, err = cli(*words, "--include-flagged", "--json")
    (board,) = json.loads(out)["leaderboards"]
    assert {(row["rank"] is not None, row["flagged"], row["done"]) for row in board["rows"]} == {(True, 1, 1)}
    assert "nothing is ranked" not in err


#: 100 values of a grid and the baselines, on 200 seeds. Its composition breaks a rule, so that no cell is trained.
HUGE = f"""
datasets = ["breast_cancer"]
seeds = 200
[[strategies]]
use = "ldam+focal"
grid = {{gamma = {[1 + step / 100 for step in range(1, 101)]}}}
"""


@pytest.mark.slow
def test_a_huge_matrix_is_met_with_a_word(cli, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(HUGE)
    words = ("run", "-m", "m.toml", "--device", "cpu", "-j", "1")
    code, _, err = cli(*words)
    assert code == 2
    (line,) = [line for line in err.splitlines() if "cells" in line]
    assert line.startswith("imbench: 20,800 cells; how long they take is unknown until some are done")
    for option in ("--dry-run", "-k", "--limit"):
        assert option in line
    code, _, err = cli(*words, "--limit", "20000")
    assert code == 2
    assert "how long" not in err

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

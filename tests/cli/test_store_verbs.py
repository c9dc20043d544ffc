from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result, results_digest
from imbench.results.store import Store

MATRIX = 'datasets = ["breast_cancer"]\nseeds = 2\nstrategies = ["smote"]\n'
STRATEGIES = ("prior", "erm", "erm+threshold", "gbdt", "smote")


def results() -> list[Result]:
    """All cells of the matrix but one; smote failed on seed 0."""
    found = []
    for seed in (0, 1):
        for place, strategy in enumerate(STRATEGIES):
            cell = Cell(at=Coordinates(dataset="breast_cancer", ratio="natural", seed=seed), strategy=strategy)
            good = Result(
                key=cell.key(data="d", plugins={}, device="cpu"),
                cell=cell,
                status="ok",
                metrics={"ap": 0.5 + place / 10 + seed / 100, "roc_auc": 0.9},
                decisions={"tuned": {"balanced_accuracy": 0.7}, "argmax": {"balanced_accuracy": 0.6}},
                realised={"train": (90, 10), "ratio": 9.0, "flags": ()},
                task="binary",
            )
            bad = replace(
                good, status="crashed", reason="signal 11", metrics={}, decisions={}, log="line 1\nline 2\x1b[2J"
            )
            found.append(bad if (strategy, seed) == ("smote", 0) else good)
    return found[:-1]


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """The matrix file; its results are in the default store of the same folder."""
    with Store.open(tmp_path / "imbench-results") as store:
        for result in results():
            store.add(result)
    file = tmp_path / "m.toml"
    file.write_text(MATRIX)
    return file


def test_without_a_store_every_verb_says_so(cli) -> None:
    for words in (["status"], ["leaderboard"], ["show", "cell", "x"]):
        code, out, err = cli(*words)
        assert (code, out, err.count("\n")) == (8, "", 1)
        assert "imbench run" in err


def test_the_status_counts_and_groups(cli, matrix: Path) -> None:
    code, out, err = cli("status")
    assert (code, err) == (0, "")
    assert "8 ok, 1 crashed" in out
    assert "signal 11" in out
    assert results_digest(results()) in out


def test_the_status_against_a_matrix_knows_what_is_left(cli, matrix: Path) -> None:
    report = json.loads(cli("status", "-m", matrix, "--json")[1])
    assert report["cells"] == {"ok": 8, "crashed": 1, "left": 1}
    assert report["others"] == 0
    assert [failure["cell"] for failure in report["failures"]] == ["breast_cancer/natural/0/smote"]
    matrix.write_text(MATRIX.replace("seeds = 2", "seeds = [1]"))
    report = json.loads(cli("status", "-m", matrix, "--json")[1])
    assert report["cells"] == {"ok": 4, "left": 1}
    assert report["others"] == 5


def test_a_store_that_remembers_its_matrix_needs_none(cli, matrix: Path, tmp_path: Path) -> None:
    from imbench.matrix.loading import load_matrix

    with Store.open(tmp_path / "imbench-results") as store:
        store.set_note("matrix", load_matrix(matrix).model_dump(mode="json"))
    report = json.loads(cli("status", "--json")[1])
    assert (report["matrix"], report["cells"]["left"]) == ("m", 1)


def test_a_cell_is_found_by_its_text_and_by_its_key(cli, matrix: Path) -> None:
    code, out, _ = cli("show", "cell", "breast_cancer/natural/0/smote")
    assert code == 0
    assert "signal 11" in out
    assert "line 2\ufffd[2J" in out
    key = results()[0].key
    for name in (key, key[:12]):
        (record,) = json.loads(cli("show", "cell", name, "--json")[1])
        assert record["key"] == key
    code, _, err = cli("show", "cell", "breast_cancer/natural/0/smot")
    assert code == 2
    assert "did you mean 'breast_cancer/natural/0/smote'?" in err


def test_two_cells_of_one_text_are_told_apart_by_key(cli, matrix: Path, tmp_path: Path) -> None:
    twin = replace(results()[0], key="f" * 64, device="cuda")
    with Store.open(tmp_path / "imbench-results") as store:
        store.add(twin)
    code, _, err = cli("show", "cell", str(twin.cell))
    assert code == 2
    assert "ffffffffffff (cuda)" in err
    assert cli("show", "cell", "ffffffff")[0] == 0


def test_the_leaderboard_reads_and_runs_nothing(cli, matrix: Path) -> None:
    code, out, err = cli("leaderboard", "-m", matrix)
    assert code == 0
    for strategy in STRATEGIES:
        assert strategy in out
    assert "1 cells of the matrix have no result yet" in err
    (board,) = json.loads(cli("leaderboard", "--format", "json")[1])
    assert board


@pytest.mark.parametrize("form", ["terminal", "github", "latex", "csv", "json"])
def test_every_format_prints(cli, matrix: Path, form: str) -> None:
    code, out, _ = cli("leaderboard", "--format", form)
    assert code == 0
    assert "gbdt" in out


@pytest.mark.parametrize("form", ["terminal", "github", "latex", "csv", "json"])
def test_a_store_of_flagged_blocks_says_how_to_rank_them(cli, tmp_path: Path, form: str) -> None:
    flag = "the test part has 12 rows of class '1', fewer than 20"
    with Store.open(tmp_path / "imbench-results") as store:
        for result in results():
            store.add(replace(result, realised={**result.realised, "flags": (flag,)}))
    code, out, err = cli("leaderboard", "--format", form)
    assert code == 0
    assert "0.5" not in out, "nothing is ranked"
    (line,) = [line for line in err.splitlines() if "--include-flagged" in line]
    assert line.startswith("imbench: nothing is ranked on cpu: ")
    assert "flagged blocks: 2" in line
    code, out, err = cli("leaderboard", "--format", form, "--include-flagged")
    assert code == 0
    assert "--include-flagged" not in err
    assert "0.5" in out
    assert "flagged" in out
    if form != "csv":
        assert "2 of 2 blocks are flagged and count all the same" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metric", "apx"], "unknown metric 'apx'; did you mean 'ap'?"),
        (["--policy", "tunned"], "unknown decision policy 'tunned'; did you mean 'tuned'?"),
    ],
)
def test_unknown_metrics_and_policies_are_exit_2(cli, matrix: Path, words: list[str], message: str) -> None:
    code, out, err = cli("leaderboard", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_matrix_without_results_is_exit_5(cli, matrix: Path) -> None:
    matrix.write_text(MATRIX.replace("seeds = 2", "seeds = [9]"))
    code, _, err = cli("leaderboard", "-m", matrix)
    assert code == 5
    assert "imbench run" in err

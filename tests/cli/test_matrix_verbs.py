from __future__ import annotations

import json
from pathlib import Path

import pytest

from imbench.matrix.loading import builtin_names

GOOD = 'datasets = ["breast_cancer"]\nseeds = 1\nstrategies = ["smote+focal"]\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "m.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", builtin_names())
def test_every_builtin_matrix_validates_against_the_installed_plugins(cli, name: str) -> None:
    code, out, err = cli("validate", name)
    assert (code, err) == (0, "")
    assert out.startswith(f"{name}: ok, ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("breast", "brest"), "unknown dataset 'brest_cancer'; did you mean 'breast_cancer'?"),
        (GOOD.replace("smote", "smoke"), "strategies[0]: unknown strategy 'smoke'; did you mean 'smote'?"),
        (GOOD.replace("smote", "smote(kk=3)"), "strategies[0]: strategy 'smote' has no parameter 'kk'"),
        (GOOD.replace("smote", "smote(k=0)"), "expected at least 1, got 0"),
        (GOOD.replace("smote", "smote(k=true)"), "expected int, got True"),
        (GOOD.replace("seeds", "seed"), "m.toml:2: seed: unknown key; did you mean 'seeds'?"),
        (GOOD + 'primary = "app"', "primary: unknown metric 'app'; did you mean 'ap'?"),
        (GOOD + 'backbone = "mpl"', "unknown backbone 'mpl'; did you mean 'mlp'?"),
        (GOOD + "[budget]\nstep = 3", "m.toml:5: budget.step: unknown key; did you mean 'steps'?"),
        ('[[datasets]]\nfile = "m.toml"\ntarget = "y"', "datasets[0]: "),
        ('[[datasets]]\nfile = "gone.csv"\ntarget = "y"', "m.toml:2: datasets[0].file: expected a file, found none at"),
    ],
)  # fmt: skip
def test_bad_matrices_are_one_line_and_exit_2(cli, tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    for words in (["validate", file], ["run", "-m", file, "--dry-run"]):
        if words[0] == "run" and "m.toml" in text:
            continue  # a dry run reads no data
        code, out, err = cli(*words)
        assert (code, out) == (2, "")
        assert err.startswith("imbench: error: ")
        assert err.count("\n") == 1
        assert message in err


def test_a_required_plugin_that_is_missing_is_exit_4(cli, tmp_path: Path) -> None:
    code, _, err = cli("validate", write(tmp_path, GOOD + 'requires = ["imbench-nowhere>=2"]'))
    assert code == 4
    assert "pip install 'imbench-nowhere>=2'" in err


def test_the_own_file_of_a_user_is_read(cli, tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{'abc'[i % 3]},{int(i % 10 == 0)}\n" for i in range(200))
    (tmp_path / "own.csv").write_text(f"amount,country,fraud\n{rows}")
    file = write(tmp_path, 'seeds = 1\n[[datasets]]\nfile = "own.csv"\ntarget = "frod"')
    code, _, err = cli("validate", file)
    assert code == 2
    assert "frod" in err
    assert "fraud" in err
    file.write_text(file.read_text().replace("frod", "fraud"))
    assert cli("validate", file)[0] == 0


def test_a_dry_run_lists_the_selected_cells_and_makes_no_store(cli, tmp_path: Path) -> None:
    file = write(tmp_path, GOOD + "ratios = [10, 20]")
    code, out, err = cli("run", "-m", file, "--dry-run", "-k", "smote and ratio10", "--seeds", "4,7")
    assert code == 0
    assert out.splitlines() == ["breast_cancer/10/4/smote+focal", "breast_cancer/10/7/smote+focal"]
    assert err.endswith("2 cells; nothing was run\n")
    assert not (tmp_path / "imbench-results").exists()
    code, out, _ = cli("run", "-m", file, "--dry-run", "--limit", "3", "--json")
    assert [cell["strategy"] for cell in json.loads(out)] == ["prior", "erm", "erm+threshold"]


def test_an_empty_selection_is_exit_5_and_a_broken_one_exit_2(cli, tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    code, out, err = cli("run", "-m", file, "--dry-run", "-k", "nothing-like-it")
    assert (code, out, err.count("\n")) == (5, "", 1)
    code, _, err = cli("run", "-m", file, "--dry-run", "-k", "smote and")
    assert code == 2
    assert "column 10" in err


def test_the_schema_is_json_on_stdout(cli) -> None:
    code, out, err = cli("schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["title"] == "imbench matrix"


def test_a_builtin_matrix_can_be_copied(cli, tmp_path: Path) -> None:
    code, out, _ = cli("show", "matrix", "smoke")
    assert code == 0
    copy = write(tmp_path, out)
    first, second = (json.loads(cli("show", "matrix", name, "--json")[1]) for name in ("smoke", copy))
    assert first["datasets"] == second["datasets"]
    assert {**first, "name": ""} == {**second, "name": ""}

"""`imbench validate` finds what `imbench run` would end with, and says where in the file it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

HEAD = 'datasets = ["breast_cancer"]\nseeds = 1\n'

#: Strategies that break a rule of composition → what the message says.
BROKEN = {
    "smote+adasyn": "'smote' and 'adasyn' both bring the part 'resample'",
    "balanced+drw": "'balanced' and 'drw' both correct the prior: twice is too much",
    "gbdt+focal": "'gbdt' trains by itself and cannot take the part 'loss' of 'focal'",
}

#: A plugin whose strategies cannot be built, or fit one task alone.
PLUGIN = """
from imbench import Recipe, StrategySpec, hookimpl

def failing():
    raise RuntimeError("not today")

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="failing", summary="x", family="weighting", make=failing)
    yield StrategySpec(name="two_only", summary="x", family="loss", make=Recipe, tasks=("binary",))
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "m.toml"
    file.write_text(text)
    return file


def own_file(folder: Path, name: str, classes: int) -> str:
    """A table of a matrix for a data file with so many classes."""
    rows = "".join(f"{row % 17},{row % classes}\n" for row in range(200))
    (folder / f"{name}.csv").write_text(f"x,y\n{rows}")
    return f'[[datasets]]\nfile = "{name}.csv"\ntarget = "y"\n'


def test_every_broken_composition_is_a_line_of_its_own(cli, tmp_path: Path) -> None:
    listed = "".join(f'  "{each}",\n' for each in ("smote+focal", *BROKEN))
    file = write(tmp_path, f"{HEAD}strategies = [\n{listed}]\n")
    code, out, err = cli("validate", file)
    assert (code, out) == (2, "")
    lines = sorted(err.splitlines())
    assert len(lines) == len(BROKEN)
    for line, (number, (strategy, reason)) in zip(lines, enumerate(BROKEN.items(), start=1), strict=True):
        assert line.startswith(f"imbench: error: {file}:{number + 4}: strategies[{number}]: strategy '{strategy}': ")
        assert reason in line


def test_a_run_ends_with_what_validate_says(cli, tmp_path: Path) -> None:
    grid = '[[strategies]]\nuse = "ldam+focal"\ngrid = {gamma = [1.0, 3.0]}\n'
    file = write(tmp_path, HEAD + grid)
    said = cli("validate", file)[2].splitlines()
    assert [line.partition(": strategy")[0] for line in said] == [f"imbench: error: {file}:3: strategies[0]"] * 2
    code, out, err = cli("run", "-m", file, "--device", "cpu", "-j", "1")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] in said


@pytest.mark.slow
def test_a_strategy_for_another_task_is_refused_and_for_some_datasets_noted(cli, install, tmp_path: Path) -> None:
    install("handmade", PLUGIN)
    text = 'seeds = 1\nstrategies = ["two_only"]\n' + own_file(tmp_path, "three", 3)
    code, out, err = cli("validate", write(tmp_path, text))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "m.toml:2: strategies[0]: strategy 'two_only': two_only supports binary tasks, this one is multiclass" in err
    code, out, err = cli("validate", write(tmp_path, text + own_file(tmp_path, "two", 2)))
    assert code == 0, err
    assert err == (
        "imbench: note: strategy 'two_only' will be skipped on three: "
        "two_only supports binary tasks, this one is multiclass\n"
    )


@pytest.mark.slow
def test_a_strategy_that_cannot_be_built_is_exit_4(cli, install, tmp_path: Path) -> None:
    install("handmade", PLUGIN)
    code, out, err = cli("validate", write(tmp_path, HEAD + 'strategies = ["failing"]\n'))
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert "strategy 'failing' cannot be built: " in err
    assert "not today" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + 'primary = "app"', "m.toml:3: primary: unknown metric 'app'"),
        (HEAD + 'backbone = "mpl"', "m.toml:3: backbone: unknown backbone 'mpl'"),
        (HEAD + 'policies = ["argmax"]\npolicy = "tuned"', "m.toml:4: policy: expected one of policies ['argmax']"),
        (HEAD + 'requires = [\n  "numpy",\n  "imbench-nowhere>=2",\n]', "m.toml:5: requires[1]: matrix 'm' requires"),
        ('datasets = [\n  "breast_cancer",\n  "brest_cancer",\n]', "m.toml:3: datasets[1]: unknown dataset"),
        ('datasets = [ # "one",\n  "a", "b",\n\n  "a"]', "m.toml:4: datasets[2]: 'a' is listed twice"),
        (HEAD + 'strategies = ["erm",\n  {use = "smote", params = {k = 0}}, # [\n]', "m.toml:4: strategies[1]: "),
        (HEAD + 'strategies = ["""\nx""",\n  "smoke",\n]', "m.toml:3: strategies[0]: unknown strategy"),
        ('seeds = 1\n[[datasets]]\nfile = "own.csv"', "m.toml:2: datasets[0].target: missing"),
        ('seeds = 1\n[[datasets]]\nname = "a"\n\ntime = "t"', "m.toml:5: datasets[0].time: only a dataset with file"),
        ('seeds = 1\n[[datasets]]\nfile = "own.csv"\ntarget = "z"', "own.csv: target column 'z' not found"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_field_names_file_line_and_field(cli, tmp_path: Path, text: str, message: str) -> None:
    own_file(tmp_path, "own", 2)
    code, out, err = cli("validate", write(tmp_path, text))
    assert (code, out, err.count("\n")) == (4 if "requires" in text else 2, "", 1)
    assert message in err
    assert err.startswith(f"imbench: error: {tmp_path / 'm.toml'}:")


def test_other_verbs_name_the_place_too(cli, tmp_path: Path) -> None:
    from imbench.results.store import Store

    Store.open(tmp_path / "imbench-results").close()
    file = write(tmp_path, HEAD + 'strategies = [\n  "smoke",\n]\n')
    for words in (("status",), ("leaderboard",), ("run", "--dry-run"), ("run",)):
        code, out, err = cli(*words, "-m", file)
        assert (code, out) == (2, ""), words
        assert err.splitlines()[-1].startswith(f"imbench: error: {file}:4: strategies[0]: unknown strategy 'smoke'")


def test_dates_that_can_be_read_in_two_ways_are_noted(cli, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{row % 28 + 1:02},{row % 12 + 1:02}/02/2024,{row % 2}\n" for row in range(100))
    (tmp_path / "own.csv").write_text(f"when,seen,y\n{rows}")
    code, _, err = cli("validate", write(tmp_path, 'seeds = 1\n[[datasets]]\nfile = "own.csv"\ntarget = "y"\n'))
    assert code == 0
    first, second = err.splitlines()
    assert first == "imbench: note: own: read as dates: 'when'"
    assert second.startswith("imbench: note: own: column 'seen' may hold dates, but '01/02/2024' does not say")

"""A plugin from outside the repository: at most 20 lines, installed as users install, then on the leaderboard."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.dists import Bench, lay

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "my-remedy"
version = "0.1"
dependencies = ["imbench>=0.1,<0.2"]
[project.entry-points.imbench]
mine = "my_remedy"
"""
MODULE = """
from imbench import Parameter, Recipe, StrategySpec, hookimpl

def power(exponent):
    return Recipe(weight=lambda counts, effective, progress: effective**-exponent)

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="power", summary="weigh classes by n^-exponent", family="weighting", make=power,
                       params={"exponent": Parameter(default=0.5, low=0.0, high=1.0)})
"""
MATRIX = """
datasets = ["breast_cancer"]
ratios = [10]
seeds = 2
budget = {steps = 40, batch_size = 32}
strategies = [{use = "power", grid = {exponent = [0.5, 1.0]}}, "power+focal"]
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The plugin's own folder, and a site folder in which it is installed."""
    folder = tmp_path_factory.mktemp("author")
    site, home = folder / "site", folder / "my-remedy"
    home.mkdir()
    (home / "pyproject.toml").write_text(PROJECT)
    (home / "my_remedy.py").write_text(MODULE)
    if find_spec("pip") and find_spec("hatchling"):
        flags = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
        command = [sys.executable, "-m", "pip", "install", *flags, "--target", str(site), str(home)]
        subprocess.run(command, check=True, timeout=200, cwd=folder)
    else:  # an environment that cannot build: the same files as an installer lays them
        lay(site, "my-remedy", MODULE, version="0.1", plugin="mine")
    return Bench(folder, site)


def test_it_is_short() -> None:
    assert sum(bool(line.strip()) for line in (PROJECT + MODULE).splitlines()) <= 20


def test_it_is_listed(bench: Bench) -> None:
    answer = bench.imbench("plugins", "list", "--json")
    assert answer.code == 0
    (mine,) = [each for each in answer.json() if each["plugin"] == "mine"]
    assert mine["status"] == "ok"
    assert (mine["dist"], mine["version"]) == ("my-remedy", "0.1")
    assert mine["offers"] == {"strategy": ["power"]}


def test_it_is_on_the_leaderboard(bench: Bench) -> None:
    answer = bench.run(bench.matrix(MATRIX), "store", "--format", "csv")
    assert answer.code == 0, answer.err
    for name in ("power", "power(exponent=1.0)", "power+focal", "erm+threshold"):
        assert name in answer.out
    results = bench.results()
    assert {result.status for result in results.values()} == {"ok"}
    mine = results["breast_cancer/10/0/power"]
    assert mine.plugins["my-remedy"].startswith("0.1+")
    assert "my-remedy" not in results["breast_cancer/10/0/erm"].plugins
    # it did something: other scores than plain training, from the same rows
    assert mine.scores != results["breast_cancer/10/0/erm"].scores
    assert mine.realised == results["breast_cancer/10/0/erm"].realised


def test_a_plugin_that_breaks_stops_nothing_that_does_not_name_it(bench: Bench, tmp_path: Path) -> None:
    site = lay(tmp_path / "site", "broken-remedy", "import no_such_module\n")
    other = Bench(tmp_path, site)
    answer = other.imbench("plugins", "list", "--json")
    (broken,) = [each for each in answer.json() if each["plugin"] == "broken-remedy"]
    assert broken["status"] == "BROKEN"
    assert "no_such_module" in broken["reason"]
    other.matrix('datasets = ["breast_cancer"]\nstrategies = ["focal"]', "fine.toml")
    assert other.run("fine.toml", "store", "--dry-run").code == 0
    other.matrix('datasets = ["breast_cancer"]\nstrategies = ["broken-remedy/x"]', "named.toml")
    answer = other.run("named.toml", "store", "--dry-run")
    assert answer.code == 4
    assert len(answer.complaints) == 1
    assert "no_such_module" in answer.err

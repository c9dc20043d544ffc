from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

HEAVY = {"torch", "pandas", "numpy", "sklearn", "imblearn", "pluggy", "rich", "pyarrow"}

SHOW_MODULES = """
import json, sys
from imbench.cli import main
code = main({words!r})
print()
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["plugins", "--help"], ["nonsense"]])
def test_the_parser_imports_nothing_heavy(fresh, words: list[str]) -> None:
    done = fresh("-c", SHOW_MODULES.format(words=words))
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == (2 if words == ["nonsense"] else 0)
    # typer itself asks pydantic about the options of a verb
    heavy = HEAVY | ({"pydantic"} if words[0].startswith("--") else set())
    assert not heavy & set(modules)


WALK = """
import importlib, json, pkgutil, sys
for name in {names!r}:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(package, "__path__", []), name + "."):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_question_the_results_the_leaderboard_and_the_cli_never_import_torch(fresh) -> None:
    names = ["imbench.matrix", "imbench.results", "imbench.leaderboard", "imbench.cli"]
    done = fresh("-c", WALK.format(names=names))
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert {"imbench.matrix.plan", "imbench.results.store", "imbench.leaderboard.rank", "imbench.cli.run"} <= set(
        modules
    )
    assert "torch" not in modules


def test_the_matrix_imports_no_pandas(fresh) -> None:
    done = fresh("-c", WALK.format(names=["imbench.matrix"]))
    modules = json.loads(done.stdout.splitlines()[-1])
    assert not {"torch", "pandas", "numpy"} & set(modules)


def test_help_takes_less_than_a_fifth_of_a_second() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "imbench", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    # processor time, best of five: a busy machine is no reason to fail
    assert min(seconds() for _ in range(5)) < 0.2

"""The kit through the front door: begin a plugin, install it, check it, break it, run it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from imbench.cli import main
from imbench.testing.new import KINDS, new_plugin
from tests.dists import Answer, Bench, lay

ROOT = Path(__file__).parents[2]


def begun(folder: Path, name: str, kind: str) -> tuple[Path, Path]:
    """A new plugin's home, and a site folder in which it is installed."""
    new_plugin(name, kind, folder)
    home, site = folder / name, folder / "site"
    if find_spec("pip") and find_spec("hatchling"):
        flags = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
        command = [sys.executable, "-m", "pip", "install", *flags, "--target", str(site), str(home)]
        subprocess.run(command, check=True, timeout=200, cwd=folder)
    else:  # an environment that cannot build: the same files as an installer lays them
        package = f"imbench_{name.replace('-', '_')}"
        lay(site, f"imbench-{name}", home / package, version="0.1.0", plugin=name)
    return home, site


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_clean_passes_its_own_tests_and_is_on_a_leaderboard(kind: str, tmp_path: Path) -> None:
    home, site = begun(tmp_path, f"fresh-{kind}", kind)
    bench = Bench(tmp_path, site)
    checked = bench.imbench("plugins", "check", f"fresh-{kind}")
    assert checked.code == 0, checked.out + checked.err
    assert " 0 failed" in checked.out
    ran = bench.run(home / "try.toml", "store", "--format", "csv")
    assert ran.code == 0, ran.err
    assert "erm+threshold" in ran.out
    if kind in ("recipe", "fit"):
        assert f"fresh-{kind}" in ran.out
    assert {result.status for result in bench.results().values()} == {"ok"}
    own = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "tests"],
        cwd=home, env=bench.environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert own.returncode == 0, own.stdout


@pytest.mark.slow
def test_new_plugins_are_clean_code(tmp_path: Path) -> None:
    for kind in KINDS:
        new_plugin(f"a-longer-name-for-a-{kind}", kind, tmp_path)
    config = str(ROOT / "pyproject.toml")
    for command in (["check"], ["format", "--check"]):
        for home in tmp_path.iterdir():
            ruff = [sys.executable, "-m", "ruff", *command, "--config", config, "."]
            linted = subprocess.run(ruff, cwd=home, capture_output=True, text=True, timeout=60)
            assert linted.returncode == 0, linted.stdout
    packages = [str(each) for each in tmp_path.glob("*/imbench_*")]
    assert len(packages) == len(KINDS)
    config = str(next(tmp_path.glob("*/pyproject.toml")))
    mypy = [sys.executable, "-m", "mypy", "--config-file", config, *packages]
    typed = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert typed.returncode == 0, typed.stdout


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, list[str]]:
        code = main(["plugins", "new", *words])
        return code, capsys.readouterr().err.splitlines()

    return call


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My_Remedy", "expected lower-case letters"),
        ("../up", "expected lower-case letters"),
        ("9lives", "expected lower-case letters"),
        ("x" * 41, "at most 40"),
        ("import", "a word of Python"),
        ("baselines", "is installed already, by imbench-baselines"),
        ("imbench-losses", "is installed already"),
    ],
)
def test_a_bad_name_is_one_line_and_writes_nothing(new, tmp_path: Path, name: str, says: str) -> None:
    code, lines = new(name, "--kind", "recipe")
    assert code == 2
    assert len(lines) == 1
    assert says in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_touched(new, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert new("mine", "--kind", "metric")[0] == 2
    assert list((tmp_path / "mine").iterdir()) == []
    code, (line,) = new("other", "--kind", "metric", "--into", "nowhere")
    assert code == 2
    assert "expected an existing folder" in line
    assert new("other", "--kind", "nonsense")[0] == 2


#: A Fit that dies, one that hangs in C, one that leaves a process, and one that is right.
DEADLY = """
import ctypes, os, re, time
from imbench import Recipe, StrategySpec, hookimpl

class Dies:
    def fit(self, trial):
        ctypes.string_at(0)  # line 7

class Hangs:
    def fit(self, trial):
        time.sleep(3600)  # line 11

class Leaves:
    def fit(self, trial):
        os._exit(0)

@hookimpl
def imbench_strategies():
    for make in (Dies, Hangs, Leaves):
        yield StrategySpec(name=make.__name__.lower(), summary="x", family="data", make=make, alone="it is a Fit")
    yield StrategySpec(name="fine", summary="x", family="baseline", make=Recipe)
"""


@pytest.fixture(scope="module")
def deadly(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    folder = tmp_path_factory.mktemp("deadly")
    bench = Bench(folder, lay(folder / "site", "deadly", DEADLY))
    answer = bench.imbench("plugins", "check", "deadly", "--json", "--timeout", "15")
    assert bench.wait_for_silence() == []
    return answer


@pytest.mark.slow
def test_what_crashes_or_hangs_is_a_failed_check_and_the_others_go_on(deadly: Answer) -> None:
    assert deadly.code == 4, deadly.err
    found = deadly.json()
    failed = {each["subject"]: each for each in found["checks"] if each["status"] == "failed"}
    assert {(each["subject"], each["check"]) for each in found["checks"] if each["status"] == "failed"} == {
        ("deadly/dies", "trains"), ("deadly/hangs", "trains"), ("deadly/leaves", "trains"),
    }  # fmt: skip
    assert "killed by SIGSEGV" in failed["deadly/dies"]["got"]
    assert failed["deadly/dies"]["where"].endswith("deadly.py:7")
    assert "timeout: took longer than 15 s" in failed["deadly/hangs"]["got"]
    assert failed["deadly/hangs"]["where"].endswith("deadly.py:11")
    assert "exited with code 0" in failed["deadly/leaves"]["got"]
    fine = [each for each in found["checks"] if each["subject"] == "deadly/fine"]
    assert sum(each["status"] == "ok" for each in fine) >= 18
    assert {
        each["got"] for each in found["checks"] if each["subject"] == "deadly/dies" and each["check"] == "prior"
    } == {"not checked: trains failed"}


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("nobody", 2, "expected a plugin, a distribution or plugin/name"),
        ("baselines/ermm", 2, "did you mean 'baselines/erm'?"),
    ],
)
def test_an_unknown_name_is_one_line(capsys: pytest.CaptureFixture[str], name: str, code: int, says: str) -> None:
    assert main(["plugins", "check", name]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_a_broken_plugin_is_its_reason(tmp_path: Path) -> None:
    site = lay(tmp_path / "site", "sick", "import no_such_module\n")
    answer = Bench(tmp_path, site).imbench("plugins", "check", "sick")
    assert answer.code == 4
    (line,) = answer.complaints
    assert "no_such_module" in line

"""How far each strategy is from a reference implementation, as the tests measured it, from one command.

    OMP_NUM_THREADS=1 python -m benchmarks.parity            # from the root of the checkout; about a minute
    OMP_NUM_THREADS=1 python -m benchmarks.parity --write    # the same, into docs/parity.md
    OMP_NUM_THREADS=1 python -m benchmarks.parity -k focal   # some of it: the others are then listed as without parity
    python -m benchmarks.parity --in plugins/imbench-losses  # some of it, too
    python -m benchmarks.parity --from report.xml            # of an earlier run (pytest's --junitxml)

It runs the tests of the plugins that are marked ``parity`` and gathers what they recorded (the fixture of that name in
plugins/conftest.py). Words that are not its own go to pytest.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from xml.etree import ElementTree

from tabulate import tabulate

from imbench.plugin.loading import load

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "parity.md"
#: Adapters hand rows to somebody else's library: there is nothing of ours to compare with it.
ADAPTERS = frozenset({"imbench-smote-variants", "imbench-imblearn-extra"})
LIBRARIES = ("numpy", "torch", "scikit-learn", "imbalanced-learn", "lightgbm", "xgboost", "catboost")

HEAD = """# Parity with reference implementations

Written by `python -m benchmarks.parity --write` from what the tests measured, with:
{versions}.

- **value**: the largest |ours - reference| / max(1, |reference|) over everything compared: losses, weights,
  probabilities, scores. "0 rows" are counted instead: rows that differ from those of the library with the same seed.
  Golden values have ten decimals: 5e-11 is as near as can be.
- **gradient**: the same for the gradient of a loss with respect to logits or scores (`mw_net`: of the meta loss, with
  respect to the weight network). Central differences are themselves inexact. An empty field: nothing was compared.
- **reference**: a library that the tests call, or a paper's formula or its authors' code, written down once more in the
  tests, without care for speed or stability.
- **tests**: how many tests the figure is the largest of. All of them pass. Losses are computed in float64.
"""


@dataclass(frozen=True)
class Row:
    """The largest differences between a strategy and a reference.

    Attributes:
        strategy: its short name.
        reference: in words.
        value: of values; a whole number counts rows that differ; None if only gradients are compared.
        gradient: of gradients.
        tests: how many tests it is the largest of.
    """

    strategy: str
    reference: str
    value: float | int | None
    gradient: float | None
    tests: int = 1

    def joined(self, other: Row) -> Row:
        """The largest of both."""
        values, gradients = ((self.value, other.value), (self.gradient, other.gradient))
        return Row(self.strategy, self.reference, _larger(values), _larger(gradients), self.tests + other.tests)

    def cells(self) -> list[str]:
        """The row of the table."""
        return [self.strategy, self.reference, _short(self.value), _short(self.gradient), str(self.tests)]


def _larger(pair: tuple[float | None, float | None]) -> float | None:
    return max((each for each in pair if each is not None), default=None)


def _short(difference: float | None) -> str:
    if difference is None:
        return ""
    if isinstance(difference, int):
        return f"{difference} rows"
    return f"{difference:.1e}" if difference else "0"


def gather(report: ElementTree.Element) -> list[Row]:
    """The rows of a JUnit report without its failed tests, one for each strategy and reference."""
    rows: dict[tuple[str, str], Row] = {}
    for case in report.iterfind(".//testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            continue
        for each in case.iterfind("properties/property[@name='parity']"):
            row = Row(**json.loads(each.attrib["value"]))
            key = row.strategy, row.reference
            rows[key] = rows[key].joined(row) if key in rows else row
    return list(rows.values())


def catalogue() -> dict[str, str]:
    """Short name → family of every strategy of the plugins of this repository that are installed."""
    ours = {folder.name for folder in (ROOT / "plugins").iterdir()} - ADAPTERS
    return {offer.spec.name: offer.spec.family for offer in load().strategies if offer.origin.dist in ours}


def render(rows: Sequence[Row], strategies: dict[str, str], skipped: Iterable[str] = ()) -> str:
    """Both tables: what was measured, in the order of the catalogue, and what has no reference.

    Raises:
        ValueError: a record names a strategy that is not in the catalogue.
    """
    if unknown := {row.strategy for row in rows} - set(strategies):
        raise ValueError(f"expected names of strategies in the parity records, got {sorted(unknown)}")
    order = list(strategies)
    measured = sorted(rows, key=lambda row: order.index(row.strategy))
    lacking = [name for name in order if name not in {row.strategy for row in rows}]
    head = ["strategy", "reference", "value", "gradient", "tests"]
    table = tabulate([row.cells() for row in measured], headers=head, tablefmt="github", disable_numparse=True)
    gaps = tabulate([(name, strategies[name]) for name in lacking], headers=["strategy", "family"], tablefmt="github")
    said = [
        f"{len(order) - len(lacking)} of {len(order)} strategies against {len(measured)} references:",
        table,
        f"No parity: identities/properties only ({len(lacking)} of {len(order)}):",
        gaps,
        *(f"Not run here: {reason}" for reason in skipped),
    ]
    return "\n\n".join(said) + "\n"


def versions() -> str:
    """Python and the libraries that are installed."""
    found = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def run(words: Sequence[str], out: Path, folder: str) -> int:
    """Run the tests that record parity; their JUnit report goes to ``out``."""
    adapters = [f"--ignore=plugins/{name}" for name in sorted(ADAPTERS)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        folder,
        *adapters,
        "-m",
        "parity",
        "-q",
        "--tb=short",
        f"--junitxml={out}",
        *words,
    ]
    return subprocess.run(command, check=False, stdout=sys.stderr, cwd=ROOT).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description="Strategies against reference implementations.")
    parser.add_argument("--from", dest="report", type=Path, help="JUnit report of an earlier run")
    parser.add_argument("--in", dest="folder", default="plugins", help="folder of tests")
    parser.add_argument("--write", action="store_true", help="write docs/parity.md")
    chosen, words = parser.parse_known_args(arguments)
    if chosen.write and (words or chosen.folder != "plugins"):
        parser.error("expected --write with all tests, so that the page has everything, got a part of them")
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "parity.xml"
        code = 0 if chosen.report else run(words, new, chosen.folder)
        if not (chosen.report or new).exists():
            print("no report: pytest did not start, or the file is not there", file=sys.stderr)
            return code or 2
        report = ElementTree.parse(chosen.report or new).getroot()
    skipped = {each.attrib["message"] for each in report.iterfind(".//testcase/skipped")}
    failed = report.findall(".//testcase/failure") + report.findall(".//testcase/error")
    text = render(gather(report), catalogue(), sorted(skipped))
    print(text, end="")
    if chosen.write and not failed and code == 0:
        PAGE.write_text(HEAD.format(versions=versions()) + "\n" + text, encoding="utf-8")
    if failed:
        print(f"{len(failed)} tests failed: their figures do not count, and no page is written", file=sys.stderr)
    return code or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

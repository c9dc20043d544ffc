"""Real distributions on a path, and `imbench` in a process of its own, for tests that go through the front door."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from imbench.results.result import Result
from imbench.results.store import Store

#: Outer limit of one command: far above what it takes, for machines that do other things as well.
PATIENCE = 400

#: Environment variable whose value marks every process that a command started, also those that were adopted.
MARK = "IMBENCH_TEST_MARK"


def lay(site: Path, name: str, source: Path | str, *, version: str = "1.0", plugin: str = "") -> Path:
    """Put a distribution with one plugin into a folder, as an installer would: module or package, and dist-info.

    Args:
        site: the folder, for PYTHONPATH.
        name: of the distribution; the module is called the same.
        source: code of the module, or a package's folder, which is copied.
        version: of the distribution.
        plugin: name of the entry point, by default the distribution's.
    """
    module = name.replace("-", "_")
    if isinstance(source, Path):
        shutil.copytree(source, site / module, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        site.mkdir(parents=True, exist_ok=True)
        (site / f"{module}.py").write_text(source)
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[imbench]\n{plugin or name} = {module}\n")
    return site


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def complaints(self) -> list[str]:
        """Lines that report an error."""
        return [line for line in self.err.splitlines() if line.startswith("imbench: error: ")]

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Bench:
    """A folder in which `imbench` commands run, with plugins on the path and a temporary folder of its own."""

    folder: Path
    site: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def environment(self) -> dict[str, str]:
        """One numeric thread, the plugins in front of whatever is on PYTHONPATH, the mark."""
        scratch = self.folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        own = {
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.site or ""), os.environ.get("PYTHONPATH", "")])),
            "PYTHONDONTWRITEBYTECODE": "1",  # a plugin is edited within one second of its last import
            "TMPDIR": str(scratch),
            MARK: self.mark,
        }
        return {**os.environ, **own, **self.variables}

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command."""
        command = [sys.executable, "-m", "imbench", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        # a session of its own, so that a signal meant for it meets nobody else
        return subprocess.Popen(
            command, text=True, cwd=self.folder, env=self.environment(), start_new_session=True, **pipes
        )

    def imbench(self, *words: object) -> Answer:
        """Run a command to its end."""
        began = time.monotonic()
        with self.start(*words) as process:
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except BaseException:
                process.kill()
                raise
        return Answer(process.returncode, out, err, time.monotonic() - began)

    def matrix(self, text: str, name: str = "m.toml") -> Path:
        """Write a matrix file."""
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, matrix: Path | str, store: str = "store", *words: object) -> Answer:
        """`imbench run` on the CPU, without the cost lane."""
        fixed = ("--device", "cpu", "--no-cost", "--store", store)
        return self.imbench("run", "--matrix", matrix, *fixed, *words)

    def results(self, store: str = "store") -> dict[str, Result]:
        """Text of the cell → latest result."""
        with Store.open(self.folder / store, create=False, readonly=True) as opened:
            return {str(result.cell): result for result in opened.latest().values()}

    def attempts(self, store: str = "store") -> dict[str, int]:
        """Text of the cell → number of attempts over all its keys."""
        found: dict[str, int] = {}
        with Store.open(self.folder / store, create=False, readonly=True) as opened:
            for key, result in opened.latest().items():
                found[str(result.cell)] = found.get(str(result.cell), 0) + len(opened.attempts(key))
        return found

    def processes(self) -> list[psutil.Process]:
        """Living processes that some command here started."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:  # ended in between
                continue
        return found

    def wait_for_silence(self, seconds: float = 10.0) -> list[psutil.Process]:
        """Give processes time to go; returns those that stay."""
        end = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.05)
        return left

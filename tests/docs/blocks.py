"""Fenced blocks of the documentation: found, laid out as files and distributions, and run.

A block whose fence says ``title="path"`` is a file. A ``console`` block is a session: after each ``$ command`` come
lines that it must print, among others and in any order; ``…`` is anything within a line, and spaces do not count.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(?P<language>\w+)?(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page of the repository, in order."""
    found = []
    for match in _FENCE.finditer((ROOT / page).read_text(encoding="utf-8")):
        title = _TITLE.search(match["info"])
        found.append(Block(match["language"] or "", title[1] if title else "", match["text"]))
    return found


def sessions_of(text: str) -> list[tuple[str, list[str]]]:
    """(command, expected lines) of a console block."""
    sessions: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            sessions.append((line[2:], []))
        elif line.strip():
            assert sessions, f"output before the first command: {line!r}"
            sessions[-1][1].append(line)
    return sessions


@dataclass
class Desk:
    """A folder in which a page is worked through. ``pip install FOLDER`` is done here, without a network."""

    folder: Path
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: list[Path] = field(default_factory=list)

    def work_through(self, page: str) -> None:
        """Write the files and run the sessions of a page, in its order."""
        for block in blocks_of(page):
            if block.title:
                self.write(block)
            elif block.language == "console":
                for command, expected in sessions_of(block.text):
                    self.run(command, expected)

    def write(self, block: Block) -> None:
        if block.language == "python":
            compile(block.text, block.title, "exec")
        if block.title.endswith("pyproject.toml"):
            _merge(self.projects.setdefault(block.title, {}), tomllib.loads(block.text))
        target = self.folder / block.title
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")

    def run(self, command: str, expected: list[str] | None = None) -> str:
        """Run a command in the folder; it must succeed and print what is expected. Returns stdout and stderr."""
        if command.startswith("pip install"):
            self._install(command.split()[-1].removeprefix("./"))
            return ""
        variables = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(map(str, self.path)),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        printed = [" ".join(line.replace("│", " ").split()) for line in done.stdout.splitlines()]
        for line in expected or []:
            wanted = re.compile(".*".join(re.escape(" ".join(part.split())) for part in line.split("…")))
            assert any(wanted.search(each) for each in printed), f"$ {command}\nexpected: {line}\n{done.stdout}"
        return done.stdout

    def _install(self, name: str) -> None:
        """What pip leaves behind of an editable install: the metadata of the project, and its folder on the path."""
        project = self.projects[f"{name}/pyproject.toml"]["project"]
        site = self.folder / "site-packages"
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        needs = [f"Requires-Dist: {need}" for need in project.get("dependencies", [])]
        head = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
        (info / "METADATA").write_text("\n".join([*head, *needs, ""]))
        entries = [
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
            for group, points in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(entries))
        self.path += [each for each in (site, self.folder / name) if each not in self.path]


def _merge(old: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict):
            _merge(old.setdefault(key, {}), value)
        else:
            old[key] = value

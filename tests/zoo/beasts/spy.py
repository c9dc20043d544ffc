"""A strategy that looks for the test labels wherever a process may look, short of tracing another process.

Whatever array of 0 and 1 it finds that has as many values as there are test rows it hands in as its scores. Longer
stretches of 0 and 1, in its own memory and in files, it reports; the test knows the labels and looks for them there.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import torch

from imbench import Fit, Predictor, Trial

LARGEST_FILE = 8 << 20
PIECE = 8 << 20
#: how 0 and 1 may be written: the type to read memory as, and what 1 is in it
SPELLINGS = ((np.uint8, 1), (np.uint32, 1), (np.uint64, 1), (np.uint32, 0x3F800000), (np.uint64, 0x3FF0000000000000))


def spy() -> Fit:
    return Spy()


class Spy:
    def fit(self, trial: Trial) -> Predictor:
        return Informer(trial)


class Informer:
    """Searches at its second call, which is the one with the test rows."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self.calls = trial, 0
        self.notes: dict[str, object] = {}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        positive = np.full(len(x), 0.5)
        if self.calls == 2:
            found = self.search(x)
            positive = found[0] if found else positive
        return np.stack([1 - positive, positive], axis=1).astype(np.float32)

    def search(self, x: np.ndarray) -> list[np.ndarray]:
        rows = len(x)
        own = [bits(labels) for labels in (self.trial.y, self.trial.y_validation)]
        arrays = [line for array in objects(self.trial) if array is not x for line in columns(array, rows)]
        paths = sorted(set(files()))
        contents = {str(path): content for path in paths if (content := text_of(path)) is not None}
        arrays += [line for content in contents.values() for line in texts(content, rows)]
        least = min(rows, len(self.trial.y_validation))
        stretches = {stretch for piece in own_memory() for stretch in runs(piece, least)}
        stretches |= {found for each in contents.values() for found in runs(np.frombuffer(each, np.uint8), least)}
        news = [array for array in arrays if not any(bits(array) in known for known in own)]
        self.notes = {
            "found": sorted({bits(array) for array in news}),
            "stretches": sorted(stretches),
            "paths": sorted(contents),
            "refused": [str(path) for path in paths if str(path) not in contents],
            "variables": len(os.environ),
        }
        return news


def bits(array: np.ndarray) -> str:
    return "".join("01"[int(value)] for value in array.ravel())


def columns(array: np.ndarray, rows: int) -> list[np.ndarray]:
    """What of an array could be labels: itself, or one of its columns or rows."""
    if array.dtype.kind not in "biuf" or not rows <= array.size <= 100 * rows:
        return []
    table = array if array.ndim == 2 else array.reshape(1, -1)
    lines = [*(table if table.shape[1] == rows else ()), *(table.T if table.shape[0] == rows else ())]
    return [line for line in lines if np.isin(line, (0, 1)).all() and 0 < (line == 1).sum() < rows]


def objects(trial: Trial) -> Iterator[np.ndarray]:
    """Every array that some object, frame or closure of this process refers to."""
    todo: list[object] = [trial, *gc.get_objects()]
    for frame in sys._current_frames().values():
        step: FrameType | None = frame
        while step is not None:
            todo += [step.f_locals, step.f_globals]
            step = step.f_back
    known: set[int] = set()
    for thing in todo:
        for each in (thing, *gc.get_referents(thing)):
            if id(each) in known:
                continue
            known.add(id(each))
            if isinstance(each, np.ndarray):
                yield each
            elif isinstance(each, torch.Tensor) and each.device.type == "cpu" and each.layout == torch.strided:
                yield each.detach().numpy()
            elif isinstance(each, list | tuple) and len(each) > 20 and all(value in (0, 1) for value in each[:20]):
                yield np.asarray([value if isinstance(value, int | float) else -1 for value in each])


def own_memory() -> Iterator[np.ndarray]:
    """The memory of this process that it can write to, in pieces."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for line in lines:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            if "rw" not in line.split()[1] or "[v" in line:
                continue
            for at in range(start, end, PIECE // 2):  # overlapping, so that nothing is cut in two
                try:
                    memory.seek(at)
                    yield np.frombuffer(memory.read(min(PIECE, end - at)), np.uint8)
                except (OSError, ValueError, OverflowError):
                    break


def runs(raw: np.ndarray, rows: int) -> list[str]:
    """Stretches of numbers 0 and 1, at least as many as test rows, from the first 1 on, with both in plenty."""
    found = []
    for kind, one in SPELLINGS:
        numbers = raw[: len(raw) // np.dtype(kind).itemsize * np.dtype(kind).itemsize].view(kind)
        others = np.flatnonzero(numbers > 1) if one == 1 else np.flatnonzero((numbers != 0) & (numbers != one))
        ends = np.concatenate([[-1], others, [len(numbers)]])
        for at in np.flatnonzero(np.diff(ends) > rows):  # a difference of n + 1 holds n numbers
            stretch = numbers[ends[at] + 1 : ends[at + 1]] == one
            ones = np.flatnonzero(stretch)
            if len(ones) < rows / 10:
                continue
            # zeros around it may be its own or something else's: keep as many as can be its own
            stretch = stretch[max(ones[0] - rows, 0) : ones[-1] + rows]
            if stretch.mean() > 0.05 and len(stretch) < 50 * rows:
                found.append(bits(stretch))
    return found


def text_of(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE)
    except OSError:
        return None


def texts(content: bytes, rows: int) -> list[np.ndarray]:
    """Columns of 0 and 1 in a text: first or last value of its lines."""
    lines = content.splitlines()
    found = []
    if rows <= len(lines) <= rows + 1:
        for at in (0, -1):
            values = [re.split(rb"[,;\t ]", line.strip())[at] for line in lines[-rows:]]
            if all(value in (b"0", b"1", b"0.0", b"1.0") for value in values) and len(set(values)) > 1:
                found.append(np.array([float(value) for value in values]))
    return found


def files() -> Iterator[Path]:
    """Open files of this process and those above it, what their command lines name, their folders, temporary files."""
    folders = {Path(os.environ.get("TMPDIR", "/tmp")), Path.cwd()}
    for process in map(str, [os.getpid(), *ancestors()]):
        yield from regular(Path("/proc") / process / "fd")
        yield from (Path("/proc") / process / name for name in ("cmdline", "environ", "maps"))
        folders |= {path for path in named(process) if path.is_dir()}
        yield from (path for path in named(process) if path.is_file())
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def ancestors() -> list[int]:
    """The fork server and the process that started it."""
    found, process = [], os.getpid()
    for _ in range(2):
        status = Path(f"/proc/{process}/status").read_text()
        process = int(status.partition("PPid:")[2].split()[0])
        found.append(process)
    return found


def regular(folder: Path) -> list[Path]:
    """Regular files behind open descriptors: reading from a pipe or a socket would wait."""
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def named(process: str) -> list[Path]:
    """Paths in the command line of a process, relative to its folder."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
        return [Path(f"/proc/{process}/cwd").readlink() / word for word in words if word and len(word) < 200]
    except OSError:
        return []

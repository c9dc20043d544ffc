"""Options that several verbs share, and what a text on the command line means."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from imbench.errors import UsageError

__all__ = [
    "DEFAULT_STORE",
    "By",
    "Device",
    "Format",
    "IncludeFlagged",
    "Json",
    "Retry",
    "StoreFolder",
    "memory",
    "seconds",
    "seeds",
]

DEFAULT_STORE = Path("imbench-results")


class Device(StrEnum):
    """Where networks train."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Retry(StrEnum):
    """Which stored results are run again."""

    failed = "failed"
    none = "none"
    all = "all"


class By(StrEnum):
    """What ranks."""

    default = "default"
    tuned = "tuned"


class Format(StrEnum):
    """Formats of a leaderboard."""

    terminal = "terminal"
    github = "github"
    latex = "latex"
    csv = "csv"
    json = "json"


Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
IncludeFlagged = Annotated[
    bool, typer.Option("--include-flagged", help="Rank blocks with too few positives as well; marked in the table.")
]
StoreFolder = Annotated[Path, typer.Option("--store", metavar="DIR", help="Folder of the results.")]


def seeds(text: str | None) -> tuple[int, ...] | None:
    """``"0,1,2"`` is a list, ``"3"`` is how many. Raises UsageError."""
    if text is None:
        return None
    from imbench.matrix.fields import parse_seeds

    try:
        return parse_seeds([int(piece) for piece in text.split(",") if piece.strip()] if "," in text else int(text))
    except ValueError:
        raise UsageError(
            f"--seeds: expected a list like 0,1,2 or a number of seeds like 3, got {text[:60]!r}"
        ) from None


def seconds(text: str | None) -> float | None:
    """``90``, ``10m``, ``2h``. Raises UsageError."""
    if text is None:
        return None
    from imbench.matrix.units import parse_seconds

    try:
        return parse_seconds(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from None


def memory(text: str | None) -> int | None:
    """``512MB``, ``8GB``. Raises UsageError."""
    if text is None:
        return None
    from imbench.matrix.units import parse_memory

    try:
        return parse_memory(text)
    except ValueError as error:
        raise UsageError(f"--memory: {error}") from None

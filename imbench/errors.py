"""What can go wrong, as exceptions that know their exit code.

    ImbenchError            3  a fault of imbench itself
    ├── UsageError          2  the command, the matrix or the user's data file is wrong; nothing ran
    ├── PluginError         4  a plugin cannot be found, imported, or breaks its contract
    ├── NothingSelected     5  the selection is empty
    └── EnvironmentFault    8  store, cache, disk or registry: not the user's words, not our code

A message says what was expected, what came and what to do, in one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum

__all__ = [
    "EnvironmentFault",
    "Exit",
    "ImbenchError",
    "NothingSelected",
    "PluginError",
    "UsageError",
    "blame",
    "did_you_mean",
    "one_line",
]


class Exit(IntEnum):
    """Exit codes of the command line; they never change their meaning."""

    OK = 0
    CELLS_FAILED = 1
    USAGE = 2
    INTERNAL = 3
    PLUGIN = 4
    NOTHING_SELECTED = 5
    GATE_FAILED = 6
    VERIFICATION_MISMATCH = 7
    ENVIRONMENT = 8
    INTERRUPTED = 130


class ImbenchError(Exception):
    """Root of every error that imbench raises on purpose."""

    exit_code: Exit = Exit.INTERNAL


class UsageError(ImbenchError):
    """The command, the matrix or a data file named in it is wrong."""

    exit_code = Exit.USAGE


class PluginError(ImbenchError):
    """A plugin cannot be found, imported, or breaks its contract."""

    exit_code = Exit.PLUGIN


class NothingSelected(ImbenchError):
    """The selection (-k, --limit, an empty matrix) leaves no cell."""

    exit_code = Exit.NOTHING_SELECTED


class EnvironmentFault(ImbenchError):
    """Store, cache, disk or registry failed us."""

    exit_code = Exit.ENVIRONMENT


def one_line(error: BaseException) -> str:
    """``Type: message`` of an exception, folded to one line of at most 500 characters."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__


@contextmanager
def blame(who: str, doing: str) -> Iterator[None]:
    """Turn any exception of foreign code, also SystemExit, into ``PluginError("who failed while doing: ...")``."""
    try:
        yield
    except ImbenchError as error:
        raise PluginError(f"{who} failed while {doing}: {error}") from error
    except (Exception, SystemExit) as error:  # a script without a guard exits when it is imported: that is not our end
        raise PluginError(f"{who} failed while {doing}: {one_line(error)}") from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'smote'?`` or the known names if none is near (at most ten), or an empty string."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not names:
        return ""
    return "; known: " + ", ".join(names[:10]) + (", …" if len(names) > 10 else "")

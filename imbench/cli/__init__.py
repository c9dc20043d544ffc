"""The command line: one thin file per verb. Heavy imports happen where they are used, so that ``--help`` is quick."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, see `imbench.errors.Exit`.

    Args:
        arguments: words after ``imbench``; by default those of the process.
    """
    from imbench.cli.app import invoke
    from imbench.cli.guard import guarded

    return guarded(lambda: invoke(arguments))

"""Leaderboards → text."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imbench.cli.options import Format
from imbench.cli.text import say

if TYPE_CHECKING:
    from imbench.leaderboard.board import Leaderboard

__all__ = ["as_records", "as_text", "say_if_all_flagged"]


def as_text(boards: Sequence[Leaderboard], form: Format) -> str:
    """The boards in a format, one after the other; as JSON an array of them."""
    from imbench.leaderboard.render import render

    if form is Format.json:
        return json.dumps(as_records(boards), indent=2)
    # what does not fit a terminal is left out and named; a file or a pipe gets every column
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return "\n\n".join(render(board, form.value, width=width) for board in boards)


def as_records(boards: Sequence[Leaderboard]) -> list[dict[str, Any]]:
    """The boards as JSON-ready values."""
    from imbench.leaderboard.render import render

    return [json.loads(render(board, "json")) for board in boards]


def say_if_all_flagged(boards: Sequence[Leaderboard]) -> None:
    """A line on stderr for each board that ranks nothing because all there is has been flagged by the guard."""
    for board in boards:
        if board.all_flagged:
            say(
                f"imbench: nothing is ranked on {board.device}: what has scores has too few positives "
                f"(flagged blocks: {board.left_out}, see the notes); --include-flagged ranks all the same"
            )

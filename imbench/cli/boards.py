"""Results → the text of a leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imbench.cli.options import Format

if TYPE_CHECKING:
    from imbench.results.result import CostRecord, Result

__all__ = ["rendered"]


def rendered(results: Sequence[Result], costs: Sequence[CostRecord], *, primary: str, policy: str, form: Format) -> str:
    """Rank results and render them in a format."""
    from imbench.leaderboard import rank, render

    board = rank(results, costs, primary=primary, policy=policy)
    return render(board, form.value)

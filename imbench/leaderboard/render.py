"""render: leaderboard → text in one of several formats, a pure function.

No format uses colour, so that there is nothing for NO_COLOR to switch off.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from tabulate import tabulate

from imbench.errors import UsageError, did_you_mean
from imbench.leaderboard.board import Leaderboard
from imbench.leaderboard.columns import Column, Value, choose_columns
from imbench.leaderboard.escape import ESCAPES, csv_cell, github, latex, plain, shorten

__all__ = ["FORMATS", "FORMAT_VERSION", "render"]

#: Version of the JSON; a reader must refuse what it does not know.
FORMAT_VERSION = 1

#: Format → what it is.
FORMATS = {
    "terminal": "boxed table with notes",
    "simple": "the same in ASCII, without borders",
    "github": "GitHub Markdown table with notes",
    "latex": "LaTeX tabular for the package booktabs, notes as comments",
    "csv": "one header line and one line a strategy, full precision, safe to open in a spreadsheet",
    "json": "everything, full precision",
}

_TERMINAL = {"terminal": "rounded_outline", "simple": "simple", "rounded_outline": "rounded_outline"}

#: Characters of a name or header in a table for people.
_NAME_WIDTH = 60
#: Below this, dropping columns helps more than shortening names.
_NAME_MINIMUM = 16


def render(board: Leaderboard, fmt: str, *, columns: Sequence[str] | None = None, width: int | None = None) -> str:
    """The board as text, without a line break at its end.

    Args:
        board: what to show.
        fmt: a key of `FORMATS` (or tabulate's name ``rounded_outline``).
        columns: names of columns, in order; None shows those that hold anything. JSON always holds everything.
        width: characters of the terminal. What does not fit is left out, the least important first, and named in a
            note; columns that were asked for are kept.

    Raises:
        UsageError: an unknown format or column.
    """
    chosen = choose_columns(board, columns)
    if fmt in _TERMINAL:
        return _terminal(board, chosen, _TERMINAL[fmt], width, fixed=columns is not None)
    match fmt:
        case "github":
            return _github(board, chosen)
        case "latex":
            return _latex(board, chosen)
        case "csv":
            return _csv(board, chosen)
        case "json":
            return _json(board)
    raise UsageError(f"leaderboard: unknown format {fmt!r}{did_you_mean(fmt, FORMATS)}")


def _terminal(board: Leaderboard, columns: list[Column], style: str, width: int | None, *, fixed: bool) -> str:
    name_width, left_out = _NAME_WIDTH, []
    table = _tabulate(board, columns, style, name_width)
    while width and _widest(table) > width:
        least = min(columns, key=lambda column: column.keep)
        if not fixed and least.keep < 8:
            left_out.append(least.header)
            columns = [column for column in columns if column is not least]
        elif name_width > _NAME_MINIMUM:
            name_width = max(_NAME_MINIMUM, name_width - (_widest(table) - width))
        else:
            break
        table = _tabulate(board, columns, style, name_width)
    meanings = [f"{column.header}: {column.meaning}" for column in columns if column.meaning]
    if left_out:
        meanings.append(f"not shown for want of width: {', '.join(reversed(left_out))}")
    lines = [_caption(board), table, *meanings, *(f"note: {note}" for note in board.notes)]
    return "\n".join(line if line is table else plain(shorten(line, 400)) for line in lines)


def _tabulate(board: Leaderboard, columns: Sequence[Column], style: str, name_width: int) -> str:
    cells = _cells(board, columns, "terminal", name_width)
    align = ["right" if column.right else "left" for column in columns]
    return tabulate(cells[1:], cells[0], tablefmt=style, disable_numparse=True, colalign=align if cells[1:] else None)


def _github(board: Leaderboard, columns: Sequence[Column]) -> str:
    header, *body = _cells(board, columns, "github", _NAME_WIDTH)
    rule = ["---:" if column.right else ":---" for column in columns]
    table = ["| " + " | ".join(cells) + " |" for cells in (header, rule, *body)]
    notes = [f"- {github(shorten(note, 400))}" for note in board.notes]
    return "\n".join([github(_caption(board)), "", *table, *([""] if notes else []), *notes])


def _latex(board: Leaderboard, columns: Sequence[Column]) -> str:
    """Written here because tabulate's booktabs format would escape once more."""
    header, *body = (" & ".join(cells) + r" \\" for cells in _cells(board, columns, "latex", _NAME_WIDTH))
    spec = "".join("r" if column.right else "l" for column in columns)
    comments = [f"% {latex(line)}" for line in (_caption(board), *board.notes)]
    start = [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", header, r"\midrule"]
    return "\n".join([*comments, *start, *body, r"\bottomrule", r"\end{tabular}"])


def _csv(board: Leaderboard, columns: Sequence[Column]) -> str:
    """RFC 4180, but for the line ends, which are those of a text file."""
    data = {name: value for column in columns for name, value in column.data.items()}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in data])
    writer.writerows([_csv_value(value(row)) for value in data.values()] for row in board.rows)
    return out.getvalue().removesuffix("\n")


def _csv_value(value: Value) -> str:
    """Numbers keep their sign: an apostrophe is for text alone."""
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else repr(value)


def _json(board: Leaderboard) -> str:
    record = asdict(board) | {"labelled": sorted(board.labelled)}
    return json.dumps({"format": FORMAT_VERSION, **record}, allow_nan=False, indent=2)


def _cells(board: Leaderboard, columns: Sequence[Column], fmt: str, name_width: int) -> list[list[str]]:
    """Header and rows, shortened, then escaped (an escape must not be cut in two)."""
    escape = ESCAPES[fmt]
    table = [[column.header for column in columns], *([column.text(row) for column in columns] for row in board.rows)]
    return [[escape(shorten(plain(cell), name_width)) for cell in cells] for cells in table]


def _caption(board: Leaderboard) -> str:
    counts = f"datasets: {board.datasets}, blocks (dataset, ratio, seed): {board.blocks}"
    return f"{counts}, device: {board.device}, decisions: {board.policy}"


def _widest(table: str) -> int:
    return max(map(len, table.splitlines()))

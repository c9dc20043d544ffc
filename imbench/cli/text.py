"""Text in and out: data to stdout, talk to stderr, names of strangers made harmless, tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["clean", "fields", "out", "out_json", "out_table", "say"]


def clean(text: object) -> str:
    """The text without what a terminal would obey: control, bidirectional and other unprintable characters."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def out(text: str) -> None:
    """A line of data on stdout."""
    sys.stdout.write(f"{text}\n")


def out_json(value: Any) -> None:
    """A JSON document on stdout."""
    out(json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A line of talk on stderr; a closed stderr is no reason to stop."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def fields(values: Mapping[str, object]) -> None:
    """``name: value`` lines on stdout; empty values are left out."""
    width = max(map(len, values), default=0) + 1
    for name, value in values.items():
        if value not in ("", None, (), {}):
            out(f"{name + ':':<{width}} {clean(value)}")


def out_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout: folded to the terminal's width, or as wide as it needs to be in a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0, overflow="fold")
    for row in rows:
        # Text, not str: a name like "[link=…]" is shown and not obeyed
        table.add_row(*(Text(clean(value)) for value in row))
    console = Console(file=sys.stdout, highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    console.width = max(Measurement.get(console, console.options.update(width=100_000), table).maximum, 1)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        out(line.rstrip())

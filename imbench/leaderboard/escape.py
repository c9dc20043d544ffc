"""Escaping: names come from plugins, so in every format they are text and nothing else.

tabulate and the like do not do this: of their formats only HTML and LaTeX escape tags, none strips control characters.
JSON needs nothing of this: ``json.dumps`` escapes all of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["ESCAPES", "csv_cell", "github", "latex", "plain", "shorten"]

#: Terminal sequences, with their two-character (ESC …) and one-character (C1) openers.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # strings: links, titles
    r"|\x1b[ -/]*[0-~]"  # the rest
)

#: Unicode categories that never reach a reader: controls, invisible format and bidirectional marks, lone surrogates,
#: line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")

#: Characters that Markdown or GitHub could read as markup, as entities, which Markdown never reads as markup.
_GITHUB = {ord(character): f"&#{ord(character)};" for character in "|`[]\\*~$@#!"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}

_LATEX = {ord(character): f"\\{character}" for character in "{}#$%&_"} | {
    ord("\\"): r"\textbackslash{}",
    ord("~"): r"\textasciitilde{}",
    ord("^"): r"\textasciicircum{}",
    ord("<"): r"\textless{}",
    ord(">"): r"\textgreater{}",
    ord("|"): r"\textbar{}",
    # after the line end ``\\`` of the row before, these would be read as its argument
    ord("["): "{[}",
    ord("]"): "{]}",
    ord("*"): "{*}",
}

#: What spreadsheets take for the start of a formula (OWASP, also the full-width forms), and the mark itself, so that
#: a reader can undo it by dropping one leading apostrophe.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")


def plain(text: str) -> str:
    """Text for a terminal: one line, no control characters or sequences.

    It may still hold ``[…]``: print it as it is, not through something that reads markup.
    """
    text = _SEQUENCES.sub("", text)
    spaced = (" " if character in _BREAKS else character for character in text)
    return "".join(character for character in spaced if unicodedata.category(character) not in _UNPRINTABLE)


def github(text: str) -> str:
    """Text for a cell of a GitHub table: no HTML, markup, link, mention, line break or cell border."""
    text = plain(text).translate(_GITHUB).replace("://", "&#58;//")
    text = re.sub(r"www\.", lambda match: match[0][:3] + "&#46;", text, flags=re.IGNORECASE)
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", "&#95;", text)


def latex(text: str) -> str:
    """Text for a cell of a LaTeX table: no command, comment, column border or argument."""
    return plain(text).translate(_LATEX)


def csv_cell(text: str) -> str:
    """Text for a cell that a spreadsheet may open: what looks like a formula gets a leading apostrophe."""
    text = plain(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def shorten(text: str, width: int) -> str:
    """Text of at most ``width`` characters; ``…`` ends what was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


#: Table format → its escape.
ESCAPES: dict[str, Callable[[str], str]] = {"terminal": plain, "github": github, "latex": latex, "csv": csv_cell}

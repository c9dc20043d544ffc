"""Names come from plugins. Whatever they hold, they come out as text of one cell."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imbench.leaderboard.board import Leaderboard, Row
from imbench.leaderboard.escape import csv_cell, github, latex, plain, shorten
from imbench.leaderboard.render import render

NASTY = [
    "<script>alert(1)</script>",
    "a|b",
    "a\\|b",
    "a\\\\|b",
    '=HYPERLINK("http://x")',
    "+1",
    "-2",
    "@x",
    "\t=1",
    "\r=1",
    " =1",
    "[link=http://x]y[/link]",
    "[a](http://x)",
    "![a](x)",
    "`code`",
    "``",
    "a\nb",
    "a\r\nb",
    "a\x85b",
    "a\u2028b",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\",
    "\x9b31mred",
    "\x1b\x1b[0m[2J",
    "a\x00b",
    "\ud800",
    "",
    "a & b",
    "100% {x} $y$ #1 a_b ~^",
    "\\input{x}",
    "\\\\[1em]",
    "www.x.com",
    "*bold* _it_ ~~s~~",
    "\u202eevil\u202c",
    "'quoted'",
    '"',
    '",=1',
    "&lt;script>",
    "x" * 10_000,
    "|" * 10_000,
    "\uff1d1+1",
    "&#124;",
    "%0a",
]

names = st.one_of(st.text(st.characters(), max_size=60), st.lists(st.sampled_from(NASTY), max_size=3).map("".join))


def board(name: str) -> Leaderboard:
    row = Row(
        rank=1,
        tie="a",
        strategy=name,
        mean=0.5,
        incomplete=False,
        difference=-0.1,
        low=-0.2,
        high=0.0,
        done=1,
        expected=2,
    )
    return Leaderboard(
        primary="ap", lower_is_better=False, policy="tuned", labelled=frozenset(), baseline=name, device="cpu",
        secondary=(), datasets=1, blocks=2, rows=(row, replace(row, strategy="erm")), notes=(f"{name}: 1/2 cells",),
    )  # fmt: skip


def nasty(test):  # type: ignore[no-untyped-def]
    for name in NASTY:
        test = example(name=name)(test)
    return settings(deadline=None)(given(name=names)(test))


@nasty
def test_terminal(name: str) -> None:
    for fmt in ("terminal", "simple"):
        text = render(board(name), fmt)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
        lines = text.split("\n")
        assert len(lines) == len(render(board("erm"), fmt).split("\n"))
        table = lines[1:7] if fmt == "terminal" else lines[1:5]
        assert len({len(line) for line in table if fmt == "terminal"}) <= 1, "the borders stay straight"
        assert max(map(len, lines)) < 500
        text.encode()


@nasty
def test_github(name: str) -> None:
    text = render(board(name), "github")
    lines = text.split("\n")
    assert lines == text.splitlines()
    assert len(lines) == len(render(board("erm"), "github").split("\n"))
    columns = lines[3].count("|")
    for line in lines[2:6]:
        assert line.count("|") == columns, "no name adds a cell"
        assert not re.search(r"\\", line)
    body = text.replace(" |", "").replace("| ", "")
    assert not re.search(r"<|>|`|\]\(|(?<!\w)www\.|://|[\[\]*~$@]", body)
    assert not re.search(r"&(?!amp;|lt;|gt;|#\d+;)", body), "no entity but ours"
    cell = lines[4].split(" | ")[2]
    assert unescape(cell).strip() == shorten(plain(name), 60).strip(), "it reads as the name"


@nasty
def test_latex(name: str) -> None:
    text = render(board(name), "latex")
    lines = text.split("\n")
    assert len(lines) == len(render(board("erm"), "latex").split("\n"))
    commands = (
        r"\\textbackslash\{\}|\\textascii(?:tilde|circum)\{\}|\\text(?:less|greater|bar)\{\}|\\[{}#$%&_]|\{[\[\]*]\}"
    )
    for line in lines[:2]:
        assert line.startswith("% ")
        assert not re.search(r"[\\{}#$%&_~^<>|]", re.sub(commands, "", line[2:]))
    for line in lines[4:5] + lines[6:8]:
        assert line.endswith(r" \\")
        left = re.sub(commands, "", line.removesuffix(r" \\"))
        assert left.count("&") == lines[4].count(" & "), "no name adds a cell"
        assert not re.search(r"[\\{}#$%_~^<>|\[\]*]", left)


@nasty
def test_csv(name: str) -> None:
    text = render(board(name), "csv")
    assert len(text.splitlines()) == 3, "no name breaks a line"
    header, first, second = csv.reader(io.StringIO(text))
    cells = dict(zip(header, first, strict=True))
    assert not cells["strategy"].lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cells["difference"] == "-0.1", "a negative number stays a number"
    assert cells["strategy"].removeprefix("'" if cells["strategy"] != plain(name) else "") == plain(name)
    assert second[2] == "erm"


@nasty
def test_json(name: str) -> None:
    text = render(board(name), "json")
    assert text.isascii()
    assert json.loads(text)["rows"][0]["strategy"] == name
    assert "\x1b" not in text


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_csv_keeps_different_names_apart(left: str, right: str) -> None:
    assert (csv_cell(left) == csv_cell(right)) == (plain(left) == plain(right))


@pytest.mark.parametrize(
    "name", ["smote(k=3)+focal", "imbench-losses/focal(gamma=2.0)", "random_over", "erm+threshold"]
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert plain(name) == github(name) == csv_cell(name) == name
    assert latex(name) == name.replace("_", r"\_")


def test_a_column_of_that_name_is_escaped_too() -> None:
    odd = replace(board("x"), primary="<b>|=\n")
    assert "&lt;b&gt;&#124;= " in render(odd, "github")
    assert "'" not in render(odd, "csv").split("\n")[0].split(",")[3].removeprefix("<b>")


def test_long_hostile_text_takes_no_time() -> None:
    for text in ("\x1b[" * 50_000, "\x1b]" * 50_000, "\x1b[0" * 50_000 + "\x00", "_" * 100_000, "www." * 30_000):
        for escape in (plain, github, latex, csv_cell):
            escape(text)

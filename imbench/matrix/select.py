"""``-k``: choose cells by an expression of words, as pytest does.

Grammar: ``or`` binds weaker than ``and``, ``and`` weaker than ``not``; parentheses group. A word is true of a cell if
it is a part of one of the cell's words: dataset, strategy, ``ratio100``, ``seed0``, backbone; and ``tuned`` for all
configurations of a strategy but the default, which have the strategy's own name too. ``ratio10``, ``seed1`` and
``tuned`` are whole words (``ratio10`` is not ``ratio100``). Case does not matter. Nothing is ever evaluated as Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imbench.errors import UsageError
from imbench.matrix.cell import NATURAL, Cell

__all__ = ["parse_selection", "select", "words"]

Predicate = Callable[[tuple[str, ...]], bool]

#: Deeper nesting than this would exhaust Python's stack.
DEEPEST = 100

_AXIS = re.compile(r"(ratio|seed)[0-9.]+|rationatural|tuned")
_TOKEN = re.compile(
    # a word may hold one balanced (k=3) directly behind its name, as strategies do
    r"\s*(?P<token>[()]|(?:[^\s()]+(?:\((?=[^()\s]*=)[^()]*\))?)+)\s*"
)


def select(cells: Iterable[Cell], expression: str | None) -> list[Cell]:
    """The cells that an expression is true of; all if there is none. Raises UsageError with the position of a fault."""
    if expression is None or not expression.strip():
        return list(cells)
    matches = parse_selection(expression)
    return [cell for cell in cells if matches(words(cell))]


def words(cell: Cell) -> tuple[str, ...]:
    """What the words of a selection are compared with, in lower case."""
    at = cell.at
    ratio = at.ratio if at.ratio == NATURAL else f"{at.ratio:.15g}"
    tuned = () if cell.configuration is None else (cell.entry, "tuned")
    every = (at.dataset, cell.strategy, f"ratio{ratio}", f"seed{at.seed}", cell.backbone, *tuned)
    return tuple(word.lower() for word in every)


def parse_selection(expression: str) -> Predicate:
    """Turn an expression into a predicate on a cell's words. Raises UsageError with the position of a fault."""
    parser = _Parser(expression, _tokens(expression))
    predicate = parser.either(0)
    if parser.position < len(parser.tokens):
        raise parser.fault("'and', 'or' or the end")
    return predicate


def _tokens(expression: str) -> list[tuple[int, str]]:
    """(column, token) pairs; columns count from 1."""
    return [(match.start("token") + 1, match["token"]) for match in _TOKEN.finditer(expression)]


def _word(text: str) -> Predicate:
    wanted = text.lower()
    if _AXIS.fullmatch(wanted):
        return lambda words: wanted in words
    return lambda words: any(wanted in word for word in words)


@dataclass
class _Parser:
    """Recursive descent: either → both (or both)*, both → negated (and negated)*, negated → not negated | atom."""

    expression: str
    tokens: list[tuple[int, str]]
    position: int = 0

    def either(self, depth: int) -> Predicate:
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else lambda words: any(part(words) for part in parts)

    def both(self, depth: int) -> Predicate:
        parts = [self.negated(depth)]
        while self.take("and"):
            parts.append(self.negated(depth))
        return parts[0] if len(parts) == 1 else lambda words: all(part(words) for part in parts)

    def negated(self, depth: int) -> Predicate:
        flips = 0
        while self.take("not"):
            flips += 1
        part = self.atom(depth)
        return (lambda words: not part(words)) if flips % 2 else part

    def atom(self, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise UsageError(f"-k: expected at most {DEEPEST} nested parentheses")
        if self.take("("):
            inside = self.either(depth + 1)
            if not self.take(")"):
                raise self.fault("')'")
            return inside
        token = self.peek()
        if token is None or token.lower() in ("and", "or", "not", ")"):
            raise self.fault("a word, 'not' or '('")
        self.position += 1
        return _word(token)

    def peek(self) -> str | None:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else None

    def take(self, wanted: str) -> bool:
        token = self.peek()
        found = token is not None and token.lower() == wanted
        self.position += found
        return found

    def fault(self, expected: str) -> UsageError:
        if self.position < len(self.tokens):
            column, token = self.tokens[self.position]
            return UsageError(f"-k {self.expression!r}: expected {expected} at column {column}, got {token!r}")
        return UsageError(
            f"-k {self.expression!r}: expected {expected} at column {len(self.expression) + 1}, got the end"
        )

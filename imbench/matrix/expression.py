"""Strategy expressions: ``smote(k=3)+focal(gamma=2)+warmup``.

Grammar: terms joined by ``+``; a term is a name (``plugin/name`` or ``name``) and optional ``key=value`` pairs in
parentheses, the values in JSON. One canonical text per expression, so that it can name a cell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from imbench.errors import UsageError

__all__ = ["Scalar", "Term", "check_name", "format_expression", "parse_expression"]

Scalar = bool | int | float | str

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: Characters that would break the grammar inside a string value.
_UNQUOTABLE = re.compile(r"[\"'\\,()\x00-\x1f\x7f]|^\s|\s$")
_TERM = re.compile(r"\s*(?P<name>[^\s()+=,]+)\s*(?:\((?P<params>[^()]*)\))?\s*")


@dataclass(frozen=True)
class Term:
    """One strategy of an expression: a name and the parameters that were given.

    Raises:
        UsageError: a string value holds what the grammar cannot carry, or a number is not a finite 64-bit one.
    """

    name: str
    params: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.params.items():
            if isinstance(value, str) and _UNQUOTABLE.search(value):
                raise UsageError(
                    f"strategy {self.name!r}: parameter {key!r}: expected text without quotes, backslashes, commas, "
                    f"parentheses and outer spaces, got {value[:60]!r}"
                )
            if isinstance(value, int | float) and not abs(value) < 2**63:
                raise UsageError(f"strategy {self.name!r}: parameter {key!r}: expected a finite 64-bit number")
        object.__setattr__(self, "params", MappingProxyType(dict(sorted(self.params.items()))))

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(f'{key}={json.dumps(value)}' for key, value in self.params.items())})"


def check_name(name: str, what: str) -> str:
    """Return the name if it is ``[a-z0-9][a-z0-9._-]*`` of at most 64 characters, else raise UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{what} {name[:80]!r}: expected lower-case letters, digits, '.', '_' or '-', at most 64, "
            "starting with a letter or digit"
        )
    return name


def parse_expression(text: str) -> tuple[Term, ...]:
    """Parse ``a(x=1)+b`` into terms. Raises UsageError on anything else."""
    terms = []
    for part in _split_terms(text):
        match = _TERM.fullmatch(part)
        if not match:
            raise UsageError(f"strategy {text!r}: expected NAME or NAME(key=value, …) joined by '+', got {part!r}")
        for piece in match["name"].split("/", 1):
            check_name(piece, "strategy")
        terms.append(Term(match["name"], _parse_params(text, match["params"] or "")))
    return tuple(terms)


def format_expression(terms: tuple[Term, ...]) -> str:
    """The canonical text of an expression; ``parse_expression`` reads it back."""
    return "+".join(str(term) for term in terms)


def _split_terms(text: str) -> list[str]:
    """Split at ``+`` outside parentheses (a value may hold one, as in ``1e+3``)."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "+" and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _parse_params(text: str, params: str) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for pair in filter(None, (piece.strip() for piece in params.split(","))):
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        if not equals or not key.isidentifier():
            raise UsageError(f"strategy {text!r}: expected key=value, got {pair!r}")
        if key in values:
            raise UsageError(f"strategy {text!r}: parameter {key!r} is given twice")
        try:
            values[key] = json.loads(value)
        except (ValueError, RecursionError):  # not JSON, or an integer of thousands of digits
            values[key] = value.strip("'\"")
        if not isinstance(values[key], Scalar):
            raise UsageError(f"strategy {text!r}: expected a number, string or true/false for {key!r}, got {value!r}")
    return values

"""Tuning: the configurations of a strategy, as many for each, drawn from streams that no strategy chooses.

Random search (Bergstra & Bengio 2012) over declared grids and the learning rate. Configuration i is the same however
many are asked for, so that a study can be extended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from imbench.matrix.cell import Configuration
from imbench.matrix.expression import Scalar, Term, format_expression, parse_expression
from imbench.matrix.seeds import derive_seed

__all__ = ["Space", "configurations", "learning_rates", "rate_alone"]


@dataclass(frozen=True, kw_only=True)
class Space:
    """What of an expression is tuned.

    Attributes:
        terms: the expression.
        grids: (position of the term, parameter, values worth trying with the default first), of parameters that the
            expression does not give.
        rate: whether the learning rate of the budget changes anything.
    """

    terms: tuple[Term, ...]
    grids: tuple[tuple[int, str, tuple[Scalar, ...]], ...] = ()
    rate: bool = True

    @property
    def size(self) -> int:
        """Combinations of the grids."""
        return math.prod(len(values) for _, _, values in self.grids)

    def at(self, index: int) -> str:
        """The expression with the combination of that index; 0 is the one of all defaults."""
        params = [dict(term.params) for term in self.terms]
        for position, name, values in self.grids:
            index, choice = divmod(index, len(values))
            params[position][name] = values[choice]
        return format_expression(tuple(Term(term.name, mine) for term, mine in zip(self.terms, params, strict=True)))


def rate_alone(expression: str) -> Space:
    """The space of an expression of which nothing but the learning rate is tuned."""
    return Space(terms=parse_expression(expression))


def learning_rates(base: float, factors: Sequence[float], number: int) -> list[float | None]:
    """Learning rates of the configurations 1 … number-1: the base times a factor, the same for every strategy.

    Args:
        base: of the budget.
        factors: the smallest and the largest; factors are log-uniform between them.
        number: configurations, the default included.

    Returns:
        Rates of six significant digits, which is how cells name them; None for the base itself.
    """
    low, high = factors
    shares = [derive_seed("tuning", "learning_rate", each) / 2**63 for each in range(1, number)]
    rates = [float(f"{base * low * (high / low) ** share:.5e}") for share in shares]
    return [None if rate == base else rate for rate in rates]


def configurations(
    expression: str, space: Space, rates: Sequence[float | None], canonical: Callable[[str], str]
) -> list[tuple[str, Configuration]]:
    """Configurations of a strategy beside its default, each with its canonical expression.

    Values are drawn from the combinations of the grids without replacement, the defaults first of all (they are
    number 0); when all are drawn they come again in the same order, with other learning rates. A configuration that
    equals an earlier one is left out: a strategy that has few gets few.

    Args:
        expression: canonical, as the matrix has it.
        space: what of it is tuned.
        rates: of `learning_rates`.
        canonical: expression → canonical expression.
    """
    order = [0, *_drawn(expression, space.size, len(rates))]
    found: dict[tuple[str, float | None], Configuration] = {}
    for number, rate in enumerate(rates, start=1):
        strategy = canonical(space.at(order[number % len(order)]))
        own = rate if space.rate else None
        if (strategy, own) != (expression, None):
            found.setdefault((strategy, own), Configuration(of=expression, number=number, learning_rate=own))
    return [(strategy, each) for (strategy, _), each in found.items()]


def _drawn(expression: str, size: int, most: int) -> Iterator[int]:
    """Indices 1 … size-1 in random order, at most so many: the start of a Fisher-Yates shuffle."""
    moved: dict[int, int] = {}
    for place in range(1, min(size, most + 1)):
        other = place + derive_seed("tuning", expression, place) % (size - place)
        drawn = moved.get(other, other)
        moved[other] = moved.get(place, place)
        yield drawn

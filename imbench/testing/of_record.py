"""Checks of what a strategy's record promises. Nothing is trained."""

from __future__ import annotations

import json
from typing import Any

from imbench.errors import UsageError, one_line
from imbench.matrix.expression import Scalar, Term, parse_expression
from imbench.plugin.specs import Parameter, resolve
from imbench.testing.finding import Broken, NotApplicable
from imbench.testing.subject import Strategy

__all__ = ["builds", "packs_as_declared", "parameters"]


def builds(strategy: Strategy) -> None:
    """The factory makes a Recipe, or an object with fit(trial), from its default parameters."""
    resolve(strategy.spec.make)
    made: Any = strategy.spec.build({})
    if not hasattr(made, "parts") and not callable(getattr(made, "fit", None)):
        raise Broken(f"{type(made).__name__} {made!r:.80}", strategy.target)


def parameters(strategy: Strategy) -> None:
    """Parameters survive JSON and the text of an expression, obey their bounds, and build at each end of them."""
    if not strategy.spec.params:
        raise NotApplicable("no parameters")
    for name, parameter in strategy.spec.params.items():
        for value in _values(name, parameter):
            _survives(name, value)
            try:
                strategy.spec.build({name: value})
            except Exception as error:
                raise Broken(f"make({name}={value!r}) raised {one_line(error)}", strategy.target) from error


def _values(name: str, parameter: Parameter) -> list[Scalar]:
    """The default, the bounds, the choices and the grid, each checked against the record itself."""
    ends = [type(parameter.default)(end) for end in (parameter.low, parameter.high) if end is not None]
    values = [parameter.default, *ends, *parameter.choices, *parameter.grid]
    try:
        return list(dict.fromkeys(parameter.check(name, value) for value in values))
    except UsageError as error:
        raise Broken(f"its own default, bound or choice is refused: {error}") from None


def _survives(name: str, value: Scalar) -> None:
    back = json.loads(json.dumps(value))
    (term,) = parse_expression(str(Term("strategy", {name: value})))
    for found, where in ((back, "JSON"), (term.params[name], "the text of an expression")):
        if type(found) is not type(value) or found != value:
            raise Broken(f"{name} = {value!r} comes back from {where} as {found!r}")


def packs_as_declared(strategy: Strategy) -> None:
    """StrategySpec.alone says why it trains alone if it is a Fit, and is empty if it is a recipe."""
    alone = strategy.spec.alone
    if strategy.recipe is None and not alone:
        raise Broken('a Fit with alone="": say in one line why it is no recipe', strategy.target)
    if strategy.recipe is not None and alone:
        raise Broken(f"a recipe, which packs, with alone={alone!r}", strategy.target)

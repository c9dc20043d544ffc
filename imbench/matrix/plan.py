"""Matrix → cells: datasets by ratios by seeds by strategies and their configurations, dataset-major.

The baselines are in every block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from imbench.errors import UsageError, did_you_mean
from imbench.matrix.cell import Cell, Configuration, Coordinates
from imbench.matrix.expression import Scalar, Term, format_expression, parse_expression
from imbench.matrix.problems import FieldFault
from imbench.matrix.schema import Matrix, StrategyEntry
from imbench.matrix.tuning import Space, configurations, learning_rates, rate_alone

__all__ = ["BASELINES", "entry_of", "expressions", "plan"]

#: Every block contains these, whether or not the matrix names them: without them no remedy can be judged.
BASELINES = ("prior", "erm", "erm+threshold", "gbdt")

#: More combinations than this in one grid are a slip of the keyboard.
MOST_COMBINATIONS = 10_000

Canonical = Callable[[str], str]


def plan(matrix: Matrix, *, canonical: Canonical, space: Callable[[str], Space] = rate_alone) -> list[Cell]:
    """All cells of a matrix, without duplicates, always in the same order; in a block the defaults come first.

    Args:
        matrix: what to run.
        canonical: expression → canonical expression; raises UsageError for unknown names and wrong parameters.
        space: canonical expression → what of it is tuned.

    Raises:
        UsageError: a strategy or parameter is wrong; the message starts with the path of the field.
    """
    strategies = _configured(matrix, canonical, space)
    budget, profile = matrix.budget.build(), matrix.profile.build()
    return [
        Cell(
            at=Coordinates(dataset=entry.label, ratio=ratio, seed=seed, profile=profile),
            strategy=strategy,
            backbone=matrix.backbone,
            budget=budget,
            configuration=configuration,
        )
        for entry in matrix.datasets
        for ratio in dict.fromkeys(matrix.ratios_of(entry))
        for seed in dict.fromkeys(matrix.seeds)
        for strategy, configuration in strategies
    ]


def _configured(
    matrix: Matrix, canonical: Canonical, space: Callable[[str], Space]
) -> list[tuple[str, Configuration | None]]:
    """What runs in a block: every strategy as it is, then their configurations, all first ones before all second."""
    names = expressions(matrix, canonical=canonical)
    tuning = matrix.tuning
    rates = learning_rates(matrix.budget.build().learning_rate, tuning.learning_rates, tuning.configurations)
    if not rates:
        return [(name, None) for name in names]
    tuned = [pair for name in names for pair in configurations(name, space(name), rates, canonical)]
    return [*((name, None) for name in names), *sorted(tuned, key=lambda pair: pair[1].number)]


def expressions(matrix: Matrix, *, canonical: Canonical) -> list[str]:
    """The canonical expressions of a block: the baselines, then the strategies in the order of the file."""
    named = [text for index, entry in enumerate(matrix.strategies) for text in _of_entry(entry, index, canonical)]
    return list(dict.fromkeys([*map(canonical, BASELINES), *named]))


def _of_entry(entry: StrategyEntry, index: int, canonical: Canonical) -> list[str]:
    try:
        return [canonical(text) for text in _expand(entry, canonical)]
    except UsageError as error:
        raise FieldFault(("strategies", index), error) from None


def entry_of(matrix: Matrix, strategy: str, *, canonical: Canonical) -> int | None:
    """Position in the matrix of the first entry that stands for a strategy; None for a baseline that no entry names."""
    entries = enumerate(matrix.strategies)
    return next((index for index, entry in entries if strategy in _of_entry(entry, index, canonical)), None)


def _expand(entry: StrategyEntry, canonical: Canonical) -> Iterator[str]:
    """The expressions that an entry stands for: its terms with params, once per combination of the grid."""
    terms = parse_expression(entry.use)
    # an unknown name is the first thing to hear of, not that it takes no such parameter
    for term in terms:
        canonical(term.name)
    if both := sorted(entry.params.keys() & entry.grid.keys()):
        raise UsageError(f"parameter {both[0]!r} is in params and in grid: keep one")
    choices = {key: (value,) for key, value in entry.params.items()} | dict(entry.grid)
    combinations = math.prod(len(values) for values in choices.values())
    if combinations > MOST_COMBINATIONS:
        raise UsageError(f"grid: expected at most {MOST_COMBINATIONS} combinations, got {combinations}")
    owners = {key: _owner(key, values, terms, canonical) for key, values in choices.items()}
    for values in itertools.product(*choices.values()):
        yield format_expression(_with(terms, owners, dict(zip(choices, values, strict=True))))


def _owner(key: str, values: Sequence[Scalar], terms: Sequence[Term], canonical: Canonical) -> int:
    """Position of the term that a key belongs to: the one it names, or the only one that could take it."""
    names = [term.name for term in terms]
    prefix, _, parameter = key.rpartition(".")
    if prefix:
        positions = [position for position, name in enumerate(names) if prefix in (name, name.rpartition("/")[2])]
        if not positions:
            raise UsageError(f"parameter {key!r}: the expression has no {prefix!r}{did_you_mean(prefix, names)}")
    elif len(terms) == 1:
        positions = [0]
    else:
        refusals = [_refusals(name, parameter, values, canonical) for name in names]
        positions = [position for position, refused in enumerate(refusals) if len(refused) < len(values)]
        if not positions:
            reasons = "; ".join(refused[0] for refused in refusals)
            raise UsageError(f"parameter {key!r} fits no part of {'+'.join(names)!r}: {reasons}")
    if len(positions) > 1:
        choices = " or ".join(f"{names[position]}.{parameter}" for position in positions)
        raise UsageError(f"parameter {key!r} fits several parts: write {choices}")
    return positions[0]


def _refusals(name: str, parameter: str, values: Sequence[Scalar], canonical: Canonical) -> list[str]:
    """Why a strategy does not take these values, one reason per value refused."""
    reasons = []
    for value in values:
        try:
            canonical(str(Term(name, {parameter: value})))
        except UsageError as error:
            reasons.append(str(error))
    return reasons


def _with(terms: Sequence[Term], owners: Mapping[str, int], chosen: Mapping[str, Scalar]) -> tuple[Term, ...]:
    """The terms with the chosen values put in. Raises UsageError if a value is given twice."""
    params = [dict(term.params) for term in terms]
    for key, value in chosen.items():
        mine, name = params[owners[key]], key.rpartition(".")[2]
        if name in mine:
            raise UsageError(f"parameter {key!r} is given twice")
        mine[name] = value
    return tuple(Term(term.name, mine) for term, mine in zip(terms, params, strict=True))

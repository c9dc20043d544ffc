"""Configurations: as many for every strategy, with the same learning rates, and none twice."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.errors import UsageError
from imbench.matrix.cell import PROTOCOL_VERSION, Cell, Coordinates
from imbench.matrix.expression import parse_expression
from imbench.matrix.loading import parse_matrix
from imbench.matrix.plan import BASELINES, plan
from imbench.matrix.schema import Matrix
from imbench.matrix.seeds import digest
from imbench.matrix.select import select
from imbench.matrix.tuning import Space, configurations, learning_rates, rate_alone

#: Grids of a small registry, defaults first.
GRIDS = {
    "focal": {"gamma": (2.0, 0.5, 1.0)},
    "smote": {"k": (5, 3), "mode": ("a", "b", "c")},
    "gbdt": {"trees": (9, 1)},
}
BASE = 1e-3


def canonical(text: str) -> str:
    """Drops what is given as default."""
    parts = []
    for term in parse_expression(text):
        grid = GRIDS.get(term.name, {})
        given_here = {name: value for name, value in term.params.items() if name in grid and value != grid[name][0]}
        parts.append(term.name + (f"({', '.join(f'{n}={v}' for n, v in given_here.items())})" if given_here else ""))
    return "+".join(parts)


def space(text: str) -> Space:
    terms = parse_expression(text)
    grids = [
        (place, name, values)
        for place, term in enumerate(terms)
        for name, values in GRIDS.get(term.name, {}).items()
        if name not in term.params
    ]
    return Space(terms=terms, grids=tuple(grids), rate=not {"gbdt", "prior"} & {term.name for term in terms})


def matrix(number: int, strategies: tuple[str, ...] = (), **tuning: object) -> Matrix:
    table = {"configurations": number, **tuning}
    return Matrix.model_validate({"datasets": ["d"], "seeds": [0], "strategies": strategies, "tuning": table})


def cells_of(number: int, *strategies: str, **tuning: object) -> list[Cell]:
    return plan(matrix(number, strategies, **tuning), canonical=canonical, space=space)


def tried(cells: list[Cell], name: str) -> list[Cell]:
    return [cell for cell in cells if cell.entry == name]


names = st.sampled_from(["focal", "smote", "smote+focal", "focal(gamma=1.0)", "smote(k=3)", "erm+focal"])
numbers = st.integers(1, 40)


@given(numbers, st.lists(names, max_size=4, unique=True))
def test_every_strategy_has_as_many_configurations_with_the_same_rates(number, strategies) -> None:
    cells = cells_of(number, *strategies)
    every = [*BASELINES, *strategies]
    assert len(cells) == len(set(cells)) == len(set(map(str, cells)))
    rates = [cell.learning_rate for cell in tried(cells, "erm")]
    assert len(rates) == len(set(rates)) == number
    for name in every:
        mine = tried(cells, name)
        assert (mine[0].strategy, mine[0].configuration) == (name, None), "the default is the first"
        if space(name).rate:
            assert [cell.learning_rate for cell in mine] == rates
            assert [cell.configuration.number for cell in mine[1:]] == list(range(1, number))
        else:
            assert {cell.learning_rate for cell in mine} == {BASE}
            assert len(mine) == min(number, space(name).size)
    # the defaults of all strategies come first, then all first configurations
    assert [cell.entry for cell in cells[: len(every)]] == every
    order = [cell.configuration.number if cell.configuration else 0 for cell in cells]
    assert order == sorted(order)


@given(names, numbers, numbers)
def test_asking_for_more_keeps_what_there_is(name, number, other) -> None:
    few, many = (tried(cells_of(n, name), name) for n in sorted((number, other)))
    assert many[: len(few)] == few


@given(names, numbers)
def test_no_combination_comes_again_before_all_have_come(name, number) -> None:
    size = space(name).size
    values = [cell.strategy for cell in tried(cells_of(number, name), name)]
    for first in range(0, len(values), size):
        assert len(set(values[first : first + size])) == len(values[first : first + size])
        assert values[first] == name


@given(numbers, st.floats(1e-3, 1.0), st.floats(1.0, 1e3))
def test_rates_stay_in_their_range(number, low, high) -> None:
    found = [BASE if rate is None else rate for rate in learning_rates(BASE, (low, high), number)]
    assert len(found) == number - 1
    assert all(BASE * low * (1 - 1e-5) <= rate <= BASE * high * (1 + 1e-5) for rate in found)
    assert all(rate == float(f"{rate:g}") for rate in found), "a cell's text names its rate exactly"


def test_rates_cover_their_range_evenly_by_orders_of_magnitude() -> None:
    rates = learning_rates(1.0, (0.01, 100.0), 2001)
    for low in (0.01, 0.1, 1.0, 10.0):
        assert sum(low <= rate < 10 * low for rate in rates) == pytest.approx(500, abs=100)


def test_every_term_is_tuned_but_what_the_matrix_gives_is_kept() -> None:
    found = {cell.strategy for cell in tried(cells_of(40, "smote(k=3)+focal"), "smote(k=3)+focal")}
    expected = {
        canonical(f"smote(k=3, mode={mode})+focal(gamma={gamma})")
        for mode in GRIDS["smote"]["mode"]
        for gamma in GRIDS["focal"]["gamma"]
    }
    assert found == expected


def test_nothing_to_vary_is_one_configuration() -> None:
    cells = cells_of(8, "focal", learning_rates=[1, 1])
    assert len(tried(cells, "erm")) == len(tried(cells, "prior")) == 1
    assert len(tried(cells, "focal")) == 3, "the grid is varied all the same"
    assert cells_of(1, "focal") == [cell for cell in cells if cell.configuration is None]


def test_strategies_draw_their_values_apart() -> None:
    """Two strategies with equal grids do not march in step."""
    grid = ((0, "x", tuple(range(50))),)
    rates = learning_rates(BASE, (0.1, 10.0), 20)
    one, two = (
        configurations(name, Space(terms=parse_expression(name), grids=grid), rates, str) for name in ("one", "two")
    )
    assert [text.partition("(")[2] for text, _ in one] != [text.partition("(")[2] for text, _ in two]


def test_a_default_has_the_key_that_it_had_without_tuning() -> None:
    cell, *tuned = tried(cells_of(4, "focal"), "focal")
    old = {name: value for name, value in asdict(cell).items() if name != "configuration"}
    rest = {"data": "d", "plugins": {"p": "1"}, "device": "cpu"}
    assert cell.key(**rest) == digest({"cell": old, "protocol": PROTOCOL_VERSION, **rest})
    assert len({each.key(**rest) for each in (cell, *tuned)}) == 4


def test_cells_are_called_by_what_tells_them_apart() -> None:
    cells = cells_of(40, "focal", "focal(gamma=1.0)")
    ours = [cell for cell in cells if cell.strategy == "focal(gamma=1.0)"]
    of_focal, as_written = (
        next(c for c in ours if c.configuration and c.entry == name) for name in ("focal", "focal(gamma=1.0)")
    )
    assert str(of_focal) == f"d/natural/0/focal(gamma=1.0)@{of_focal.learning_rate:g} of focal"
    assert str(as_written) == f"d/natural/0/focal(gamma=1.0)@{as_written.learning_rate:g}"
    assert len(set(map(str, cells))) == len(cells)


def test_configurations_can_be_selected() -> None:
    cells = cells_of(4, "focal")
    assert select(cells, "not tuned") == [cell for cell in cells if cell.configuration is None]
    assert select(cells, "tuned and focal") == tried(cells, "focal")[1:]
    only = Cell(at=Coordinates(dataset="fine-tuned", ratio=2.0, seed=0), strategy="erm")
    assert select([only], "tuned") == [], "a whole word"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("configurations = 0", r"m:3: tuning\.configurations: .*1"),
        ("learning_rates = [10, 0.1]", r"m:3: tuning\.learning_rates: expected the smaller factor first, got \[10"),
        ("learning_rates = [0, 1]", r"m:3: tuning\.learning_rates\[0\]: .* 0"),
        ("learning_rates = [1]", r"m:3: tuning\.learning_rates: .*2"),
        ("learning_rate = [1, 2]", r"tuning\.learning_rate: unknown key; did you mean 'learning_rates'"),
    ],
)
def test_wrong_tables(line, problem) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_matrix(f'datasets = ["d"]\n[tuning]\n{line}\n', source="m")


def test_without_a_registry_the_rate_alone_is_tuned() -> None:
    found = configurations("a+b(x=1)", rate_alone("a+b(x=1)"), [0.5, 0.25], str)
    assert [(text, each.learning_rate) for text, each in found] == [("a+b(x=1)", 0.5), ("a+b(x=1)", 0.25)]

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.errors import UsageError, did_you_mean
from imbench.matrix.cell import Cell
from imbench.matrix.expression import Term, format_expression, parse_expression
from imbench.matrix.loading import builtin_names, load_matrix, parse_matrix
from imbench.matrix.plan import BASELINES, expressions, plan
from imbench.matrix.schema import Matrix

#: What a registry would know: strategy → parameter → largest value.
KNOWN = {"smote": {"k": 20}, "adasyn": {"k": 20}, "focal": {"gamma": 10}, "warmup": {}} | {
    name: {} for text in BASELINES for name in text.split("+")
}


def canonical(text: str) -> str:
    """Drops what is given as default (k=5), refuses what is unknown; a small registry."""
    terms = []
    for term in parse_expression(text):
        if term.name not in KNOWN:
            raise UsageError(f"unknown strategy {term.name!r}{did_you_mean(term.name, KNOWN)}")
        for key, value in term.params.items():
            if key not in KNOWN[term.name]:
                raise UsageError(f"strategy {term.name!r} has no parameter {key!r}")
            if value > KNOWN[term.name][key]:
                raise UsageError(
                    f"parameter '{term.name}.{key}': expected at most {KNOWN[term.name][key]}, got {value}"
                )
        terms.append(Term(term.name, {key: value for key, value in term.params.items() if (key, value) != ("k", 5)}))
    return format_expression(tuple(terms))


def matrix(strategies: object, **more: object) -> Matrix:
    return Matrix.model_validate({"datasets": ["caravan"], "seeds": [0], **more, "strategies": strategies})


def named(strategies: object) -> list[str]:
    """The expressions beside the baselines."""
    return expressions(matrix(strategies), canonical=canonical)[len(BASELINES) :]


NAMES = st.sampled_from(["smote", "focal", "smote+focal", "smote(k=5)", "smote(k=3)", "erm", "prior", "focal+smote"])
RATIOS = st.lists(st.sampled_from(["natural", 1, 1.0, 10, 50.0, 50]), min_size=1, max_size=5)
DATASETS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.none() | RATIOS), min_size=1, max_size=4, unique_by=lambda pair: pair[0]
)


@given(DATASETS, RATIOS, st.lists(st.integers(0, 5), min_size=1), st.lists(NAMES))
def test_the_plan_is_the_product_without_duplicates(datasets, ratios, seeds, strategies) -> None:
    entries = [{"name": name, **({"ratios": own} if own else {})} for name, own in datasets]
    question = matrix(strategies, datasets=entries, ratios=ratios, seeds=seeds)
    cells = plan(question, canonical=canonical)
    every = [canonical(text) for text in (*BASELINES, *strategies)]
    expected = {
        (name, ratio, seed, strategy)
        for name, own in datasets
        for ratio, seed, strategy in itertools.product(own or ratios, seeds, every)
    }
    found = [(cell.at.dataset, cell.at.ratio, cell.at.seed, cell.strategy) for cell in cells]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert cells == plan(question, canonical=canonical)
    # dataset-major: all cells of a dataset, and within it of a block, are neighbours
    for key in (lambda cell: cell.at.dataset, lambda cell: cell.at):
        groups = [group for group, _ in itertools.groupby(cells, key=key)]
        assert len(groups) == len(set(groups))
    assert list(dict.fromkeys(cell.at.dataset for cell in cells)) == [name for name, _ in datasets]


def test_ratios_are_floats_so_that_fifty_names_one_random_stream() -> None:
    first, second = (plan(matrix(["smote"], ratios=[ratio]), canonical=canonical) for ratio in (50, 50.0))
    assert first == second
    assert first[0].at.stream("order") == second[0].at.stream("order")
    assert type(first[0].at.ratio) is float


def test_cells_carry_the_values_of_the_matrix() -> None:
    question = matrix(
        [], budget={"steps": 7, "learning_rate": 1}, profile={"kind": "step", "head": 500}, backbone="cnn"
    )
    cell = plan(question, canonical=canonical)[0]
    assert isinstance(cell, Cell)
    assert (cell.budget.steps, cell.budget.batch_size, cell.backbone) == (7, 128, "cnn")
    assert type(cell.budget.learning_rate) is float
    assert (cell.at.profile.kind, cell.at.profile.head) == ("step", 500)
    hash(cell)


def test_baselines_are_in_every_block() -> None:
    cells = plan(matrix(["smote", "erm"], seeds=2, ratios=[10, 20]), canonical=canonical)
    blocks = itertools.groupby(cells, key=lambda cell: cell.at)
    for _, block in blocks:
        strategies = [cell.strategy for cell in block]
        assert strategies == [*BASELINES, "smote"]


def test_a_grid_is_the_product_of_its_values() -> None:
    entry = {"use": "smote+focal", "grid": {"k": [1, 2], "focal.gamma": [0.5, 1]}}
    assert named([entry]) == [
        "smote(k=1)+focal(gamma=0.5)",
        "smote(k=1)+focal(gamma=1)",
        "smote(k=2)+focal(gamma=0.5)",
        "smote(k=2)+focal(gamma=1)",
    ]


def test_grid_values_that_are_the_default_make_no_second_cell() -> None:
    assert named(["smote", {"use": "smote", "grid": {"k": [5, 3]}}]) == ["smote", "smote(k=3)"]


def test_unquoted_dotted_keys_mean_the_same() -> None:
    text = 'datasets = ["a"]\n[[strategies]]\nuse = "smote+focal"\nparams.focal.gamma = 1\ngrid = {smote.k = [1, 2]}'
    found = expressions(parse_matrix(text), canonical=canonical)[len(BASELINES) :]
    assert found == ["smote(k=1)+focal(gamma=1)", "smote(k=2)+focal(gamma=1)"]


def test_a_bare_key_goes_to_the_only_part_that_takes_it() -> None:
    assert named([{"use": "smote+focal+warmup", "params": {"gamma": 3}}]) == ["smote+focal(gamma=3)+warmup"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("smoke", r"strategies\[0\]: unknown strategy 'smoke'; did you mean 'smote'\?"),
        ("smote(kk=3)", r"strategies\[0\]: strategy 'smote' has no parameter 'kk'"),
        ({"use": "smote+focl", "params": {"k": 3}}, r"unknown strategy 'focl'; did you mean 'focal'"),
        ({"use": "smote+adasyn", "params": {"k": 3}}, r"'k' fits several parts: write smote\.k or adasyn\.k"),
        ({"use": "smote+focal", "params": {"z": 3}}, r"'z' fits no part of 'smote\+focal'"),
        ({"use": "smote+focal", "params": {"focl.gamma": 3}}, r"the expression has no 'focl'; did you mean 'focal'"),
        ({"use": "smote+focal", "grid": {"gamma": [1, 99]}}, r"'focal.gamma': expected at most 10, got 99"),
        ({"use": "smote(k=3)", "params": {"k": 4}}, r"'k' is given twice"),
        ({"use": "smote", "params": {"k": 4}, "grid": {"k": [1]}}, r"'k' is in params and in grid"),
        ({"use": "smote", "grid": {"k": list(range(1, 11)), "smote.k": [1]}}, r"given twice"),
        ({"use": "focal", "grid": {f"g{i}": list(range(20)) for i in range(4)}}, r"at most 10000 combinations"),
    ],
)
def test_wrong_strategies_are_one_line_with_their_place(entry, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan(matrix([entry]), canonical=canonical)
    assert str(caught.value).startswith("strategies[0]: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", builtin_names())
def test_every_builtin_matrix_has_a_plan(name: str) -> None:
    cells = plan(load_matrix(name), canonical=lambda text: text)
    assert {cell.strategy for cell in cells} >= set(BASELINES)


def test_the_quickstart_is_not_small() -> None:
    quickstart = load_matrix("quickstart")
    assert len(quickstart.datasets) >= 3
    assert len(quickstart.ratios) >= 3
    assert len(quickstart.seeds) >= 3
    assert len(quickstart.strategies) >= 12

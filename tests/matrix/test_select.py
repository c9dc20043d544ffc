from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.errors import UsageError
from imbench.matrix.cell import Cell, Coordinates, Ratio
from imbench.matrix.select import select


def cell(dataset: str = "caravan", ratio: Ratio = 100.0, seed: int = 0, strategy: str = "smote(k=3)+focal") -> Cell:
    return Cell(at=Coordinates(dataset=dataset, ratio=ratio, seed=seed), strategy=strategy)


CELLS = [
    cell(dataset, ratio, seed, strategy)
    for dataset in ("caravan", "email_spam")
    for ratio in ("natural", 10.0, 100.0)
    for seed in (0, 1, 10)
    for strategy in ("erm", "smote(k=3)+focal")
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("caravan", lambda c: c.at.dataset == "caravan"),
        ("cara", lambda c: c.at.dataset == "caravan"),
        ("SMOTE", lambda c: "smote" in c.strategy),
        ("ratio10", lambda c: c.at.ratio == 10),
        ("ratio100 and seed1", lambda c: c.at.ratio == 100 and c.at.seed == 1),
        ("rationatural or seed10", lambda c: c.at.ratio == "natural" or c.at.seed == 10),
        ("not erm", lambda c: c.strategy != "erm"),
        ("not not erm", lambda c: c.strategy == "erm"),
        ("not (erm or caravan)", lambda c: c.strategy != "erm" and c.at.dataset != "caravan"),
        ("erm or smote and seed0", lambda c: c.strategy == "erm" or c.at.seed == 0),
        ("smote(k=3)+focal", lambda c: c.strategy == "smote(k=3)+focal"),
        ("(smote(k=3) and seed0)", lambda c: "smote" in c.strategy and c.at.seed == 0),
        ("mlp", lambda c: True),
        ("nothing-like-it", lambda c: False),
        ("", lambda c: True),
    ],
)
def test_expressions_mean_what_they_say(expression, expected) -> None:
    assert select(CELLS, expression) == [each for each in CELLS if expected(each)]


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("smote and", 10),
        ("(smote", 7),
        ("smote)", 6),
        ("and smote", 1),
        ("a or or b", 6),
        ("not", 4),
        ("a b", 3),
        ("()", 2),
    ],
)
def test_a_fault_is_shown_with_its_column(expression: str, column: int) -> None:
    with pytest.raises(UsageError, match=rf"-k .* at column {column}, got"):
        select(CELLS, expression)


def test_nothing_is_evaluated() -> None:
    assert select(CELLS, "__import__") == []


@given(
    st.text(st.sampled_from("ab() =,"), max_size=40)
    | st.lists(st.sampled_from(["and", "or", "not", "(", ")", "smote", "seed0"])).map(" ".join)
)
def test_any_text_selects_or_is_a_usage_error(expression: str) -> None:
    try:
        chosen = select(CELLS, expression)
    except UsageError:
        return
    assert all(each in CELLS for each in chosen)


TREES = st.recursive(
    st.sampled_from(["smote", "erm", "caravan", "ratio10", "seed1"]),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=8,
)


def text_of(tree) -> str:
    return (
        tree
        if isinstance(tree, str)
        else "(" + " ".join(x if x in ("and", "or", "not") else text_of(x) for x in tree) + ")"
    )


def truth(tree, each: Cell) -> bool:
    if isinstance(tree, str):
        return select([each], tree) != []
    if tree[0] == "not":
        return not truth(tree[1], each)
    left, word, right = tree
    return (truth(left, each) and truth(right, each)) if word == "and" else (truth(left, each) or truth(right, each))


@given(TREES, st.sampled_from(CELLS))
def test_and_or_not_follow_logic(tree, each: Cell) -> None:
    assert bool(select([each], text_of(tree))) == truth(tree, each)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    with pytest.raises(UsageError, match="nested"):
        select(CELLS, "(" * 5000 + "a" + ")" * 5000)
    assert select(CELLS, "not " * 5000 + "erm") == select(CELLS, "erm")

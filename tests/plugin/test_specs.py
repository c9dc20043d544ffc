"""Specs: parameters are checked against type, bounds and choices."""

from __future__ import annotations

import pytest

from imbench import Parameter, Recipe, StrategySpec, UsageError

SPEC = StrategySpec(
    name="x", summary="", family="loss", make=Recipe,
    params={"gamma": Parameter(default=2.0, low=0, high=5), "k": Parameter(default=5, low=1),
            "mode": Parameter(default="a", choices=("a", "b")), "flag": Parameter(default=False)},
)  # fmt: skip


def test_defaults_and_an_integer_for_a_float():
    assert SPEC.arguments({"gamma": 3}) == {"gamma": 3.0, "k": 5, "mode": "a", "flag": False}
    assert type(SPEC.arguments({"gamma": 3})["gamma"]) is float


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"gama": 1.0}, "did you mean 'gamma'"),
        ({"gamma": 6.0}, "at most 5"),
        ({"gamma": -1.0}, "at least 0"),
        ({"gamma": True}, "expected float, got True"),
        ({"k": 1.5}, "expected int, got 1.5"),
        ({"k": "3"}, "expected int"),
        ({"mode": "c"}, "expected one of"),
        ({"flag": 1}, "expected bool"),
        ({"gamma": float("nan")}, "finite"),
    ],
)
def test_wrong_values_are_refused_in_one_line(given, told):
    with pytest.raises(UsageError, match=told) as caught:
        SPEC.arguments(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Upper", "a b", "<x>", "a/b", "x" * 65, "-x", "a+b", "é"])
def test_names_that_could_do_harm_are_refused(name):
    with pytest.raises(UsageError, match="lower-case"):
        StrategySpec(name=name, summary="", family="loss", make=Recipe)

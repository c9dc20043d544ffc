from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.errors import UsageError
from imbench.matrix.expression import Scalar, Term, format_expression, parse_expression

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,10}", fullmatch=True)
FULL_NAMES = NAMES | st.builds("{}/{}".format, NAMES, NAMES)
KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\"'\\,()", exclude_categories=("Cc", "Cs"))).map(str.strip)
SCALARS = st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e18, 1e18, allow_nan=False) | TEXTS
TERMS = st.builds(Term, FULL_NAMES, st.dictionaries(KEYS, SCALARS, max_size=4))


def typed(terms: tuple[Term, ...]) -> list[tuple[str, list[tuple[str, type, Scalar]]]]:
    """Terms with the types of their values: 1, 1.0 and True are equal and not the same."""
    return [(term.name, [(key, type(value), value) for key, value in term.params.items()]) for term in terms]


@given(st.lists(TERMS, min_size=1, max_size=4).map(tuple))
def test_what_is_formatted_is_parsed_back(terms: tuple[Term, ...]) -> None:
    assert typed(parse_expression(format_expression(terms))) == typed(terms)


@given(st.text(st.sampled_from("ab1/+()=,.\"' _-"), max_size=30) | st.text(max_size=30))
def test_any_text_is_an_expression_or_a_usage_error(text: str) -> None:
    try:
        terms = parse_expression(text)
    except UsageError:
        return
    assert typed(parse_expression(format_expression(terms))) == typed(terms)


@pytest.mark.parametrize("value", ["a,b", "a)b", 'a"b', "a\nb", " a", float("inf"), float("nan"), 2**70])
def test_a_value_that_has_no_text_is_refused(value: Scalar) -> None:
    with pytest.raises(UsageError, match="parameter 'k'"):
        Term("smote", {"k": value})


def test_numbers_of_thousands_of_digits_are_no_traceback() -> None:
    (term,) = parse_expression(f"smote(k={'9' * 5000},j=[)")
    assert term.params == {"k": "9" * 5000, "j": "["}

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.matrix.units import parse_memory, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(90, 90.0), (1.5, 1.5), ("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("2h", 7200.0), (" 1.5 H ", 5400.0)],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [(1024, 1024), ("512MB", 512_000_000), ("8GB", 8 * 10**9), ("8GiB", 8 * 2**30), ("1.5 kb", 1500)]
)
def test_sizes(text: object, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize("wrong", [0, -1, "0s", "-5", "5 parsecs", "", "m", True, None, [], "1e3", float("nan")])
def test_wrong_quantities_say_what_was_expected(wrong: object) -> None:
    with pytest.raises(ValueError, match="expected a duration like 90"):
        parse_seconds(wrong)
    with pytest.raises(ValueError, match="expected a size like '512MB'"):
        parse_memory(wrong)


def test_a_number_too_large_to_be_printed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a size like .* got a huge number"):
        parse_memory(16**5000)


@given(st.integers(1, 10**6), st.sampled_from(["s", "m", "h"]))
def test_a_unit_is_a_factor(amount: int, unit: str) -> None:
    assert parse_seconds(f"{amount}{unit}") == amount * {"s": 1, "m": 60, "h": 3600}[unit]

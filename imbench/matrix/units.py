"""Durations and sizes as people write them: ``90``, ``10m``, ``2h``; ``512MB``, ``8GB``, ``8GiB``."""

from __future__ import annotations

import math
import re

__all__ = ["parse_memory", "parse_seconds"]

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
#: Neither seconds nor bytes of anything real.
_LARGEST = 1e18
_QUANTITY = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([A-Za-z]*)\s*")


def parse_seconds(value: object) -> float:
    """Seconds of ``90``, ``"90"``, ``"10m"`` or ``"2h"``. Raises ValueError unless it is a positive duration."""
    return _quantity(value, _SECONDS, "a duration like 90, '10m' or '2h'")


def parse_memory(value: object) -> int:
    """Bytes of ``"512MB"`` (10**6) or ``"8GiB"`` (2**30). Raises ValueError unless it is a positive size."""
    return int(_quantity(value, _BYTES, "a size like '512MB' or '8GB'"))


def _quantity(value: object, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    number, unit = math.nan, ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > _LARGEST:  # an int of a thousand digits has no float and no text
            raise ValueError(f"expected {wanted}, got a huge number")
        number = float(value)
    elif isinstance(value, str) and (match := _QUANTITY.fullmatch(value)):
        number, unit = float(match[1]), match[2].lower()
    amount = number * units.get(unit, math.nan)
    # a nan fails this comparison as well
    if not 0 < amount <= _LARGEST:
        raise ValueError(f"expected {wanted}, got {value!r:.40}")
    return amount

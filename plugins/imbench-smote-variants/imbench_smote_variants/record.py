"""What is known of an oversampler of smote-variants without importing it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Oversampler"]


class Oversampler(NamedTuple):
    """One line of the catalogue.

    Attributes:
        name: its class in smote-variants.
        proportion: whether it takes the argument ``proportion``.
        multiclass: whether smote-variants itself would use it for more than two classes.
        categories: its own words for what it does, e.g. ``("SO", "BL")``; `specs` spells them out.
        paper: the first reference of its docstring.
    """

    name: str
    proportion: bool
    multiclass: bool
    categories: tuple[str, ...]
    paper: str

"""What several specs share: words, and parameters."""

from __future__ import annotations

from typing import Literal

from imbench import Parameter

__all__ = [
    "BORDER", "CLEANS", "EDITING", "GROWS", "KIND_SEL", "MEASURABLE", "MIXES", "OVERLAP", "SHRINKS", "WITH_CATEGORIES",
    "neighbours",
]  # fmt: skip

#: Distances between rows must mean something: rows of token ids or of mixed modalities are left out.
MEASURABLE: tuple[Literal["tabular", "image", "clicks"], ...] = ("tabular", "image", "clicks")

_ONE_TO_ONE = "Every class gets as many rows as the {}; the prior is gone, so scores are not probabilities any more"
GROWS = _ONE_TO_ONE.format("largest") + " and a thousand small classes make a huge training set."
SHRINKS = _ONE_TO_ONE.format("smallest") + ", and a small smallest class leaves little to learn from."
MIXES = " Made rows have fractions in one-hot columns, and mean little on raw pixels; distances need scaled features."
CLEANS = " It cleans and does not balance: the prior stays nearly what it was, and so, often, does the model."
OVERLAP = " It deletes the overlap of the classes, so scores become overconfident there."


#: One-hot columns must tell what they stand for, so that categories can be made whole.
WITH_CATEGORIES: tuple[Literal["tabular", "clicks"], ...] = ("tabular", "clicks")


def neighbours(
    summary: str = "neighbours of the same class to interpolate with",
    default: int = 5,
    grid: tuple[int, ...] = (3, 5, 10),
) -> Parameter:
    """A number of neighbours."""
    return Parameter(default=default, summary=summary, low=1, high=1000, grid=grid)


BORDER = neighbours("neighbours that decide whether a row is on the border", 10, (5, 10, 20))
EDITING = neighbours("neighbours that vote on a row", 3, (1, 3, 5))
KIND_SEL = Parameter(
    default="all",
    summary="a row stays if all, or most (mode), neighbours agree",
    choices=("all", "mode"),
    grid=("all", "mode"),
)

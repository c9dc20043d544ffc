"""What a set is, as data: a card and how to read it. pandas is imported when a set is loaded, not when it is listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from imbench import Card, DatasetSpec

if TYPE_CHECKING:
    from imbench import Dataset

__all__ = ["Reading", "offer"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table becomes features and labels. What is dropped, the group and the time column stand on the card.

    Attributes:
        read: ``module:function`` below `imbench_tabular.readers`, returns the whole table as a DataFrame.
        arguments: keywords for it.
        target: the column with the classes.
        positive: text of the value that is the positive class; empty for more than two classes.
        classes: names of the (negative, positive) class; empty for more than two, which are named by their values.
        categories: columns of numbers that are names (codes of regions or types).
    """

    read: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: str
    positive: str = ""
    classes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def offer(name: str, summary: str, reading: Reading, card: Card) -> DatasetSpec:
    """The spec of a set; loading it builds a Dataset from what the card and the reading say."""
    return DatasetSpec(
        name=name,
        summary=summary,
        card=card,
        modality="clicks" if card.domain == "clicks" else "tabular",
        load=partial(_load, name, reading, card),
    )


def _load(name: str, reading: Reading, card: Card) -> Dataset:
    from imbench_tabular.build import build

    return build(name, reading, card)

"""Strategy expressions against what is on offer: which specs they name, and their one canonical text."""

from __future__ import annotations

from imbench.matrix.expression import Term, format_expression, parse_expression
from imbench.plugin.registry import Catalogue, Offer
from imbench.plugin.specs import StrategySpec

__all__ = ["canonical", "offers_of"]


def offers_of(catalogue: Catalogue[StrategySpec], text: str) -> list[tuple[Offer[StrategySpec], Term]]:
    """The offers that an expression names, with the checked, non-default parameters. Raises UsageError."""
    found = []
    for term in parse_expression(text):
        offer = catalogue.find(term.name)
        checked = offer.spec.arguments(term.params)
        given = {key: checked[key] for key in term.params if checked[key] != offer.spec.params[key].default}
        found.append((offer, Term(catalogue.short_name(offer), given)))
    return found


def canonical(catalogue: Catalogue[StrategySpec], text: str) -> str:
    """The one text of an expression: shortest unique names, parameters sorted, defaults left out."""
    return format_expression(tuple(term for _, term in offers_of(catalogue, text)))

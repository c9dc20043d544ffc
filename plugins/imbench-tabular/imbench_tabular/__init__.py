"""Real tables from credit, medicine, e-commerce and security, each pinned, checked and with a card."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from imbench import DatasetSpec, hookimpl
from imbench_tabular.sets import commerce, credit, medical, nature, security, signals

__all__ = ["imbench_datasets"]


@hookimpl
def imbench_datasets() -> Iterable[DatasetSpec]:
    """Offer the sets; pandas is imported when one is loaded, not here."""
    return chain.from_iterable(module.SETS for module in (credit, medical, commerce, security, signals, nature))

"""A probe builds each strategy once, in a worker, before anything is trained: broken compositions show up at once."""

from __future__ import annotations

from collections.abc import Sequence

from imbench.errors import UsageError
from imbench.strategy.compose import build
from imbench.training.places import device_of
from imbench.training.request import CellRequest, Report, Request, Work
from imbench.training.shared import undisturbed

__all__ = ["run"]


def run(request: Request, items: Sequence[Work], report: Report) -> None:
    """Answer per item: whether it ``packs`` (a recipe), its parts, or ``usage`` if a rule of composition is broken."""
    registry = request.registry()
    for item in items:
        cell: CellRequest = item.payload
        report.working(item.id, f"building {cell.strategy}")
        try:
            device = device_of(request.device).type
            with undisturbed():
                composed = build(registry.strategies, cell.strategy)
        except UsageError as error:
            report.outcome(item.id, {"usage": str(error)}, {})
        except Exception as error:  # foreign code: its cells will fail one by one, each with this reason
            report.error(item.id, error)
        else:
            header = {"packs": composed.packs, "parts": sorted(composed.recipe.parts()), "device": device}
            report.outcome(item.id, header, {})

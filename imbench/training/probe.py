"""A probe builds each strategy once, in a worker, before anything is trained: broken compositions show up at once."""

from __future__ import annotations

from collections.abc import Sequence

from imbench.errors import UsageError
from imbench.strategy.compose import build
from imbench.strategy.recipe import Recipe
from imbench.training.losses import same
from imbench.training.places import device_of
from imbench.training.request import CellRequest, Report, Request, Work
from imbench.training.shared import undisturbed

__all__ = ["run"]


def run(request: Request, items: Sequence[Work], report: Report) -> None:
    """Answer per item: what is known of it once it is built.

    ``packs``: whether it is a recipe; ``parts``: which it has; ``usage``: the rule of composition that it breaks;
    ``shares``: two ids, equal for items that share a resampling, and for those that share a whole training.
    """
    registry = request.registry()
    seen: list[tuple[int, Recipe]] = []
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
            shares = _shares(seen, item.id, composed.recipe.training())
            parts = sorted(composed.recipe.parts())
            report.outcome(item.id, {"packs": composed.packs, "parts": parts, "device": device, "shares": shares}, {})


def _shares(seen: list[tuple[int, Recipe]], item_id: int, recipe: Recipe) -> list[int]:
    """Ids of the first items with this resampler and with this training; the item itself if it is the first."""
    resampling = next((known for known, other in seen if same(other.resample, recipe.resample)), item_id)
    training = next((known for known, other in seen if same(other, recipe)), item_id)
    seen.append((item_id, recipe))
    return [resampling, training]

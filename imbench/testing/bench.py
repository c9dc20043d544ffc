"""Strategies on made problems, through the same door as in a run: `imbench.training.pack.run`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget
from imbench.plugin.registry import Catalogue, Offer, Origin, Registry
from imbench.plugin.specs import BackboneSpec, Parameter, StrategySpec
from imbench.strategy.recipe import Recipe
from imbench.training import pack
from imbench.training.request import CellRequest, Request
from imbench.training.shared import undisturbed

__all__ = ["BUDGET", "LINEAR", "PLAIN", "Ran", "run", "run_alone"]

#: Enough for a small network to learn the made problems.
BUDGET = Budget(steps=150, batch_size=64, learning_rate=1e-2, evaluations=5)
BACKBONE = "mlp(hidden=16)"


@dataclass(frozen=True)
class Setting:
    """A network and what it may spend."""

    backbone: str
    budget: Budget


#: Logistic regression, trained until it is right.
LINEAR = Setting("mlp(layers=0)", Budget(steps=200, batch_size=64, learning_rate=0.05, evaluations=5))

_OURS = Origin("imbench", "imbench.testing", "imbench", "0")
_MLP = BackboneSpec(
    name="mlp",
    summary="small perceptron",
    make="imbench.training.mlp:MLP",
    params={
        "hidden": Parameter(default=16, low=1, high=4096),
        "layers": Parameter(default=2, low=0, high=8),
    },
)
#: Plain training, to stand beside others in a pack.
PLAIN = Offer(StrategySpec(name="plain", summary="no remedy", family="baseline", make=Recipe), _OURS)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bench(Request):
    """A request that brings what it offers, so that nothing but the strategies in question is loaded."""

    offers: tuple[Offer[StrategySpec], ...]
    backbones: tuple[Offer[BackboneSpec], ...] = (Offer(_MLP, _OURS),)

    def registry(self) -> Registry:
        catalogue: Catalogue[StrategySpec] = Catalogue("strategy", self.offers, {})
        backbones: Catalogue[BackboneSpec] = Catalogue("backbone", self.backbones, {})
        return Registry(
            (), catalogue, Catalogue("dataset", (), {}), backbones, Catalogue("metric", (), {}),
            Catalogue("tracker", (), {}),
        )  # fmt: skip


@dataclass(frozen=True)
class _Item:
    id: int
    payload: CellRequest


@dataclass(frozen=True, eq=False)
class Ran:
    """What came of one cell.

    Attributes:
        header: ``prior``, ``notes`` and the like; empty if it failed.
        arrays: ``test`` and ``validation`` scores (n, C) float32 and, where there are, ``decided`` labels.
        error: what its code raised, or None.
    """

    header: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    error: BaseException | None = None

    @property
    def test(self) -> NDArray[np.float32]:
        """(t, C) scores of the test rows."""
        return self.arrays["test"]


class _Kept:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.ran: dict[int, Ran] = {}

    def working(self, item_id: int | None, doing: str) -> None:
        """Nobody waits here."""

    def outcome(self, item_id: int, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self.ran[item_id] = Ran(header, arrays)

    def error(self, item_id: int, error: BaseException) -> None:
        self.ran[item_id] = Ran(error=error)


def run(
    cells: Sequence[tuple[Offer[StrategySpec], TrainingData]],
    *,
    device: str = "cpu",
    budget: Budget = BUDGET,
    backbone: Offer[BackboneSpec] | None = None,
    backbone_text: str = BACKBONE,
) -> list[Ran]:
    """Train cells together, as one pack of a run; those that are alike step together."""
    offers = tuple({offer.full_name: offer for offer, _ in cells}.values())
    request = _Bench(
        blocks=tuple(data for _, data in cells),
        backbone=backbone_text if backbone is None else backbone.full_name,
        budget=budget,
        device=device,
        origins=(),
        offers=offers,
        backbones=(Offer(_MLP, _OURS),) if backbone is None else (backbone,),
    )
    items = [
        _Item(number, CellRequest(strategy=offer.full_name, block=number)) for number, (offer, _) in enumerate(cells)
    ]
    kept = _Kept()
    with undisturbed():  # what one training changes in the process is not there when the next begins
        pack.run(request, items, kept)
    return [kept.ran[number] for number in range(len(cells))]


def run_alone(
    offer: Offer[StrategySpec], data: TrainingData, *, device: str = "cpu", backbone: Offer[BackboneSpec] | None = None
) -> Ran:
    """Train one cell by itself."""
    return run([(offer, data)], device=device, backbone=backbone)[0]

"""What a worker is asked to do, and how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from imbench.data.block import TrainingData
from imbench.errors import UsageError
from imbench.matrix.cell import Budget
from imbench.matrix.expression import parse_expression
from imbench.plugin.loading import entries_of, load
from imbench.plugin.registry import Origin, Registry
from imbench.plugin.specs import resolve
from imbench.training.stack import Backbone

__all__ = ["CellRequest", "Report", "Request", "Work", "backbone_for", "device_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What all cells of a job share.

    Attributes:
        blocks: training data; there is no test label in them.
        backbone: expression such as ``mlp(hidden=64)``.
        budget: steps, batch size and so on.
        device: ``cpu``, ``cuda`` or ``cuda:0``.
        origins: the plugins to load, no others.
    """

    blocks: tuple[TrainingData, ...]
    backbone: str
    budget: Budget
    device: str
    origins: tuple[Origin, ...]

    def registry(self) -> Registry:
        """Load the plugins that this job names."""
        return load(entries_of(self.origins))


@dataclass(frozen=True, kw_only=True)
class CellRequest:
    """One cell of a job: a strategy expression on one of the blocks."""

    strategy: str
    block: int = 0


class Work(Protocol):
    """An item of a job as the executor hands it over."""

    @property
    def id(self) -> int: ...
    @property
    def payload(self) -> Any: ...


class Report(Protocol):
    """How a worker answers. Whose code runs next is announced before it runs, so that a death has an owner."""

    def working(self, item_id: int | None, doing: str) -> None: ...
    def outcome(self, item_id: int, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None: ...
    def error(self, item_id: int, error: BaseException) -> None: ...


def backbone_for(registry: Registry, text: str, data: TrainingData) -> Backbone:
    """Build the backbone that an expression names for the shape of a block. Raises UsageError for a bad expression."""
    terms = parse_expression(text)
    if len(terms) != 1:
        raise UsageError(f"backbone {text!r}: expected one name, got {len(terms)}")
    spec = registry.backbones.find(terms[0].name).spec
    values = {}
    for name, parameter in spec.params.items():
        values[name] = parameter.check(name, terms[0].params.get(name, parameter.default))
    if unknown := set(terms[0].params) - set(spec.params):
        raise UsageError(f"backbone {spec.name!r} has no parameter {sorted(unknown)[0]!r}")
    built: Backbone = resolve(spec.make)(data.x_train.shape[1], data.n_classes, **values)
    return built


def device_of(name: str) -> torch.device:
    """The torch device of a request; ``auto`` is CUDA where there is one. Raises UsageError if CUDA is asked in vain."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: this machine offers no CUDA device to torch {torch.__version__}: use cpu")
    return torch.device(name)

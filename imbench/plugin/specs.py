"""Specs: the frozen records that plugins yield. Building one imports nothing heavy and runs nothing."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from imbench.errors import UsageError, did_you_mean
from imbench.matrix.expression import Scalar, check_name

if TYPE_CHECKING:
    from imbench.data.dataset import Dataset
    from imbench.strategy.recipe import Fit, Recipe

__all__ = [
    "BackboneSpec",
    "Card",
    "DatasetSpec",
    "Family",
    "MetricSpec",
    "Parameter",
    "StrategySpec",
    "TrackerSpec",
    "resolve",
]

Family = Literal[
    "data", "sampling", "augmentation", "weighting", "loss", "optimisation", "head", "post-hoc", "ensemble",
    "fine-tuning", "adaptive", "fusion", "baseline",
]  # fmt: skip
Task = Literal["binary", "multiclass"]
Modality = Literal["tabular", "text", "image", "clicks", "multimodal"]

#: A factory, or the text ``module:attribute`` that names one. The text keeps heavy imports out of listing.
Target = Callable[..., Any] | str


def resolve(target: Target) -> Callable[..., Any]:
    """The callable behind a target; imports its module if the target is text."""
    if not isinstance(target, str):
        return target
    module, _, attribute = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A typed parameter with its default and bounds (both inclusive).

    Attributes:
        default: also fixes the type; an int is accepted for a float.
        summary: one line.
        low: smallest value, or None.
        high: largest value, or None.
        choices: allowed values, or empty.
        grid: values worth trying when the strategy is tuned, the default among them; empty: it is never tuned.

    Raises:
        UsageError: a value of the grid that the type, bounds or choices do not allow, or a grid without the default.
    """

    default: Scalar
    summary: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Scalar, ...] = ()
    grid: tuple[Scalar, ...] = ()

    def __post_init__(self) -> None:
        values = tuple(self.check("grid", value) for value in self.grid)
        if values and self.default not in values:
            raise UsageError(f"parameter: expected the default {self.default!r} in its grid, got {list(values)}")
        object.__setattr__(self, "grid", values)

    def check(self, name: str, value: Scalar) -> Scalar:
        """The value in the type of the default. Raises UsageError if type, bounds or choices are broken."""
        wanted = type(self.default)
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise UsageError(f"parameter {name!r}: expected {wanted.__name__}, got {value!r}")
        if self.choices and value not in self.choices:
            raise UsageError(f"parameter {name!r}: expected one of {list(self.choices)}, got {value!r}")
        if not isinstance(value, str):
            if not math.isfinite(value):
                raise UsageError(f"parameter {name!r}: expected a finite number, got {value!r}")
            if self.low is not None and value < self.low:
                raise UsageError(f"parameter {name!r}: expected at least {self.low:g}, got {value!r}")
            if self.high is not None and value > self.high:
                raise UsageError(f"parameter {name!r}: expected at most {self.high:g}, got {value!r}")
        return value


@dataclass(frozen=True, kw_only=True)
class StrategySpec:
    """A strategy on offer.

    Attributes:
        name: short name, ``[a-z0-9._-]``.
        summary: one line for tables.
        family: which kind of remedy it is.
        make: factory called in the worker with the parameters as keywords; returns a Recipe or a Fit.
        params: typed parameters by name.
        paper: citation, empty only for folklore.
        tasks: tasks it supports; others are skipped with a reason.
        modalities: modalities it supports.
        notes: what a user should know before choosing it (traps, costs).
        alone: why it cannot train in a pack with others, one line; empty if it can (a recipe), never empty for a Fit.
        budgeted: whether the budget (steps, learning rate) reaches it; not a Fit that trains to its own end (trees).
            Where it does not, no learning rate is tried when it is tuned.
    """

    name: str
    summary: str
    family: Family
    make: Callable[..., Recipe | Fit] | str
    params: Mapping[str, Parameter] = field(default_factory=dict)
    paper: str = ""
    tasks: tuple[Task, ...] = ("binary", "multiclass")
    modalities: tuple[Modality, ...] = ("tabular", "text", "image", "clicks", "multimodal")
    notes: str = ""
    alone: str = ""
    budgeted: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "strategy")
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def arguments(self, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Defaults overlaid with what was given, checked. Raises UsageError."""
        for name in given:
            if name not in self.params:
                raise UsageError(f"strategy {self.name!r} has no parameter {name!r}{did_you_mean(name, self.params)}")
        checked = {name: self.params[name].check(f"{self.name}.{name}", value) for name, value in given.items()}
        return {name: parameter.default for name, parameter in self.params.items()} | checked

    def build(self, given: Mapping[str, Scalar]) -> Recipe | Fit:
        """Call the factory. Runs plugin code: only a worker does this."""
        made: Recipe | Fit = resolve(self.make)(**self.arguments(given))
        return made


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a reader must know about a dataset before trusting a number computed on it.

    Attributes:
        domain: e.g. ``credit``, ``medical``, ``e-commerce``, ``security``.
        source: where the bytes come from, in words, with pins.
        licence: of the data, in words.
        citation: what to cite.
        rows: number of rows after loading.
        classes: number of classes.
        natural_ratio: n_max / n_min of the whole set.
        dropped: column → why it is not a feature (leak, identifier, protected).
        group: column whose values never straddle a split, or empty.
        time: column that orders the split, or empty.
        notes: traps, duplicates, known ceilings.
        redistributable: whether the licence lets others ship the bytes.
        origin: sets with the same origin are one cluster in the statistics; empty: the dataset's own name.
        download_mb: size of what is fetched once, 0 if it is on disk already.
    """

    domain: str
    source: str
    licence: str
    citation: str
    rows: int
    classes: int
    natural_ratio: float
    dropped: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    time: str = ""
    notes: str = ""
    redistributable: bool = False
    origin: str = ""
    download_mb: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A dataset on offer. ``load`` runs in the parent process and may fetch a pinned archive once."""

    name: str
    summary: str
    load: Callable[[], Dataset] | str
    card: Card
    modality: Modality = "tabular"

    def __post_init__(self) -> None:
        check_name(self.name, "dataset")


@dataclass(frozen=True, kw_only=True)
class BackboneSpec:
    """A network on offer.

    Attributes:
        make: factory ``(n_features, n_classes, **params) -> imbench.training.stack.Backbone``, called in the worker.
        stacks: whether many cells can train as one batched model.
    """

    name: str
    summary: str
    make: Target
    params: Mapping[str, Parameter] = field(default_factory=dict)
    modalities: tuple[Modality, ...] = ("tabular",)
    stacks: bool = True
    paper: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "backbone")
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """An extra metric: ``compute(scores (n, C) float32, labels (n,) int64) -> float`` (NaN where undefined)."""

    name: str
    summary: str
    compute: Callable[[Any, Any], float] | str
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "metric")


@dataclass(frozen=True, kw_only=True)
class TrackerSpec:
    """An observer: ``make(store_folder)`` returns an object with ``result(record: dict)`` and ``close()``."""

    name: str
    summary: str
    make: Target

    def __post_init__(self) -> None:
        check_name(self.name, "tracker")

"""The shape of a matrix file, as strict pydantic models: an unknown key or a wrong type is an error with its path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from imbench.matrix.cell import NATURAL, Budget, Profile
from imbench.matrix.fields import (
    Expression,
    FieldError,
    Grid,
    Memory,
    Name,
    Params,
    RatioField,
    Requires,
    Seconds,
    Seeds,
    Text,
    is_file,
    shown,
)

__all__ = [
    "BudgetTable",
    "CostTable",
    "DatasetEntry",
    "LimitsTable",
    "Matrix",
    "Policy",
    "ProfileTable",
    "StrategyEntry",
    "TuningTable",
    "json_schema",
]

#: A factor on a rate.
Factor = Annotated[float, Field(gt=0, le=1e6)]

#: Decision policies of the harness; a strategy's ``own`` is reported beside them.
Policy = Literal["argmax", "prior", "tuned"]
POLICIES: tuple[Policy, ...] = ("argmax", "prior", "tuned")


class Table(BaseModel):
    """A table of a matrix file: immutable, no conversions, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProfileTable(Table):
    """How class counts fall from the largest class to the smallest at a given ratio."""

    kind: Literal["exponential", "step"] = Field(
        default=Profile.kind,
        description="exponential: geometric fall over the classes; step: half the classes are rare.",
    )
    order: Literal["size", "index", "reverse", "random"] = Field(
        default=Profile.order,
        description="Which class is the head: the largest, the first label, the last, or a seeded draw.",
    )
    head: int | None = Field(default=Profile.head, ge=1, description="Training rows of the head class; all if absent.")
    size: Literal["free", "fixed"] = Field(
        default=Profile.size, description="fixed: the training set has the same size at every ratio."
    )

    def build(self) -> Profile:
        """The value that cells carry."""
        return Profile(**self.model_dump())


class BudgetTable(Table):
    """What every recipe may spend: optimiser steps times batch size."""

    steps: int = Field(default=Budget.steps, ge=1, le=10**9, description="Optimiser steps.")
    batch_size: int = Field(default=Budget.batch_size, ge=1, le=10**6, description="Examples per step.")
    learning_rate: float = Field(default=Budget.learning_rate, gt=0, le=1e3, description="Base rate of AdamW.")
    weight_decay: float = Field(default=Budget.weight_decay, ge=0, le=1e3, description="Decoupled weight decay.")
    evaluations: int = Field(
        default=Budget.evaluations,
        ge=0,
        le=10**6,
        description="Looks at validation to select a step; 0 takes the last step.",
    )

    def build(self) -> Budget:
        """The value that cells carry. Whole numbers become floats, so that 1 and 1.0 name one cell."""
        rates = {"learning_rate": float(self.learning_rate), "weight_decay": float(self.weight_decay)}
        return Budget(**{**self.model_dump(), **rates})


class TuningTable(Table):
    """How many configurations of every strategy run, the default among them, and what they vary."""

    configurations: int = Field(
        default=1, ge=1, le=1000, description="Configurations of every strategy; 1 runs the default alone."
    )
    learning_rates: Annotated[tuple[Factor, ...], Field(strict=False, min_length=2, max_length=2)] = Field(
        default=(0.1, 10.0),
        description="Smallest and largest factor on the budget's learning rate, drawn log-uniformly.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> TuningTable:
        low, high = self.learning_rates
        if low > high:
            raise FieldError(("learning_rates",), f"expected the smaller factor first, got {shown([low, high])}")
        return self


class CostTable(Table):
    """The cost lane, which times every strategy alone."""

    enabled: bool = Field(default=True, description="Whether to measure throughput and memory.")
    repeats: int = Field(default=3, ge=1, le=1000, description="Timed repetitions; the median is reported.")
    datasets: int = Field(default=1, ge=1, le=1000, description="On how many of the datasets, from the first.")


class LimitsTable(Table):
    """What one cell may take before it is killed."""

    timeout: Seconds | None = Field(default=None, description="Seconds per cell, or a text like '10m'.")
    memory: Memory | None = Field(default=None, description="Bytes per worker, or a text like '8GB'.")


class DatasetEntry(Table):
    """A dataset: the name of one that a plugin offers, or a file of your own."""

    name: Name = Field(default="", description="Name of the dataset; of a file it is the file's name if absent.")
    file: str = Field(default="", description="Your own CSV or Parquet file, relative to this matrix file.")
    target: str = Field(default="", description="Column of the file that holds the class.")
    positive: str | int | float | bool | None = Field(
        default=None,
        description="Value of the target that counts as positive in a binary task; the rarer one if absent.",
    )
    time: str = Field(
        default="", description="Column that orders the split: later rows are tested on models of earlier ones."
    )
    group: str = Field(default="", description="Column whose values never straddle a split (patient, household).")
    drop: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="Columns that are no features (identifiers, leaks)."
    )
    ratios: Annotated[tuple[RatioField, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="Imbalance ratios of this dataset instead of the matrix's."
    )

    @field_validator("file")
    @classmethod
    def _in_folder(cls, value: str, info: ValidationInfo) -> str:
        """Make the path absolute, if we know the folder of the matrix file."""
        folder = (info.context or {}).get("folder")
        if not value or folder is None:
            return value
        path = Path(folder, value).expanduser()
        if not is_file(path):
            raise ValueError(f"expected a file, found none at {shown(str(path), 300)}")
        return str(path.resolve())

    @model_validator(mode="after")
    def _complete(self) -> DatasetEntry:
        if not self.file:
            if not self.name:
                raise ValueError('expected name = "…" (a dataset of a plugin) or file = "…" (your own)')
            alone = [
                key
                for key in ("target", "positive", "time", "group", "drop")
                if getattr(self, key) not in ("", None, ())
            ]
            if alone:
                raise FieldError((alone[0],), 'only a dataset with file = "…" takes this key')
        elif not self.target:
            raise FieldError(("target",), "missing; expected the column that holds the class")
        return self

    @property
    def label(self) -> str:
        """What cells call the dataset."""
        if self.name:
            return self.name
        return re.sub(r"[^a-z0-9._-]+", "-", Path(self.file).stem.lower()).strip("-._")[:64] or "file"


class StrategyEntry(Table):
    """A strategy expression with parameters; a grid stands for all combinations of its values."""

    use: Expression = Field(description="Strategy, or strategies joined by '+', e.g. 'smote(k=3)+focal'.")
    params: Params = Field(
        default={}, description="Parameters: name, or 'strategy.name' where several strategies take it."
    )
    grid: Grid = Field(default={}, description="Parameter → list of values.")


def _as_dataset(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _as_strategy(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


DatasetField = Annotated[DatasetEntry, BeforeValidator(_as_dataset, json_schema_input_type=Name | DatasetEntry)]
StrategyField = Annotated[
    StrategyEntry, BeforeValidator(_as_strategy, json_schema_input_type=Expression | StrategyEntry)
]


class Matrix(Table):
    """What to run: datasets by ratios by seeds by strategies."""

    name: Text = Field(
        default="matrix",
        min_length=1,
        max_length=100,
        description="What progress and status call it; the name of the file if absent.",
    )
    summary: Text = Field(default="", max_length=500, description="One line on what the matrix asks.")
    seeds: Seeds = Field(default=(0, 1, 2), description="List of seeds, or how many: 3 means [0, 1, 2].")
    ratios: Annotated[tuple[RatioField, ...], Field(strict=False, min_length=1)] = Field(
        default=(NATURAL,), description='Imbalance ratios n_max / n_min of the training data, or "natural".'
    )
    backbone: Name = Field(default="mlp", description="Network that recipes train.")
    primary: Name = Field(default="ap", description="Metric that ranks.")
    policy: Literal["argmax", "prior", "tuned", "own"] = Field(
        default="tuned", description="Decision policy under which label metrics rank."
    )
    policies: Annotated[tuple[Policy, ...], Field(strict=False, min_length=1)] = Field(
        default=POLICIES, description="Decision policies to report; a strategy's own is always added."
    )
    datasets: Annotated[tuple[DatasetField, ...], Field(strict=False, min_length=1)] = Field(
        description="Names of datasets, or tables."
    )
    strategies: Annotated[tuple[StrategyField, ...], Field(strict=False)] = Field(
        default=(), description="Strategies, or tables. The baselines always run and need no mention."
    )
    profile: ProfileTable = ProfileTable()
    budget: BudgetTable = BudgetTable()
    tuning: TuningTable = TuningTable()
    cost: CostTable = CostTable()
    limits: LimitsTable = LimitsTable()
    requires: Annotated[tuple[Requires, ...], Field(strict=False)] = Field(
        default=(), description="Distributions that must be installed, e.g. 'my-plugin>=0.1'."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Matrix:
        if self.policy not in (*self.policies, "own"):
            raise FieldError(("policy",), f"expected one of policies {list(self.policies)}, got {self.policy!r}")
        labels = [entry.label for entry in self.datasets]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                raise FieldError(("datasets", index), f"{label!r} is listed twice; give one of them another name")
        return self

    def ratios_of(self, entry: DatasetEntry) -> tuple[float | Literal["natural"], ...]:
        """The ratios of a dataset: its own, or the matrix's."""
        return entry.ratios or self.ratios


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a matrix file, for editors."""
    schema = Matrix.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "imbench matrix"}

"""Cell: one point of the matrix, a frozen value with a content hash."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from imbench.matrix.seeds import derive_seed, digest

__all__ = ["NATURAL", "PROTOCOL_VERSION", "Budget", "Cell", "Configuration", "Coordinates", "Profile"]

#: Part of every cell's key: raise it whenever the protocol (docs/protocol.md) changes a number.
PROTOCOL_VERSION = 1

#: The ratio of untouched data.
NATURAL: Literal["natural"] = "natural"

Ratio = float | Literal["natural"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How class counts fall from the largest class to the smallest at a given ratio.

    Attributes:
        kind: ``exponential`` (n_c = int(n_head * ratio**(-c/(C-1)))) or ``step`` (half the classes n_head/ratio).
        order: which class is the head: by ``size`` (largest first), label ``index``, ``reverse`` or seeded ``random``.
        head: training rows of the head class; None takes all there are.
        size: ``free`` (thinning shrinks the training set) or ``fixed`` (the training size is the same at every ratio).
    """

    kind: Literal["exponential", "step"] = "exponential"
    order: Literal["size", "index", "reverse", "random"] = "size"
    head: int | None = None
    size: Literal["free", "fixed"] = "free"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every recipe may spend: optimiser steps times batch size, and how it spends it.

    Attributes:
        steps: optimiser steps.
        batch_size: examples per step.
        learning_rate: base rate of Adam with decoupled weight decay (Loshchilov & Hutter 2019).
        weight_decay: decoupled weight decay.
        evaluations: how often the validation set is looked at to select a step (0: the last step is taken).
    """

    steps: int = 1000
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    evaluations: int = 10


@dataclass(frozen=True, kw_only=True)
class Coordinates:
    """A block: one dataset at one ratio and one seed. All its cells share split, thinning and preprocessing."""

    dataset: str
    ratio: Ratio
    seed: int
    profile: Profile = field(default_factory=Profile)

    def stream(self, purpose: str) -> int:
        """Seed of a stream that may differ between ratios (initial weights, batch order, resampling)."""
        return derive_seed(self.dataset, self.ratio, self.seed, purpose)

    def shared_stream(self, purpose: str) -> int:
        """Seed of a stream shared by all ratios (split, thinning), so that a higher ratio is a subset of a lower."""
        return derive_seed(self.dataset, None, self.seed, purpose)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Which configuration of a strategy a cell is, when strategies are tuned; the default is none.

    Attributes:
        of: canonical expression as the matrix has it, whose row in the leaderboard this belongs to.
        number: from 1; the default counts as 0.
        learning_rate: instead of the budget's; None keeps it.
    """

    of: str
    number: int
    learning_rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the matrix.

    Attributes:
        at: dataset, ratio, seed, profile.
        strategy: canonical expression, e.g. ``smote(k=3)+focal`` (see `imbench.matrix.expression`).
        backbone: name of the network that recipes train.
        budget: what a recipe may spend.
        configuration: which configuration this is; None for the strategy as the matrix has it.
    """

    at: Coordinates
    strategy: str
    backbone: str = "mlp"
    budget: Budget = field(default_factory=Budget)
    configuration: Configuration | None = None

    @property
    def entry(self) -> str:
        """The expression as the matrix has it: the strategy itself, or what this is a configuration of."""
        return self.strategy if self.configuration is None else self.configuration.of

    @property
    def learning_rate(self) -> float:
        """Base rate that this cell trains with."""
        own = None if self.configuration is None else self.configuration.learning_rate
        return self.budget.learning_rate if own is None else own

    def key(self, *, data: str, plugins: dict[str, str], device: str) -> str:
        """Content hash that names this cell's result.

        Args:
            data: digest of the dataset's bytes.
            plugins: distribution → version of everything that runs in the cell.
            device: device class (``cpu``, ``cuda``).
        """
        cell = asdict(self)
        if self.configuration is None:  # a default has the key that it had before there was tuning
            del cell["configuration"]
        return digest({"cell": cell, "protocol": PROTOCOL_VERSION, "data": data, "plugins": plugins, "device": device})

    def __str__(self) -> str:
        ratio = self.at.ratio if self.at.ratio == NATURAL else f"{self.at.ratio:g}"
        text = f"{self.at.dataset}/{ratio}/{self.at.seed}/{self.strategy}"
        if self.configuration is None:
            return text
        return f"{text}@{self.learning_rate:g}" + ("" if self.entry == self.strategy else f" of {self.entry}")

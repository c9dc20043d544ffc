"""What a worker is asked to do, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["STATUSES", "Array", "Item", "Job", "Outcome", "Report", "Status"]

Array = NDArray[np.generic]

Status = Literal["ok", "failed", "timeout", "oom", "crashed"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Item:
    """One unit of work with an outcome of its own.

    Attributes:
        id: distinct among all items of one `LocalExecutor.run`.
        label: how messages name it.
        payload: anything picklable.
    """

    id: int
    label: str
    payload: Any = None


@dataclass(frozen=True)
class Job:
    """Items that one worker process works on together.

    Attributes:
        target: ``module:function``, called as ``function(shared, items, report)`` with a `Report`.
        shared: picklable, the same for all items.
        items: at least one; a job that is put back after a crash holds fewer of them.
        path: folders put before ``sys.path`` in the worker.
    """

    target: str
    shared: Any
    items: tuple[Item, ...]
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.items or len({item.id for item in self.items}) != len(self.items):
            raise ValueError(f"a job needs items with ids of their own, got {[item.id for item in self.items]}")
        if not all(self.target.partition(":")):
            raise ValueError(f"expected a target like 'package.module:function', got {self.target!r}")


class Report(Protocol):
    """How a target talks to the parent. Every call has reached the operating system when it returns."""

    def working(self, item_id: int | None, doing: str) -> None:
        """Say, before running it, whose own code runs next; None if all items run together (a lock-step loop)."""

    def outcome(self, item_id: int, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Send the outcome of one item: a JSON-ready header and arrays of the allowed types (see `wire`)."""

    def failed(self, item_id: int, status: Status, reason: str, log: str = "") -> None:
        """Send that one item came to nothing, with a one-line reason and the end of its log."""

    def error(self, item_id: int, error: BaseException) -> None:
        """Send that one item's own code raised: `failed`, with status, reason and log read off the exception."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one item; there is exactly one for every item.

    Attributes:
        item_id: the item.
        status: ``ok``, or why there is no result.
        reason: one line; empty for ``ok``.
        header: what the target sent with an ``ok``.
        arrays: the same, read-only.
        log: the end of what the worker printed, or a traceback; empty for ``ok``.
        seconds: wall time of the item's own code plus its share of the time spent together. For progress only.
    """

    item_id: int
    status: Status
    reason: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    log: str = ""
    seconds: float = 0.0

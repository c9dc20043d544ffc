"""Result: the outcome of a cell, a frozen value, whatever happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from imbench.errors import EnvironmentFault
from imbench.matrix.cell import Budget, Cell, Coordinates, Profile
from imbench.matrix.seeds import digest

__all__ = ["FORMAT", "STATUSES", "CostRecord", "Result", "Status", "results_digest"]

#: Version of the record format. Readers refuse what they do not know.
FORMAT = 1

Status = Literal["ok", "noop", "failed", "timeout", "oom", "crashed", "skipped"]
STATUSES: tuple[Status, ...] = ("ok", "noop", "failed", "timeout", "oom", "crashed", "skipped")


@dataclass(frozen=True, kw_only=True)
class Result:
    """Outcome of one cell.

    Attributes:
        key: content hash of the cell, see `Cell.key`.
        cell: what was run.
        status: ``ok`` or ``noop`` (the remedy changed nothing) carry metrics; every other status carries a reason.
        reason: one line; empty for ``ok``.
        metrics: score metrics by name, NaN as None (``ap``, ``roc_auc``, ``log_loss``, …).
        decisions: decision policy → label metrics (``balanced_accuracy``, …).
        last: score metrics of the last optimiser step, beside the selected one; empty if they are the same.
        undefined: metric → why it is undefined.
        notes: what the strategy reported (before/after counts, selected step, fallbacks).
        realised: train/validation/test counts, ratio, guard flags.
        plugins: distribution → version of all that ran.
        device: device class.
        data: digest of the dataset.
        origin: cluster of related datasets.
        task: ``binary`` or ``multiclass``.
        scores: sha256 of the stored score file, or empty.
        seconds: wall time spent, for progress only; never a throughput.
        log: last lines of what the cell printed or of its traceback, for failed cells.
    """

    key: str
    cell: Cell
    status: Status
    reason: str = ""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    decisions: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    last: Mapping[str, float | None] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    realised: Mapping[str, Any] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    data: str = ""
    origin: str = ""
    task: str = ""
    scores: str = ""
    seconds: float = 0.0
    log: str = ""

    @property
    def done(self) -> bool:
        """Whether there are scores and metrics."""
        return self.status in ("ok", "noop")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_json` reads it back."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Result:
        """Read a record. Raises EnvironmentFault for a format this version does not know."""
        if record.get("format") != FORMAT:
            raise EnvironmentFault(
                f"result record: expected format {FORMAT}, got {record.get('format')!r}: update imbench to read it"
            )
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        cell = record["cell"]
        at = Coordinates(**{**cell["at"], "profile": Profile(**cell["at"]["profile"])})
        values["cell"] = Cell(**{**cell, "at": at, "budget": Budget(**cell["budget"])})
        return cls(**values)

    def content(self) -> dict[str, Any]:
        """The part that must repeat: all but times and logs."""
        record = self.to_json()
        for name in ("seconds", "log"):
            record.pop(name)
        return record


@dataclass(frozen=True, kw_only=True)
class CostRecord:
    """What the cost lane measured for one strategy on one dataset, alone and interleaved with ``erm``.

    Attributes:
        key: content hash of what was timed.
        dataset, strategy, device: what was timed, where.
        seconds: part → median seconds (``resample``, ``fit``, ``predict``).
        baseline: the same for the interleaved ``erm`` runs.
        spread: part → (max - min) / median over the repeats.
        rows: rows predicted per timed predict call.
        repeats: timed repetitions.
        peak_bytes: peak memory above the level before the fit.
        machine: device name, threads, load average before and after.
        contended: whether the load average says that something else was running.
        reason: why there is no figure; empty if there is one.
    """

    key: str
    dataset: str
    strategy: str
    device: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0
    repeats: int = 0
    peak_bytes: int = 0
    machine: Mapping[str, Any] = field(default_factory=dict)
    contended: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_json` reads it back."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> CostRecord:
        """Read a record. Raises EnvironmentFault for a format this version does not know."""
        if record.get("format") != FORMAT:
            raise EnvironmentFault(
                f"cost record: expected format {FORMAT}, got {record.get('format')!r}: update imbench"
            )
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})


def results_digest(results: list[Result]) -> str:
    """Hex sha256 over what must repeat of all results, in the order of their keys. Times do not enter."""
    return digest([result.content() for result in sorted(results, key=lambda result: result.key)])

"""Result: the outcome of a cell, a frozen value, whatever happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from imbench.errors import EnvironmentFault
from imbench.matrix.cell import Budget, Cell, Configuration, Coordinates, Profile
from imbench.matrix.seeds import digest

__all__ = ["COST_FORMAT", "FORMAT", "STATUSES", "CostRecord", "Result", "Status", "results_digest"]

#: Version of the record of a result. Readers refuse what they do not know.
#: 1 held neither ``prior`` nor ``scored_with``: it can be read, but not be scored again. 2 held no figures of the
#: validation rows and no configurations.
FORMAT = 3
_READABLE = (1, 2, FORMAT)

#: Version of the record of the cost lane.
COST_FORMAT = 1

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
        validation: as ``metrics``, of the validation rows: what configurations are chosen by; empty where nothing is
            tuned.
        validation_decisions: as ``decisions``, of the validation rows; a strategy's own are not known for them.
        undefined: metric → why it is undefined on the test rows.
        notes: what the strategy reported (before/after counts, selected step, fallbacks).
        realised: train/validation/test counts, ratio, guard flags.
        plugins: distribution → version of all that ran.
        device: device class.
        data: digest of the dataset.
        origin: cluster of related datasets.
        task: ``binary`` or ``multiclass``.
        scores: sha256 of the stored score file, or empty.
        prior: (C,) the prior that the scores stand for; empty if there are no scores.
        scored_with: digest of the policies, metrics and version of scoring that the figures come from; empty if there
            are no scores, or if the record is of format 1.
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
    validation: Mapping[str, float | None] = field(default_factory=dict)
    validation_decisions: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    realised: Mapping[str, Any] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    data: str = ""
    origin: str = ""
    task: str = ""
    scores: str = ""
    prior: tuple[float, ...] = ()
    scored_with: str = ""
    seconds: float = 0.0
    log: str = ""

    @property
    def done(self) -> bool:
        """Whether there are scores and metrics."""
        return self.status in ("ok", "noop")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_json` reads it back. Its tables are those of the result itself, not copies."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"format": FORMAT, **plain, "cell": asdict(self.cell)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Result:
        """Read a record. Raises EnvironmentFault for a format this version does not know."""
        if record.get("format") not in _READABLE:
            raise EnvironmentFault(
                f"result record: expected format {FORMAT}, got {record.get('format')!r}: update imbench to read it"
            )
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        cell = record["cell"]
        at = Coordinates(**{**cell["at"], "profile": Profile(**cell["at"]["profile"])})
        tuned = cell.get("configuration")
        values["cell"] = Cell(
            **{
                **cell,
                "at": at,
                "budget": Budget(**cell["budget"]),
                "configuration": None if tuned is None else Configuration(**tuned),
            }
        )
        values["prior"] = tuple(values.get("prior", ()))
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

    Fields with a default that says "nothing" are absent from records of versions that did not measure them.

    Attributes:
        key: content hash of what was timed.
        dataset, strategy, device: what was timed, where.
        seconds: part → median seconds: ``resample``, ``fit``, ``predict`` (``rows`` rows), ``predict_one`` (one row).
        baseline: the same for the interleaved ``erm`` runs.
        spread: part → (max - min) / median over the repeats.
        ratios: part → the strategy's seconds / those of the ``erm`` run just before it, one per repeat; parts
            ``train`` (resampling and fit), ``predict`` and ``predict_one``.
        latency_p95: 95th percentile of all timed calls with one row, in seconds.
        latency_calls: how many they were.
        rows: rows predicted per timed predict call.
        repeats: timed repetitions.
        peak_bytes: peak memory of the process above the level before the fit.
        peak_device_bytes: the same on the device; None on a CPU.
        joules: ``fit`` and ``predict`` (``rows`` rows) → joules counted by ``machine["energy"]``, whatever else ran on
            the same package included; None where the machine offers no counter.
        machine: device name, threads and thread pools, cores that the process was pinned to, and who used them
            (see `imbench.training.meters.Contention`).
        contended: whether other processes used the cores that were needed.
        reason: why there is no figure; empty if there is one.
    """

    key: str
    dataset: str
    strategy: str
    device: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, Sequence[float]] = field(default_factory=dict)
    latency_p95: float | None = None
    latency_calls: int = 0
    rows: int = 0
    repeats: int = 0
    peak_bytes: int = 0
    peak_device_bytes: int | None = None
    joules: Mapping[str, float] | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    contended: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict; `from_json` reads it back."""
        return {"format": COST_FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> CostRecord:
        """Read a record. Raises EnvironmentFault for a format this version does not know."""
        if record.get("format") != COST_FORMAT:
            raise EnvironmentFault(
                f"cost record: expected format {COST_FORMAT}, got {record.get('format')!r}: update imbench"
            )
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})


def results_digest(results: list[Result]) -> str:
    """Hex sha256 over what must repeat of all results, in the order of their keys. Times do not enter."""
    return digest([result.content() for result in sorted(results, key=lambda result: result.key)])

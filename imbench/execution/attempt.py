"""What the parent knows of one worker while it runs, and who is guilty when it ends.

No processes here: only bookkeeping.

The rules:
    While an item is announced alone, its clock runs; otherwise (before any announcement, or all together) the job's
    clock runs. An item may take `timeout` seconds, the job `timeout` times its number of items. Items that run together
    say how far they are: a silence of `timeout` seconds is a hang, and ends in one limit instead of many.
    When a worker ends before all items are reported, an item announced alone is guilty and the others are put back as
    a new job. Without such an item the job is cut in halves, until the guilty one stands alone: in a job of its own,
    because the last one left of many may be the victim of one that had reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from imbench.execution.failures import describe_exit, tail
from imbench.execution.job import Item, Job, Outcome, Status
from imbench.execution.wire import MAX_BYTES, Decoder, Done, Failed, Finished, Malformed, Message, Raised, Working

__all__ = ["Attempt", "Limits", "Verdict"]

#: how much of a worker's output is kept
LOG_BYTES = 64 << 10


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    Attributes:
        timeout: seconds an item may take, or None.
        memory: resident bytes of the worker and its descendants, or None.
        frame: bytes of the arrays of one outcome.
    """

    timeout: float | None = None
    memory: int | None = None
    frame: int = MAX_BYTES


@dataclass(frozen=True)
class Verdict:
    """Why a worker comes to nothing."""

    status: Status
    reason: str
    log: str = ""


class Attempt:
    """One worker's try at one job.

    Args:
        job: what it was given.
        limits: what it may use.
    """

    def __init__(self, job: Job, limits: Limits) -> None:
        self.job = job
        self.limits = limits
        self.verdict: Verdict | None = None  # why it must be killed
        self._done = False
        self._raised: Verdict | None = None
        self._left: dict[int, Item] = {item.id: item for item in job.items}
        self._alone: int | None = None
        self._doing = "starting"
        self._spent: dict[int | None, float] = defaultdict(float)
        self._silent: float | None = None  # seconds since the last word; None before the first
        self._decoder = Decoder(limits.frame)
        self._log = bytearray()

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self._done or not self._left

    @property
    def unfinished(self) -> tuple[Item, ...]:
        """Items without an outcome, in the job's order."""
        return tuple(self._left.values())

    def read_log(self, data: bytes) -> None:
        """Take output of the worker; only the end is kept."""
        self._log += data
        if len(self._log) > 2 * LOG_BYTES:
            del self._log[:-LOG_BYTES]

    def read(self, data: bytes) -> list[Outcome]:
        """Take bytes of the worker's channel; whatever is wrong with them becomes the verdict."""
        outcomes: list[Outcome] = []
        if self.verdict is not None and self.verdict.status == "crashed":
            return outcomes  # after a malformed frame nothing that follows can be trusted
        try:
            for message in self._decoder.feed(data):
                outcomes += self._take(message)
        except Malformed as error:
            self.verdict = Verdict("crashed", f"sent {error}")
        return outcomes

    def spend(self, seconds: float) -> None:
        """Let time pass on the running clock; over the limit is a verdict."""
        self._spent[self._alone] += seconds
        self._silent = None if self._silent is None else self._silent + seconds
        timeout = self.limits.timeout
        if timeout is None or self.verdict is not None or self.over:
            return
        allowed = timeout * (1 if self._alone is not None else len(self.job.items))
        if self._spent[self._alone] > allowed:
            self.verdict = Verdict("timeout", f"took longer than {allowed:g} s ({self._doing})")
        elif self._silent is not None and self._silent > timeout:
            self.verdict = Verdict("timeout", f"gave no sign of life for {timeout:g} s ({self._doing})")

    def use(self, memory: int) -> None:
        """Note the resident bytes of the worker and its descendants; over the limit is a verdict."""
        allowed = self.limits.memory
        if allowed is not None and memory > allowed and self.verdict is None:
            reason = f"held {_mb(memory)} of memory where {_mb(allowed)} are allowed ({self._doing})"
            self.verdict = Verdict("oom", reason)

    def end(self, code: int, *, starved: bool) -> tuple[list[Outcome], list[Job]]:
        """The worker has ended: outcomes of the guilty, and jobs to put back.

        Args:
            code: exit code, negative for a signal.
            starved: whether the kernel has killed a process for want of memory since the last look.
        """
        left = self.unfinished
        if not left:
            return [], []
        verdict = self.verdict or self._raised or self._inferred(code, starved)
        guilty = [item for item in left if item.id == self._alone] or (left if len(self.job.items) == 1 else ())
        outcomes = [self._close(item.id, verdict.status, verdict.reason, verdict.log) for item in guilty]
        rest = self.unfinished
        return outcomes, [replace(self.job, items=part) for part in ([rest] if guilty else _halves(rest)) if part]

    def _inferred(self, code: int, starved: bool) -> Verdict:
        how = describe_exit(code)
        if code == -9 and starved:
            return Verdict("oom", f"{how}: the machine ran out of memory ({self._doing})")
        if self._done:
            return Verdict("crashed", "the target returned without an outcome of the item")
        return Verdict("crashed", f"{how} ({self._doing})")

    def _take(self, message: Message) -> list[Outcome]:
        self._silent = 0.0
        match message:
            case Working(item, doing):
                if item is not None:
                    self._known(item)
                self._alone, self._doing = item, doing
            case Finished(item, header, arrays):
                self._known(item)
                return [replace(self._close(item, "ok"), header=header, arrays=arrays)]
            case Failed(item, status, reason, log):
                self._known(item)
                return [self._close(item, status, reason, log)]
            case Raised(status, reason, log):
                self._raised = Verdict(status, reason, log)
            case Done():
                self._done = True
        return []

    def _known(self, item: int) -> None:
        if item not in self._left:
            raise Malformed(f"word of item {item}, which is unknown or was already reported")

    def _close(self, item: int, status: Status, reason: str = "", log: str = "") -> Outcome:
        del self._left[item]
        if self._alone == item:
            self._alone, self._doing = None, "between items"
        seconds = self._spent[item] + self._spent[None] / len(self.job.items)
        line = " ".join(reason.split())[:500]
        kept = "" if status == "ok" else tail(log or self._log[-LOG_BYTES:].decode(errors="replace"))[-LOG_BYTES:]
        return Outcome(item, status, line or ("" if status == "ok" else status), log=kept, seconds=seconds)


def _halves(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    middle = len(items) // 2
    return tuple(items[:middle]), tuple(items[middle:])


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"

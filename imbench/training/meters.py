"""What a timed section is measured with beside the clock: memory, pinned cores, and who else used the processor."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

__all__ = ["Contention", "Use", "contention", "peak_memory", "pinned", "use"]

#: Share of a core that others may use of those we need, and share of the time that we may wait for one.
TOLERATED = 0.1
#: Resolution of the system's processor times per core, in seconds (a tick at 100 Hz).
TICK = 0.01


@dataclass(frozen=True, kw_only=True)
class Use:
    """Use of the processor up to now, all in seconds.

    Attributes:
        wall: the clock.
        cores: cores that this process may run on.
        busy: time those cores worked, for whomever (None where the system does not tell).
        idle: time they did not.
        own: processor time of this process and its descendants.
        waited: time the main thread could have run and did not (None where the system does not tell).
        switches: involuntary context switches of this process.
    """

    wall: float
    cores: int
    busy: float | None
    idle: float
    own: float
    waited: float | None
    switches: int


@dataclass(frozen=True, kw_only=True)
class Contention:
    """Who used the processor during a section.

    Attributes:
        others: cores, on average, that other processes used of those that this one may run on; None if unknown.
        own: cores, on average, that this process and its descendants used.
        waited: share of the wall time that the main thread waited for a core; None if unknown.
        switches: involuntary context switches.
        contended: whether others took what we needed.
        unknown: why that cannot be said; empty if it can.
    """

    others: float | None
    own: float
    waited: float | None
    switches: int
    contended: bool
    unknown: str = ""


def use() -> Use:
    """Read all clocks now. Takes a few milliseconds, so it belongs outside of what is timed."""
    cores = _allowed()
    busy, idle = _processor_times(cores)
    mine = resource.getrusage(resource.RUSAGE_SELF)
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = mine.ru_utime + mine.ru_stime + gone.ru_utime + gone.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:  # it has just ended; what it used is in RUSAGE_CHILDREN
            continue
        own += times.user + times.system
    return Use(
        wall=time.perf_counter(), cores=len(cores), busy=busy, idle=idle, own=own, waited=_waited(),
        switches=mine.ru_nivcsw,
    )  # fmt: skip


def contention(before: Use, after: Use, threads: int) -> Contention:
    """What others did between two readings to a process that needs so many cores.

    Contended: others used more than what is left beside our threads and `TOLERATED`; or we waited for a core although
    our own processes did not fill ours, as under a quota of a container, which shows in no other figure.
    """
    wall = max(after.wall - before.wall, 1e-9)
    own = (after.own - before.own) / wall
    waited = None if before.waited is None or after.waited is None else (after.waited - before.waited) / wall
    others = None
    if before.busy is not None and after.busy is not None:
        busy, idle = after.busy - before.busy, after.idle - before.idle
        # a sandbox may show times that stand still, or those of something else
        if abs((busy + idle) / (wall * after.cores) - 1) <= 0.5 or wall < 10 * TICK:
            others = max(busy / wall - own, 0.0)
    slack = TOLERATED + TICK * after.cores / wall
    taken = others is not None and others > max(after.cores - threads, 0) + slack
    held_up = waited is not None and waited > slack and own < (1 - TOLERATED) * min(threads, after.cores)
    unknown = "the system does not tell who uses the processor" if others is None and waited is None else ""
    return Contention(
        others=others, own=own, waited=waited, switches=after.switches - before.switches,
        contended=taken or held_up, unknown=unknown,
    )  # fmt: skip


def _allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _processor_times(cores: list[int]) -> tuple[float | None, float]:
    """Busy and idle seconds of some cores. Time stolen by other virtual machines counts as busy."""
    try:
        each = psutil.cpu_times(percpu=True)
    except (OSError, RuntimeError, NotImplementedError):  # hidden by a sandbox
        return None, 0.0
    if not cores or cores[-1] >= len(each):  # cores that are off have no line, so places are not numbers
        return None, 0.0
    rest = ("idle", "iowait")
    counted = ("guest", "guest_nice")  # in user and nice already
    busy = idle = 0.0
    for core in cores:
        for name, seconds in each[core]._asdict().items():
            if name in rest:
                idle += seconds
            elif name not in counted:
                busy += seconds
    return busy, idle


def _waited() -> float | None:
    """Seconds on the run queue (Documentation/scheduler/sched-stats.rst of the kernel, second field)."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


@contextmanager
def pinned(threads: int, device: torch.device) -> Iterator[list[int]]:
    """Keep this process on as many cores as it has threads; yields them, or nothing where that is not possible.

    Not the first core if there is another: it serves most interrupts. A process that drives a device stays free, since
    its driver has threads of its own.
    """
    if device.type != "cpu" or not hasattr(os, "sched_setaffinity"):
        yield []
        return
    before = os.sched_getaffinity(0)
    allowed = sorted(before)
    chosen = allowed[1 : threads + 1] if len(allowed) > threads else allowed
    try:
        os.sched_setaffinity(0, chosen)
    except OSError:  # a container may forbid it
        yield []
        return
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def peak_memory(device: torch.device) -> Iterator[Callable[[], tuple[int, int | None]]]:
    """Yields a function: bytes by which memory of the host, and of the device if it is one, rose above the start.

    On Linux the kernel's high-water mark is reset first; elsewhere it is the process's own maximum.
    """
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    on_device = device.type == "cuda"
    held = 0
    if on_device:
        torch.cuda.reset_peak_memory_stats(device)
        held = torch.cuda.memory_allocated(device)
    if reset.exists():
        reset.write_text("5")
    level = psutil.Process().memory_info().rss

    def rise() -> tuple[int, int | None]:
        on = max(torch.cuda.max_memory_allocated(device) - held, 0) if on_device else None
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return max(int(line.split()[1]) * 1024 - level, 0), on
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - level, 0), on

    yield rise

"""What the operating system knows about processes and memory, and what a process may ask of it.

Linux has everything used here. Other POSIX systems lack ``prctl`` and ``/proc``: there psutil lists the processes, and
only the fork server, not the kernel, ends workers whose parent is gone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = [
    "adopt_orphans",
    "available_memory",
    "descendants",
    "die_with",
    "kill",
    "kill_group",
    "oom_kills",
    "parents",
    "resident",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_UNKNOWN_LIMIT = "max"


def parents() -> dict[int, int]:
    """Process id → parent's id, of every process that can be seen."""
    if not _LINUX:
        return {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 (five times a second over every process: Path objects cost more)
        if name.isdigit():
            # a process may end between the listing and the reading
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    return found


def descendants(pid: int, parent_of: dict[int, int]) -> list[int]:
    """Children of a process, their children and so on, in no order."""
    children: dict[int, list[int]] = defaultdict(list)
    for child, parent in parent_of.items():
        children[parent].append(child)
    found: list[int] = []
    todo = [pid]
    while todo:
        new = children.pop(todo.pop(), [])
        found += new
        todo += new
    return found


def resident(pids: Iterable[int]) -> int:
    """Sum of the resident set sizes in bytes. Pages that forked processes share count once for each of them."""
    total = 0
    for pid in pids:
        with suppress(psutil.Error):  # ended, or is no longer ours
            total += psutil.Process(pid).memory_info().rss
    return total


def kill(pid: int) -> None:
    """SIGKILL to a process and to its process group if it leads one; nothing if it has ended."""
    kill_group(pid)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """SIGKILL to the process group that this process leads, or led and left members in."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends (Linux); exit now if that has happened."""
    if _LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended between fork and prctl
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux), so that none can slip away by daemonising."""
    if _LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def available_memory() -> int:
    """Bytes that can be used before the machine or our control group (version 2) runs out of memory."""
    available: int = psutil.virtual_memory().available
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if limit is not None and used is not None and limit.strip() != _UNKNOWN_LIMIT:
        available = min(available, int(limit) - int(used))
    return max(available, 0)


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory: in our control group, else on the machine."""
    text = _cgroup("memory.events")
    if text is None and _LINUX:
        with suppress(OSError):
            text = Path("/proc/vmstat").read_text()
    for line in (text or "").splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0


def _cgroup(file: str) -> str | None:
    """A file of our control group (version 2), or None."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return Path(f"/sys/fs/cgroup/{line[3:].strip('/')}/{file}").read_text()
    return None

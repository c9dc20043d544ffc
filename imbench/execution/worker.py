"""The body of a worker: a process that has just been forked and runs one job.

By the time foreign code runs, the process has a session of its own (so that one signal reaches its children), is
killed by the kernel if the fork server ends, adopts its orphans, prints into a pipe, reads from nowhere, leaves no core
dump, is the first to go when the machine runs out of memory, and cannot allocate without bound.
"""

from __future__ import annotations

import atexit
import faulthandler
import importlib
import os
import pickle
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from imbench.errors import one_line
from imbench.execution import processes
from imbench.execution.failures import classify, trimmed_traceback
from imbench.execution.job import Array, Job, Report, Status
from imbench.execution.wire import encode

__all__ = ["Order", "pack", "work"]

_LENGTH = struct.Struct(">Q")
#: arrays of at least this many bytes are sent from where they lie, without a copy into the pickle
_LARGE = 1 << 16
#: what a worker may allocate beyond its memory limit before `malloc` fails. The limit itself is watched from outside,
#: on resident memory; this is for what allocates faster than the watch looks.
HEADROOM = 1 << 30


@dataclass(frozen=True)
class Order:
    """What the parent sends to a new worker.

    Attributes:
        job: the job.
        sys_path: where to import from.
        threads: numeric threads.
        data_limit: bytes for RLIMIT_DATA above what the fresh process holds, or None.
        gpu: the only GPU that it sees, as ``CUDA_VISIBLE_DEVICES`` names it, or None.
    """

    job: Job
    sys_path: tuple[str, ...]
    threads: int
    data_limit: int | None
    gpu: str | None = None


def pack(order: Order) -> list[memoryview]:
    """An order as pieces to be sent. This direction is trusted and may use pickle. Raises what pickle raises."""
    arrays: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= _LARGE:
            arrays.append(raw)
        return raw.nbytes < _LARGE

    job = pickle.dumps(order.job, protocol=5, buffer_callback=keep)
    # on its own and first: the path must be set before the job is unpickled, because that imports
    sizes = (len(job), *(raw.nbytes for raw in arrays))
    head = pickle.dumps((order.sys_path, order.threads, order.data_limit, order.gpu, sizes))
    return [memoryview(_LENGTH.pack(len(head)) + head), memoryview(job), *arrays]


def work(channel: socket.socket, log: int, server: int) -> None:
    """Run the job that arrives on `channel`; returns when the process may exit.

    Args:
        channel: to the parent: one order in, frames out.
        log: file descriptor that takes stdout and stderr.
        server: process id of the fork server.
    """
    _settle(log, server)
    report = SocketReport(channel)
    try:
        (length,) = _LENGTH.unpack(_receive(channel, _LENGTH.size))
        sys_path, threads, data_limit, gpu, sizes = pickle.loads(_receive(channel, length))
        packed, *arrays = [_receive(channel, size) for size in sizes]
        sys.path[:] = sys_path
        if gpu is not None:  # read when CUDA is first used, and the fork server never does
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        _cap(threads, data_limit)
        # read-only for good: nobody can write to what others of the job read as well
        job: Job = pickle.loads(packed, buffers=[memoryview(array).toreadonly() for array in arrays])
        del packed, arrays
        target = _resolve(job.target)
        target(job.shared, job.items, report)
    except BaseException as error:  # also SystemExit of a plugin: a failure to report, not an exit
        report.raised(error)
    _flush()
    report.done()
    atexit._run_exitfuncs()  # what the job registered; os._exit, which must follow a fork, would skip it
    _flush()


def _settle(log: int, server: int) -> None:
    os.setsid()
    processes.die_with(server)
    processes.adopt_orphans()
    with suppress(OSError):  # a kernel without it, or a sandbox
        Path("/proc/self/oom_score_adj").write_text("1000")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, wanted in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, wanted)
    os.close(null)
    os.close(log)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 (descriptors, open as long as the process)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    faulthandler.enable(file=2, all_threads=False)


def _cap(threads: int, data_limit: int | None) -> None:
    if (torch := sys.modules.get("torch")) is not None:  # imported later, it reads the environment
        torch.set_num_threads(threads)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if data_limit is not None:
        now = getattr(psutil.Process().memory_info(), "data", 0)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = now + data_limit
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))


def _receive(channel: socket.socket, size: int) -> bytearray:
    """So many bytes. Raises EOFError if the parent is gone."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        got = channel.recv_into(view)
        if not got:
            raise EOFError("the parent closed the channel before it had sent the job")
        view = view[got:]
    return buffer


def _resolve(target: str) -> Callable[[Any, Any, Report], None]:
    module, _, name = target.partition(":")
    function: Callable[[Any, Any, Report], None] = getattr(importlib.import_module(module), name)
    return function


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a plugin may have closed it
            stream.flush()


class SocketReport:
    """`Report` over a socket. Threads of a plugin may call it at the same time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def working(self, item_id: int | None, doing: str) -> None:
        self._send({"kind": "working", "item": item_id, "doing": doing})

    def outcome(self, item_id: int, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        self._send({"kind": "outcome", "item": item_id, "header": dict(header)}, arrays)

    def failed(self, item_id: int, status: Status, reason: str, log: str = "") -> None:
        self._send({"kind": "failed", "item": item_id, "status": status, "reason": reason, "log": log})

    def error(self, item_id: int, error: BaseException) -> None:
        """One item's own code raised."""
        self.failed(item_id, classify(error), one_line(error), trimmed_traceback(error))

    def raised(self, error: BaseException) -> None:
        """The target itself raised."""
        log = trimmed_traceback(error)
        self._send({"kind": "raised", "status": classify(error), "reason": one_line(error), "log": log})

    def done(self) -> None:
        """The target has returned."""
        self._send({"kind": "done"})

    def _send(self, header: dict[str, Any], arrays: Mapping[str, Array] | None = None) -> None:
        pieces = encode(header, arrays)
        with self._lock:
            for piece in pieces:
                self._channel.sendall(piece)

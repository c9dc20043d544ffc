"""The fork server: imports once, forks a worker per request, reaps, kills, and goes when the parent goes.

`multiprocessing` has a fork server too. This one differs where the promise of no orphans needs it: it ends as soon as
the parent does, however the parent ended, and not only after its last worker (which may hang for ever); on Linux it
adopts what its workers leave behind, also processes that daemonised, and kills them with their worker; it never
imports the parent's ``__main__``, so that a script without a guard is not run again; and it belongs to one executor,
so that its thread limits and imports are not those of other users of `multiprocessing` in the same process.

It is a new program (fork and exec), started with an environment of its own, so nothing the parent holds is in its
memory. It imports but never computes: a thread pool that was used before a fork hangs after it.

    parent → server   FORK + two descriptors (the worker's channel, its log) | KILL + process id
    server → parent   STARTED + process id | EXITED + process id + exit code | REFUSED + errno
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import selectors
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress

from imbench.errors import one_line
from imbench.execution import processes
from imbench.execution.worker import work

__all__ = ["EXITED", "FORK", "KILL", "REFUSED", "REPLY", "REQUEST", "STARTED", "main"]

REQUEST = struct.Struct(">ci")
REPLY = struct.Struct(">cii")
FORK, KILL = b"f", b"k"
STARTED, EXITED, REFUSED = b"s", b"e", b"r"

# parts before what imports them
_SKLEARN = (
    "pandas",
    "scipy.sparse.linalg",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.utils",
    "sklearn.metrics",
    "sklearn.ensemble",
    "sklearn.linear_model",
)
#: What takes long to import and what only some jobs need: module → what the server imports as soon as a worker begins
#: to import it, so that the next ones need not. Requests are answered between any two of these, so they are cut small.
#: The first step of an optimiser of torch imports ``torch._dynamo``.
LATER: Mapping[str, Sequence[str]] = {
    "pandas": ("pandas",),
    "sklearn": _SKLEARN,
    "imblearn": (*_SKLEARN, "imblearn.combine"),
    "torch._dynamo": ("torch._dynamo",),
}


def main(control: int, preload: Sequence[str]) -> None:
    """Serve until the parent closes the control socket.

    Args:
        control: file descriptor of a Unix stream socket.
        preload: modules to import before the first fork.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # imports make hundreds of thousands of objects and hardly any garbage: looking for it takes a quarter of their time
    gc.disable()
    _import(preload)
    processes.adopt_orphans()
    Server(socket.socket(fileno=control)).serve()
    os._exit(0)


def _import(names: Sequence[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a job that needs it will fail and say why; others must run
            sys.stderr.write(f"imbench: cannot preload {name}: {one_line(error)}\n")
    atexit._clear()  # what modules registered (torch: a report of compile times) would cost every worker 50 ms
    gc.freeze()  # the collector of a worker leaves shared pages alone


_PLACES = {name: place for place, name in enumerate(LATER)}


class _Hints:
    """A finder that finds nothing: it tells the server which modules of `LATER` a worker begins to import.

    Args:
        pipe: file descriptor that takes their places in `LATER`.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        """Called before any other finder for every module that is not there yet."""
        if name in LATER:
            with suppress(OSError):  # a job may close all descriptors; it only costs others the time
                os.write(self._pipe, bytes([_PLACES[name]]))


class Server:
    """State of the fork server: the control socket and the living workers."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._workers: set[int] = set()
        self._wake_read, self._wake_write = os.pipe()
        self._hints_read, self._hints_write = os.pipe()  # what workers begin to import, as places in LATER
        self._wanted: dict[str, None] = {}  # what we are going to import ourselves, in order
        for end in (self._wake_read, self._wake_write, self._hints_read, self._hints_write):
            os.set_blocking(end, False)

    def serve(self) -> None:
        """Answer requests and reap workers until the parent is gone; then kill all and return."""
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, so that the wake-up descriptor is written
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as ready:
            ready.register(self._control, selectors.EVENT_READ)
            ready.register(self._wake_read, selectors.EVENT_READ)
            ready.register(self._hints_read, selectors.EVENT_READ)
            try:
                while True:
                    events = ready.select(0 if self._wanted else None)
                    for key, _ in events:
                        if key.fileobj is self._control:
                            self._answer()
                        elif key.fileobj == self._hints_read:
                            self._learn(os.read(self._hints_read, 4096))
                        else:
                            os.read(self._wake_read, 4096)
                    self._reap()
                    if not events:
                        self._import_next()
            except (EOFError, ConnectionError):
                self._kill_all()

    def _answer(self) -> None:
        request, descriptors, _, _ = socket.recv_fds(self._control, REQUEST.size, 2)
        if not request:
            raise EOFError
        kind, pid = REQUEST.unpack(request)
        if kind == FORK:
            channel, log = descriptors
            os.set_inheritable(channel, False)
            self._fork(channel, log)
            os.close(channel)
            os.close(log)
        elif pid in self._workers:  # one that has not been reaped: its id cannot belong to another process
            # stopped first, so that it cannot fork while its children are looked up
            os.kill(pid, signal.SIGSTOP)
            for each in (*processes.descendants(pid, processes.parents()), pid):
                processes.kill(each)

    def _fork(self, channel: int, log: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self._control.sendall(REPLY.pack(REFUSED, 0, error.errno or 0))
            return
        if pid == 0:
            self._become_worker(channel, log)
        self._workers.add(pid)
        self._control.sendall(REPLY.pack(STARTED, pid, 0))

    def _become_worker(self, channel: int, log: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for end in (self._control.detach(), self._wake_read, self._wake_write, self._hints_read):
                os.close(end)
            gc.enable()
            sys.meta_path.insert(0, _Hints(self._hints_write))
            work(socket.socket(fileno=channel), log, self._pid)
            code = 0
        except BaseException:  # the parent reads it in the log
            traceback.print_exc()
        finally:
            # never back into the server's loop, whatever happened
            os._exit(code)

    def _reap(self) -> None:
        ended = self._wait()
        if ended:
            self._sweep()
        for pid, code in ended:
            self._control.sendall(REPLY.pack(EXITED, pid, code))

    def _learn(self, hints: bytes) -> None:
        """Plan to import what a worker has to. A hint from foreign code can name nothing but what `LATER` does."""
        known = list(LATER.values())
        self._wanted |= dict.fromkeys(name for place in hints if place < len(known) for name in known[place])

    def _import_next(self) -> None:
        """Import one module that is wanted; nobody waits for an answer."""
        if self._wanted:
            name = next(iter(self._wanted))
            del self._wanted[name]
            if name not in sys.modules:
                _import([name])

    def _wait(self) -> list[tuple[int, int]]:
        """Reap whatever has ended: (process id, exit code) of the workers among them."""
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self._workers:
                self._workers.discard(pid)
                processes.kill_group(pid)
                ended.append((pid, os.waitstatus_to_exitcode(status)))
        return ended

    def _sweep(self) -> None:
        """Kill what dead workers left: our children that are no workers, and theirs."""
        for _ in range(100):
            parent_of = processes.parents()
            orphans = [pid for pid, parent in parent_of.items() if parent == self._pid and pid not in self._workers]
            if not orphans:
                return
            for orphan in orphans:
                for pid in (orphan, *processes.descendants(orphan, parent_of)):
                    processes.kill(pid)
            time.sleep(0.002)
            for orphan in orphans:
                self._forget(orphan)

    @staticmethod
    def _forget(orphan: int) -> None:
        try:
            os.waitpid(orphan, os.WNOHANG)
        except ChildProcessError:
            return

    def _kill_all(self) -> None:
        parent_of = processes.parents()
        for pid in (*processes.descendants(self._pid, parent_of), *self._workers):
            processes.kill(pid)
        self._workers.clear()
        self._sweep()

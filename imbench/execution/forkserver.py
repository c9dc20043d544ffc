"""The parent's handle on its fork server (`server` is what runs there)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from imbench.execution.failures import describe_exit
from imbench.execution.server import EXITED, FORK, KILL, REFUSED, REPLY, REQUEST

__all__ = ["PRELOAD", "ForkServer", "environment"]

#: imported once, by the fork server; workers can begin when all are there. What not every run needs is left to `LATER`.
PRELOAD = (
    "numpy",
    "numpy.random",
    "torch",
    "torch.func",
    "packaging.requirements",
    "imbench.training.pack",
    "imbench.training.cost",
)

# the paths are set before anything of ours is imported; the name of the main module stays out of it
_BOOT = "import sys; sys.path[:] = {path!r}; from imbench.execution.server import main; main({control}, {preload!r})"


def environment(threads: int, device: str) -> dict[str, str]:
    """Variables for the fork server and so for its workers: thread caps, quiet waiting, one hash seed.

    They must stand before the libraries are loaded, which read them once. Threads that spin while they wait steal
    whole cores from the other workers (``OMP_WAIT_POLICY``). A worker for the CPU sees no GPU.
    """
    names = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")
    caps = {f"{name}_{'MAXIMUM' if name == 'VECLIB' else 'NUM'}_THREADS": str(threads) for name in names}
    fixed = {
        "OMP_WAIT_POLICY": "PASSIVE",
        "LOKY_MAX_CPU_COUNT": str(threads),
        "PYTHONHASHSEED": "0",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",  # no thread in the process that forks
    }
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    return {**os.environ, **caps, **fixed, **hidden}


class ForkServer:
    """A running fork server. It and all its workers end when `close` is called or this process ends, however it ends.

    Args:
        preload: modules it imports.
        env: its environment.
    """

    def __init__(self, preload: Sequence[str], env: Mapping[str, str]) -> None:
        self.proven = False  # whether it has ever started a worker
        self._living = 0  # workers asked for that have not been reaped
        self._received = bytearray()
        self._control, theirs = socket.socketpair()
        path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 (a string, for sys.path)
        boot = _BOOT.format(path=path, control=theirs.fileno(), preload=tuple(preload))
        with theirs:
            # a session of its own: the terminal's Ctrl-C is for the parent, which then closes the control socket
            self._process = subprocess.Popen(
                [sys.executable, "-c", boot],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=dict(env),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Readable when replies wait."""
        return self._control.fileno()

    def fork(self, channel: socket.socket, log: int) -> None:
        """Ask for a worker; it gets copies of both descriptors. Answered by STARTED or REFUSED, in order."""
        self._living += 1
        with suppress(ConnectionError):  # it has ended: `replies` says so
            socket.send_fds(self._control, [REQUEST.pack(FORK, 0)], [channel.fileno(), log])

    def kill(self, pid: int) -> None:
        """Ask to kill a worker and all its descendants. Answered by EXITED."""
        with suppress(ConnectionError):
            self._control.sendall(REQUEST.pack(KILL, pid))

    def replies(self) -> list[tuple[bytes, int, int]]:
        """Replies that have come; blocks if there are none. Raises EOFError if the server has ended."""
        try:
            data = self._control.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        self._received += data
        whole = len(self._received) // REPLY.size * REPLY.size
        complete = bytes(self._received[:whole])
        del self._received[:whole]
        replies = [(kind, pid, value) for kind, pid, value in REPLY.iter_unpack(complete)]
        self._living -= sum(kind in (EXITED, REFUSED) for kind, _, _ in replies)
        return replies

    def close(self) -> str:
        """End it and all workers, wait for that, and say how it ended."""
        self._control.close()
        if not self._living:  # it has cleaned up behind every worker, and it may be importing for seconds
            self._process.kill()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return describe_exit(self._process.returncode)

"""The parent's handle on one worker: its descriptors, its clocks, its bookkeeping."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from contextlib import suppress

from imbench.execution.attempt import Attempt
from imbench.execution.forkserver import ForkServer
from imbench.execution.job import Outcome

__all__ = ["Worker"]

#: a longer gap than this between two looks is not the worker's: the machine was asleep or this process was stopped
LONGEST_STEP = 5.0
#: seconds a worker may take to exit when all is said
GRACE = 2.0
_PIECE = 1 << 20


class Worker:
    """One worker process, asked for but perhaps not yet running. Nothing here blocks.

    Args:
        attempt: what it does, and what is known of that.
        order: what is sent to it.
        place: which of the workers that may run at a time it is.
        selector: watches its descriptors from now on until `close`, with this object as data.
    """

    def __init__(self, attempt: Attempt, order: list[memoryview], place: int, selector: selectors.BaseSelector) -> None:
        self.attempt = attempt
        self.place = place
        self.pid: int | None = None
        self.killed_at: float | None = None
        self._order = deque(order)
        self._selector = selector
        self._last = 0.0
        self._over_at: float | None = None
        self._channel, self._their_channel = socket.socketpair()
        self.log, self._their_log = os.pipe()
        self._channel.setblocking(False)
        os.set_blocking(self.log, False)
        selector.register(self._channel, selectors.EVENT_WRITE, self)
        selector.register(self.log, selectors.EVENT_READ, self)

    def fork(self, server: ForkServer) -> None:
        """Ask the fork server for the process, and keep no copy of its ends: else they would never close."""
        server.fork(self._their_channel, self._their_log)
        self._their_channel.close()
        os.close(self._their_log)

    def started(self, pid: int) -> None:
        """It runs: the clock starts."""
        self.pid, self._last = pid, time.monotonic()

    def advance(self, now: float) -> None:
        """Let time pass."""
        if self.pid is not None:
            self.attempt.spend(min(now - self._last, LONGEST_STEP))
            self._last = now

    def doomed(self, now: float) -> bool:
        """Whether it must be killed: it broke a limit, or lingers after all was said."""
        if self.attempt.over and self._over_at is None:
            self._over_at = now
        lingers = self._over_at is not None and now - self._over_at > GRACE
        return self.attempt.verdict is not None or lingers

    def send(self) -> None:
        """Send more of the order; then listen."""
        try:
            while self._order:
                rest = self._order[0][self._channel.send(self._order[0]) :]
                if rest:
                    self._order[0] = rest
                else:
                    self._order.popleft()
        except BlockingIOError:
            return
        except ConnectionError:  # it has ended: the fork server says so
            self._order.clear()
        self._selector.modify(self._channel, selectors.EVENT_READ, self)

    def read(self) -> list[Outcome]:
        """Outcomes among what it says next."""
        return self._read() or []

    def read_log(self) -> bool:
        """Take some output; False if there is none for now."""
        try:
            data = os.read(self.log, _PIECE)
        except BlockingIOError:
            return False
        if not data:
            self._forget(self.log)
            return False
        self.attempt.read_log(data)
        return True

    def drain(self) -> list[Outcome]:
        """Outcomes among all that an ended worker left in its pipes."""
        while self.read_log():
            pass
        outcomes: list[Outcome] = []
        while (more := self._read()) is not None:
            outcomes += more
        return outcomes

    def close(self) -> None:
        """Close the descriptors."""
        for source in (self._channel, self.log):
            self._forget(source)
        self._channel.close()
        os.close(self.log)

    def _read(self) -> list[Outcome] | None:
        """Take some of what it says; None if there is nothing for now."""
        try:
            data = self._channel.recv(_PIECE)
        except BlockingIOError:
            return None
        except ConnectionError:
            data = b""
        if not data:
            self._forget(self._channel)
            return None
        self.advance(time.monotonic())  # on the clock that ran until now
        return self.attempt.read(data)

    def _forget(self, source: socket.socket | int) -> None:
        with suppress(KeyError):  # it was closed from the other side before
            self._selector.unregister(source)

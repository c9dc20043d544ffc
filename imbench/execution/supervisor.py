"""The thread that watches the workers, so that limits hold while the main thread prepares data or scores results."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from imbench.errors import EnvironmentFault
from imbench.execution import processes
from imbench.execution.attempt import Attempt, Limits, Verdict
from imbench.execution.forkserver import ForkServer
from imbench.execution.handle import Worker
from imbench.execution.job import Job, Outcome
from imbench.execution.server import EXITED, REFUSED, STARTED

__all__ = ["Cancelled", "Ended", "Event", "Supervisor"]

#: seconds between two looks at clocks and memory
TICK = 0.2
#: Outcomes that come alone wait so many seconds for company, up to so many: a cell that is scored and stored among
#: others costs half of what it costs alone.
PATIENCE, COMPANY = 0.05, 16
#: seconds after which a worker that SIGKILL does not end (stuck in the kernel) is given up
GIVE_UP = 10.0


@dataclass(frozen=True)
class Ended:
    """The worker in a place is gone; `back` are jobs to run again, one at a time if `alone`."""

    place: int
    back: tuple[Job, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Cancelled:
    """All workers are gone, as was asked."""


Event = Outcome | Ended | Cancelled | BaseException


class Supervisor:
    """Runs jobs that are submitted, each at once, in a worker of its own.

    What happens arrives in `events`; an exception there is a fault that ended the supervisor.

    Args:
        start: starts a fork server (another one is started if it dies).
        limits: of each worker.
    """

    def __init__(self, start: Callable[[], ForkServer], limits: Limits) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._start = start
        self._limits = limits
        self._inbox: SimpleQueue[tuple[Job, list[memoryview], int] | None] = SimpleQueue()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._server = self._register(start())
        self._starting: deque[Worker] = deque()
        self._workers: list[Worker] = []
        self._cancelling = self._closing = False
        self._next_tick = 0.0
        self._oom_kills = processes.oom_kills()
        self._thread = threading.Thread(target=self._main, name="imbench-supervisor", daemon=True)
        self._thread.start()

    # --- called by the main thread ---

    def submit(self, job: Job, order: list[memoryview], place: int) -> None:
        """Start a worker on a job; `order` is what is sent to it, `place` comes back with its `Ended`."""
        self._inbox.put((job, order, place))
        self._wake()

    def happened(self) -> list[Event]:
        """Wait until something has happened; all that has, in order. No free place waits for an outcome's company."""
        events = [self.events.get()]
        until = time.monotonic() + PATIENCE
        with suppress(Empty):
            while isinstance(events[-1], Outcome) and len(events) < COMPANY:
                events.append(self.events.get(timeout=max(0.0, until - time.monotonic())))
            while True:
                events.append(self.events.get_nowait())
        return events

    def cancel(self) -> None:
        """Kill all workers and wait until they are gone. What they still say is dropped."""
        self._inbox.put(None)
        self._wake()
        while self._thread.is_alive():
            with suppress(Empty):
                if isinstance(self.events.get(timeout=1.0), Cancelled):
                    return

    def close(self) -> None:
        """Kill all workers, end the fork server and the thread."""
        self._closing = True
        self._wake()
        self._thread.join()
        self._wake_read.close()
        self._wake_write.close()

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # then it is awake already
            self._wake_write.send(b"!")

    # --- the thread ---

    def _main(self) -> None:
        try:
            while not self._closing:
                self._serve()
                self._look(time.monotonic())
        except BaseException as error:  # the main thread raises it
            self.events.put(error)
        finally:
            self._server.close()
            for worker in self._workers:
                worker.close()
            self._selector.close()

    def _serve(self) -> None:
        timeout = max(0.0, self._next_tick - time.monotonic()) if self._workers else None
        for key, mask in self._selector.select(timeout):
            if key.data is None:
                self._wake_read.recv(4096)
            elif isinstance(key.data, ForkServer):
                self._hear(key.data)
            elif key.data in self._workers:  # and has not ended in this very turn
                if mask & selectors.EVENT_WRITE:
                    key.data.send()
                elif key.fd == key.data.log:
                    key.data.read_log()
                else:
                    self._publish(key.data.read())
        with suppress(Empty):
            while True:
                self._begin(self._inbox.get_nowait())

    def _begin(self, order: tuple[Job, list[memoryview], int] | None) -> None:
        if order is None:
            self._cancelling = True
            for worker in self._workers:
                self._kill(worker)
            self._settle_cancel()
            return
        job, pieces, place = order
        worker = Worker(Attempt(job, self._limits), pieces, place, self._selector)
        worker.fork(self._server)
        self._starting.append(worker)
        self._workers.append(worker)

    def _hear(self, server: ForkServer) -> None:
        try:
            replies = server.replies()
        except EOFError:
            self._server_died()
            return
        for kind, pid, value in replies:
            if kind == STARTED:
                server.proven = True
                worker = self._starting.popleft()
                worker.started(pid)
                if self._cancelling:
                    self._kill(worker)
            elif kind == EXITED:
                for worker in [each for each in self._workers if each.pid == pid]:
                    self._end(worker, value)
            elif kind == REFUSED:
                raise EnvironmentFault(f"cannot start a worker: {os.strerror(value)}; use fewer workers or free memory")

    def _look(self, now: float) -> None:
        """Clocks at every turn; memory, which costs a walk over all processes, once in a while."""
        for worker in list(self._workers):
            worker.advance(now)
            if worker.killed_at is not None:
                if now - worker.killed_at > GIVE_UP:
                    self._end(worker, -9)
            elif worker.doomed(now):
                self._kill(worker)
        if now < self._next_tick or not self._workers:
            return
        self._weigh()
        # at most a twentieth of a core, however many processes the machine has
        self._next_tick = now + max(TICK, 20 * (time.monotonic() - now))

    def _weigh(self) -> None:
        self._oom_kills = processes.oom_kills()
        if self._limits.memory is None:
            return
        parent_of = processes.parents()
        for worker in self._workers:
            if worker.pid is not None and worker.killed_at is None:
                worker.attempt.use(processes.resident((worker.pid, *processes.descendants(worker.pid, parent_of))))
                if worker.attempt.verdict is not None:
                    self._kill(worker)

    def _kill(self, worker: Worker) -> None:
        if worker.pid is not None and worker.killed_at is None:
            worker.killed_at = time.monotonic()
            self._server.kill(worker.pid)

    def _end(self, worker: Worker, code: int) -> None:
        """The worker is gone: read what it left in its pipes, then judge."""
        self._publish(worker.drain())
        starved = code == -9 and processes.oom_kills() > self._oom_kills
        worker.close()
        self._workers.remove(worker)
        if self._cancelling:
            self._settle_cancel()
            return
        outcomes, back = worker.attempt.end(code, starved=starved)
        self._publish(outcomes)
        self.events.put(Ended(worker.place, tuple(back)))

    def _publish(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if not self._cancelling:
                self.events.put(outcome)

    def _server_died(self) -> None:
        """All workers died with it. One that ran alone did it; several run again, one by one, to see which."""
        died, workers = self._server, list(self._workers)
        self._selector.unregister(died)
        how = died.close()
        if not died.proven:
            raise EnvironmentFault(f"the fork server {how} before it started a worker: its own message is above")
        for worker in workers:
            if worker.pid is not None:
                processes.kill(worker.pid)  # where the kernel does not do it
        self._starting.clear()
        self._server = self._register(self._start())
        if len(workers) == 1:
            workers[0].attempt.verdict = workers[0].attempt.verdict or Verdict(
                "crashed", f"ended the fork server, which was {how}"
            )
            self._end(workers[0], -9)
            return
        for worker in workers:
            self._publish(worker.drain())
            worker.close()
            left = worker.attempt.unfinished
            again = (replace(worker.attempt.job, items=left),) if left else ()
            self.events.put(Ended(worker.place, again, alone=True))
        self._workers.clear()
        self._settle_cancel()

    def _register(self, server: ForkServer) -> ForkServer:
        self._selector.register(server, selectors.EVENT_READ, server)
        return server

    def _settle_cancel(self) -> None:
        if self._cancelling and not self._workers:
            self._cancelling = False
            self.events.put(Cancelled())

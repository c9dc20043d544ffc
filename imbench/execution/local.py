"""The local executor: jobs in, exactly one outcome per item out."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from types import TracebackType
from typing import Self

from imbench.errors import EnvironmentFault, UsageError
from imbench.execution import processes
from imbench.execution.attempt import Limits
from imbench.execution.forkserver import PRELOAD, ForkServer, environment
from imbench.execution.job import Job, Outcome
from imbench.execution.supervisor import Cancelled, Ended, Event, Supervisor
from imbench.execution.wire import MAX_BYTES
from imbench.execution.worker import HEADROOM, Order, pack

__all__ = ["LocalExecutor"]

#: part of the available memory that workers share by default
_SHARE = 0.9


class LocalExecutor:
    """Worker processes on this machine, a fresh one for each job, with limits that kill.

    A context manager: entering starts the fork server (its imports go on in the background), leaving ends every
    process it ever started. If this process ends in any other way, also by ``kill -9``, they end too.

    Args:
        workers: jobs at a time.
        timeout: seconds per item, or None.
        memory: resident bytes of one worker and its children; None is a fair share of what is available when the
            executor is entered.
        threads: numeric threads of each worker.
        device: ``cpu`` adds a kernel limit on allocation and hides GPUs.
        gpus: names for ``CUDA_VISIBLE_DEVICES``; each worker sees one of them, shared out evenly.
        preload: modules that the fork server imports; they must not compute on import.
        max_bytes: largest sum of the arrays of one outcome.

    Raises:
        UsageError: a limit that cannot work.
        EnvironmentFault: on systems without fork.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout: float | None,
        memory: int | None = None,
        threads: int = 1,
        device: str = "cpu",
        gpus: Sequence[str] = (),
        preload: Sequence[str] = PRELOAD,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        for name, value in (("workers", workers), ("threads", threads), ("timeout", timeout), ("memory", memory)):
            if value is not None and not value > 0:
                raise UsageError(f"{name}: expected a number above 0, got {value}")
        if os.name != "posix":
            raise EnvironmentFault("imbench runs workers on Linux and macOS only: on Windows use WSL")
        self._workers = workers
        self._limits = Limits(timeout, memory, max_bytes)
        self._threads = threads
        self._device = device
        self._gpus = tuple(gpus)
        self._preload = tuple(preload)
        self._supervisor: Supervisor | None = None
        self._busy = False

    def __enter__(self) -> Self:
        if self._limits.memory is None:
            share = int(processes.available_memory() * _SHARE / self._workers)
            self._limits = replace(self._limits, memory=share)
        env = environment(self._threads, self._device)
        self._supervisor = Supervisor(lambda: ForkServer(self._preload, env), self._limits)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._supervisor is not None:
            self._supervisor.close()
            self._supervisor = None

    @property
    def workers(self) -> int:
        """Jobs at a time."""
        return self._workers

    @property
    def limits(self) -> Limits:
        """What a worker may use; the memory is known once the executor is entered."""
        return self._limits

    def run(self, jobs: Iterable[Job], *, at_once: int | None = None) -> Iterator[Outcome]:
        """Run jobs; yield one outcome for each item, in the order they come. As `batches`, one at a time."""
        with closing(self.batches(jobs, at_once=at_once)) as batches:
            for outcomes in batches:
                yield from outcomes

    def batches(self, jobs: Iterable[Job], *, at_once: int | None = None) -> Generator[list[Outcome]]:
        """Run jobs; yield one outcome for each item, together with all others that are at hand by then.

        A generator may build its data when asked: a job is taken from `jobs` when a worker is free, and one more, so
        that none waits for it, while all are busy.
        Closing the iterator early, or an exception (also KeyboardInterrupt), kills the workers.

        Args:
            jobs: what to run.
            at_once: jobs at a time, if fewer than there are workers; then nothing is made ready beside them.

        Raises:
            EnvironmentFault: workers cannot be started.
            ValueError: two items with one id.
        """
        if self._supervisor is None or self._busy:
            raise RuntimeError("run() needs an executor that was entered (with …) and is not running already")
        self._busy = True
        free = list(range(min(at_once or self._workers, self._workers)))
        running = 0
        queue = _Queue(jobs)
        events: list[Event] = []
        fault: Exception | None = None
        try:
            while True:
                # workers first: they begin while what has come back is looked at
                try:
                    while free and (job := queue.take(running)) is not None:
                        place = free.pop(0)
                        self._supervisor.submit(job, pack(self._order(job, place)), place)
                        running += 1
                except Exception as error:  # what has come back is handed over all the same
                    fault = error
                if outcomes := [event for event in events if isinstance(event, Outcome)]:
                    yield outcomes
                for event in (*events, fault):
                    if isinstance(event, BaseException):
                        raise event
                    if isinstance(event, Cancelled):
                        raise RuntimeError("cancelled by another thread")
                if not running:
                    return
                if at_once is None:
                    queue.look_ahead()
                events = self._supervisor.happened()
                for event in events:
                    if isinstance(event, Ended):
                        running -= 1
                        free.append(event.place)
                        queue.put_back(event.back, alone=event.alone)
        finally:
            self._busy = False
            if running and self._supervisor is not None:
                self._supervisor.cancel()

    def _order(self, job: Job, place: int) -> Order:
        memory = self._limits.memory
        backstop = memory + HEADROOM if memory is not None and self._device == "cpu" else None
        path = tuple(dict.fromkeys((*job.path, *(entry or os.getcwd() for entry in sys.path))))  # noqa: PTH109
        gpu = self._gpus[place % len(self._gpus)] if self._gpus else None
        return Order(job, path, self._threads, backstop, gpu)


class _Queue:
    """Which job is next: those that were put back, then new ones, and suspects only by themselves."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._source = iter(jobs)
        self._back: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        self._by_itself = False
        self._seen: set[int] = set()
        self._ahead: Job | Exception | None = None

    def take(self, running: int) -> Job | None:
        """The next job, or None if there is none or it must wait until nothing runs."""
        if running == 0:
            self._by_itself = bool(self._suspects)
            if self._suspects:
                return self._suspects.popleft()
        elif self._by_itself or self._suspects:
            return None
        if self._back:
            return self._back.popleft()
        job, self._ahead = self._ahead, None
        if isinstance(job, Exception):
            raise job
        return job or self._fresh()

    def look_ahead(self) -> None:
        """Have the next new job ready. What that raises waits until it is wanted: it stops nothing that runs."""
        if self._ahead is None:
            try:
                self._ahead = self._fresh()
            except Exception as error:
                self._ahead = error

    def put_back(self, jobs: Iterable[Job], *, alone: bool) -> None:
        """Take jobs that must run again; `alone`: with nothing beside them."""
        (self._suspects if alone else self._back).extend(jobs)

    def _fresh(self) -> Job | None:
        job = next(self._source, None)
        for item in job.items if job is not None else ():
            if item.id in self._seen:
                raise ValueError(f"item id {item.id} ({item.label}) is used twice in one run")
            self._seen.add(item.id)
        return job

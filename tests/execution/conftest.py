from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imbench.execution.job import Item, Job, Outcome
from imbench.execution.local import LocalExecutor

HERE = str(Path(__file__).parent)


def make_job(target: str, payloads: list[Any], shared: Any = None, first: int = 0) -> Job:
    items = tuple(Item(first + at, f"item-{first + at}", payload) for at, payload in enumerate(payloads))
    return Job(f"targets:{target}", shared, items, path=(HERE,))


@pytest.fixture(scope="session")
def job() -> Callable[..., Job]:
    return make_job


@pytest.fixture(scope="session")
def executor() -> Iterator[LocalExecutor]:
    """Two workers, two seconds an item; shared by the tests that do not need other limits."""
    with LocalExecutor(workers=2, timeout=20, preload=("numpy",)) as started:
        yield started


@pytest.fixture
def outcomes(executor: LocalExecutor) -> Callable[..., dict[int, Outcome]]:
    """Run jobs; outcomes by item, after a check that none came twice."""

    def run(*jobs: Job, on: LocalExecutor = executor) -> dict[int, Outcome]:
        came = list(on.run(jobs))
        found = {outcome.item_id: outcome for outcome in came}
        assert len(found) == len(came)
        assert set(found) == {item.id for each in jobs for item in each.items}
        return found

    return run

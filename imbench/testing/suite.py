"""The conformance suite over installed plugins: checks in worker processes, one finding for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imbench.execution.job import Item, Job, Outcome
from imbench.execution.local import LocalExecutor
from imbench.plugin.registry import Offer
from imbench.runner.devices import default_workers, gpu_names, wanted_device
from imbench.testing.catalogue import CHECKS, FIRST, check_of
from imbench.testing.finding import Finding, expectation, line_in_log
from imbench.testing.of_training import owner_of
from imbench.testing.worker import TARGET, Asked

__all__ = ["TIMEOUT", "number_of_checks", "run_suite"]

#: Seconds that a check may take: far more than a strategy needs on a few hundred rows.
TIMEOUT = 120.0

Named = tuple[str, Offer[Any]]


@dataclass(frozen=True)
class _Ask:
    """One check of one record."""

    kind: str
    offer: Offer[Any]
    check: str


def number_of_checks(offers: Sequence[Named]) -> int:
    """How many findings there will be."""
    return sum(len(CHECKS[kind]) for kind, _ in offers)


def run_suite(
    offers: Sequence[Named], *, timeout: float = TIMEOUT, started: Callable[[str], object] = len
) -> Iterator[Finding]:
    """Check records of plugins, each in worker processes of its own; yields one finding per check, as they come.

    Args:
        offers: what to check, see `imbench.testing.catalogue.offers_named`.
        timeout: seconds that one check may take.
        started: told what is being checked.

    Raises:
        EnvironmentFault: workers cannot be started.
    """
    device = wanted_device("auto")
    workers = min(default_workers("cpu"), len(offers))
    with LocalExecutor(workers=workers, timeout=timeout, device=device, gpus=gpu_names()) as executor:
        pointless: dict[tuple[str, str], str] = {}
        for first in (True, False):
            asks = [
                [_Ask(kind, offer, check.__name__) for check in CHECKS[kind] if (check.__name__ in FIRST) is first]
                for kind, offer in offers
            ]
            for group in asks:
                yield from (
                    _not_run(ask, why) for ask in group if (why := pointless.get((ask.offer.full_name, ask.check)))
                )
            left = [[ask for ask in group if (ask.offer.full_name, ask.check) not in pointless] for group in asks]
            for finding in _findings(executor, [group for group in left if group], timeout, started):
                if finding.status == "failed" and first:
                    for check in FIRST[finding.check] - {owner_of(finding.got)}:
                        pointless[finding.subject, check] = finding.check
                yield finding


def _findings(
    executor: LocalExecutor, groups: Sequence[Sequence[_Ask]], timeout: float, started: Callable[[str], object]
) -> Iterator[Finding]:
    asked: dict[int, _Ask] = {}

    def jobs() -> Iterator[Job]:
        for group in groups:
            items = []
            for ask in group:
                asked[len(asked)] = ask
                items.append(Item(len(asked) - 1, f"{ask.offer.full_name}: {ask.check}", ask.check))
            one = group[0]
            started(one.offer.full_name)
            shared = Asked(origin=one.offer.origin, kind=one.kind, name=one.offer.full_name, timeout=timeout)
            yield Job(TARGET, shared, tuple(items))

    for outcome in executor.run(jobs()):
        yield _finding(asked[outcome.item_id], outcome)


def _finding(ask: _Ask, outcome: Outcome) -> Finding:
    if outcome.status == "ok":
        return Finding(**outcome.header)
    return Finding(
        subject=ask.offer.full_name, kind=ask.kind, check=ask.check, status="failed",
        expected=expectation(check_of(ask.kind, ask.check)),
        got=f"{outcome.status}: {outcome.reason}",
        where=line_in_log(outcome.log, ask.offer.origin.target),
    )  # fmt: skip


def _not_run(ask: _Ask, why: str) -> Finding:
    return Finding(
        subject=ask.offer.full_name, kind=ask.kind, check=ask.check, status="n/a",
        expected=expectation(check_of(ask.kind, ask.check)), got=f"not checked: {why} failed",
    )  # fmt: skip

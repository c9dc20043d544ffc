"""Checks as a worker process runs them: what crashes or hangs there is a finding, and the command goes on."""

from __future__ import annotations

import faulthandler
from collections.abc import Sequence
from dataclasses import dataclass

from imbench.plugin.loading import entries_of, load
from imbench.plugin.registry import Origin
from imbench.testing.catalogue import check_of, offers_named, subject_of
from imbench.testing.finding import judge
from imbench.training.request import Report, Work

__all__ = ["TARGET", "Asked", "run"]

TARGET = "imbench.testing.worker:run"
#: Share of the time limit after which the stacks are written to the log, to show where it hangs.
STACKS_AT = 0.8


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What all checks of a job share.

    Attributes:
        origin: the plugin.
        kind: of the record.
        name: ``plugin/name``.
        timeout: seconds that a check may take.
    """

    origin: Origin
    kind: str
    name: str
    timeout: float


def run(asked: Asked, items: Sequence[Work], report: Report) -> None:
    """Run the checks that the items name on one record; what several of them need is worked out once."""
    registry = load(entries_of([asked.origin]))
    offer = next(offer for kind, offer in offers_named(registry, asked.name) if kind == asked.kind)
    subject = subject_of(asked.kind, offer)
    for item in items:
        report.working(item.id, str(item.payload))
        faulthandler.dump_traceback_later(STACKS_AT * asked.timeout)
        finding = judge(check_of(asked.kind, str(item.payload)), subject, asked.kind)
        faulthandler.cancel_dump_traceback_later()
        report.outcome(item.id, finding.record(), {})

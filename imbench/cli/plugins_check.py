"""``imbench plugins check``: does an installed plugin keep the contract?"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from imbench.cli.options import Json, seconds
from imbench.cli.text import clean, out, out_json, say
from imbench.errors import Exit

if TYPE_CHECKING:
    from imbench.testing.finding import Finding

__all__ = ["check"]

#: Seconds between two words on how far it is: on a terminal, where one line is written over, and elsewhere.
LIVE_EVERY, LINE_EVERY = 0.2, 5.0
#: How the reason of a check begins that an earlier one made pointless.
NOT_CHECKED = "not checked: "
#: Checks named in one line; of more only the number is told.
MOST_NAMED = 6


def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A plugin, plugin/name, or a distribution.")],
    timeout: Annotated[str | None, typer.Option("--timeout", help="Limit of one check: 90, 10m.")] = None,
    as_json: Json = False,
) -> int:
    """Check that an installed plugin keeps the contract.

    Every check runs in a worker process: what crashes or hangs there is a failed check. Exit code 4 if one fails.
    """
    limit = seconds(timeout)
    from imbench.plugin.loading import load
    from imbench.testing.catalogue import offers_named
    from imbench.testing.suite import TIMEOUT, number_of_checks, run_suite

    offers = offers_named(load(), name)
    progress = _Progress(number_of_checks(offers))
    findings = []
    try:
        for finding in run_suite(offers, timeout=limit or TIMEOUT, started=progress.started):
            findings.append(finding)
            progress.finished(finding)
    finally:
        progress.close()
    order = {offer.full_name: number for number, (_, offer) in enumerate(offers)}
    findings.sort(key=lambda finding: order[finding.subject])
    counts = {status: sum(each.status == status for each in findings) for status in ("ok", "failed", "skipped", "n/a")}
    if as_json:
        out_json({"name": name, "counts": counts, "checks": [finding.record() for finding in findings]})
    else:
        _report(findings)
        told = ", ".join(
            f"{number} {status}" for status, number in counts.items() if number or status in ("ok", "failed")
        )
        out(f"{clean(name)}: {len(findings)} checks: {told}")
    return Exit.PLUGIN if counts["failed"] else Exit.OK


def _report(findings: Sequence[Finding]) -> None:
    """What failed in full, what a declaration exempts in a line, the rest as a count."""
    for subject in dict.fromkeys(finding.subject for finding in findings):
        own = [finding for finding in findings if finding.subject == subject]
        passed = sum(finding.status == "ok" for finding in own)
        bad = [finding for finding in own if finding.status == "failed"]
        out(f"{clean(subject)}: {'ok' if not bad else 'FAILED'}, {passed} of {passed + len(bad)} checks passed")
        for finding in bad:
            out(f"  FAILED   {finding.check}")
            out(f"    expected: {clean(finding.expected)}")
            out(f"    got:      {clean(finding.got)}")
            if finding.where:
                out(f"    look at:  {clean(finding.where)}")
        for finding in own:
            if finding.status == "skipped":
                out(f"  skipped  {finding.check}: {clean(finding.got)}")
        _report_unneeded([finding for finding in own if finding.status == "n/a"])


def _report_unneeded(findings: Sequence[Finding]) -> None:
    """A line for each reason why checks were not run."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        reasons.setdefault(finding.got, []).append(finding.check)
    for reason, checks in reasons.items():
        label = "not run " if reason.startswith(NOT_CHECKED) else "no need "
        told = ", ".join(checks) if len(checks) <= MOST_NAMED else f"{len(checks)} checks"
        out(f"  {label} {told}: {clean(reason.removeprefix(NOT_CHECKED))}")


@dataclass
class _Progress:
    """How far it is, on stderr: one live line on a terminal, a line every few seconds elsewhere."""

    total: int
    done: int = 0
    failed: int = 0
    running: str = ""
    live: bool = field(default_factory=sys.stderr.isatty)
    _next: float = field(default_factory=lambda: time.monotonic() + 1.0)

    def started(self, label: str) -> None:
        self.running = label
        self._show()

    def finished(self, finding: Finding) -> None:
        self.done += 1
        self.failed += finding.status == "failed"
        self.running = finding.subject
        self._show()

    def close(self) -> None:
        if self.live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (LIVE_EVERY if self.live else LINE_EVERY)
        text = f"imbench: {self.done} of {self.total} checks, {self.failed} failed, {clean(self.running)}"
        if self.live:
            sys.stderr.write(f"\r\x1b[K{text[:100]}")
            sys.stderr.flush()
        else:
            say(text)

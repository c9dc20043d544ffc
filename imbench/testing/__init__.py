"""The conformance suite: what imbench expects of every strategy, dataset, backbone and metric.

From a plugin's own tests:

    @pytest.mark.parametrize("check", conformance("my-plugin"))
    def test_conformance(check):
        check()

``imbench plugins check my-plugin`` runs the same checks in worker processes. Each check is a function of a subject,
``row_independence(subject("my-plugin/name"))``, that raises `Broken` with what came instead; they are in
`imbench.testing.of_record`, `of_parts`, `of_training` and `of_others`.

A part may declare what a rule would else hold against it, by an attribute: ``transductive`` (the scores of a row depend
on the rows scored with it), ``uncalibrated`` (its scores stand for no class prior). True, or better one line on why.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

    from imbench.testing.catalogue import CHECKS
    from imbench.testing.finding import Broken, Check, Exempt, Finding, NotApplicable, judge
    from imbench.testing.of_others import Other
    from imbench.testing.subject import Strategy

__all__ = ["CHECKS", "Broken", "Exempt", "Finding", "NotApplicable", "conformance", "judge", "subject"]

#: Names whose modules need torch: imported when they are first used.
_HOMES = {"CHECKS": "catalogue"} | dict.fromkeys(("Broken", "Exempt", "Finding", "NotApplicable", "judge"), "finding")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"imbench.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'imbench.testing' has no attribute {name!r}")


class _Called:
    """A check bound to its subject, for pytest: fails with what came, or skips with the reason."""

    def __init__(self, check: Check, subject: Strategy | Other, kind: str) -> None:
        self._check, self._subject, self._kind = check, subject, kind

    def __call__(self) -> None:
        import pytest

        from imbench.testing.finding import judge

        __tracebackhide__ = True
        finding = judge(self._check, self._subject, self._kind)
        if finding.status == "failed":
            pytest.fail(str(finding), pytrace=False)
        if finding.status != "ok":
            pytest.skip(finding.got)


def subject(name: str) -> Strategy | Other:
    """An installed ``plugin/name`` as its checks see it. Raises UsageError if it names none or several."""
    from imbench.errors import UsageError
    from imbench.plugin.loading import load
    from imbench.testing.catalogue import offers_named, subject_of

    found = offers_named(load(), name)
    if len(found) > 1:
        raise UsageError(
            f"expected one record, got {len(found)}: write one of {[offer.full_name for _, offer in found]}"
        )
    return subject_of(*found[0])


def conformance(name: str) -> list[ParameterSet]:
    """All checks of a plugin, a distribution or a ``plugin/name`` as pytest parameters: call each in a test.

    They run in the process of the tests, so that a debugger stops in them. Checks of one record share what they train.

    Raises:
        UsageError: none of that name is installed.
        PluginError: the plugin is BROKEN.
    """
    import pytest

    from imbench.plugin.loading import load
    from imbench.testing.catalogue import CHECKS, offers_named, subject_of

    parameters: list[Any] = []
    for kind, offer in offers_named(load(), name):
        under_test = subject_of(kind, offer)
        parameters += [
            pytest.param(_Called(check, under_test, kind), id=f"{offer.spec.name}-{check.__name__}")
            for check in CHECKS[kind]
        ]
    return parameters

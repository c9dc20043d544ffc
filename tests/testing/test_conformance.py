"""The suite is tried on strategies that are wrong in one way each: its own check catches it, and says so."""

from __future__ import annotations

import re

import pytest

from imbench.testing.catalogue import CHECKS, check_of
from imbench.testing.finding import judge
from imbench.testing.subject import Strategy
from tests.testing.bad import BAD, Bad, Right, right_recipe

ids = {"ids": lambda bad: f"{bad.name}-{bad.check}"}


@pytest.mark.parametrize("bad", BAD, **ids)
def test_it_is_caught_by_its_own_check_with_a_message_and_a_line(bad: Bad) -> None:
    found = judge(check_of("strategy", bad.check), Strategy(bad.offer), "strategy")
    assert found.status == "failed"
    assert re.search(bad.says, found.got), found.got
    assert "\n" not in found.got
    assert re.search(r"tests/testing/bad\.py:\d+$|^bad\.py:\d+$", found.where), found.where
    assert found.expected


@pytest.mark.parametrize("make", [Right, right_recipe])
def test_what_is_right_passes(make) -> None:
    strategy = Strategy(Bad(make, "", "").offer)
    found = [judge(check, strategy, "strategy") for check in CHECKS["strategy"]]
    assert [str(each) for each in found if each.status not in ("ok", "n/a")] == []
    assert sum(each.status == "ok" for each in found) >= 18


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD, **ids)
def test_and_by_no_other_check_than_those_it_breaks_as_well(bad: Bad) -> None:
    strategy = Strategy(bad.offer)
    found = [judge(check, strategy, "strategy") for check in CHECKS["strategy"]]
    failed = {each.check: each.got for each in found if each.status == "failed"}
    assert bad.check in failed
    assert failed.keys() - {bad.check} <= bad.also, failed


def test_every_check_of_a_strategy_has_somebody_that_it_catches() -> None:
    # no GPU is asked for here, and the three about the process have one each
    assert {check.__name__ for check in CHECKS["strategy"]} - {bad.check for bad in BAD} <= {"cuda", "one_class"}

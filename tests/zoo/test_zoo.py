"""Promises 4 and 5 under fire: every beast gets its status and its reason, and nobody beside it feels a thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imbench.results.result import Result
from tests.dists import Answer, Bench

from .beasts import BEASTS

TIMEOUT = 5
MATRIX = """
datasets = ["breast_cancer"]
seeds = 1
strategies = {strategies}
budget = {{steps = 60, batch_size = 32}}
cost = {{enabled = false}}
limits = {{timeout = {timeout}, memory = "1.5GB"}}
"""

#: beast → its status, and what its reason says
FATES = {
    "segv_make": ("crashed", r"killed by SIGSEGV .*\(building\)"),
    "segv_loss": ("crashed", r"killed by SIGSEGV .*\(training"),
    "segv_fit": ("crashed", r"killed by SIGSEGV .*\(fitting\)"),
    "abort_resample": ("crashed", r"killed by SIGABRT .*\(resampling\)"),
    "exit_zero_make": ("crashed", r"exited with code 0 \(building\)"),
    "exit_zero_fit": ("crashed", r"exited with code 0 \(fitting\)"),
    "sys_exit_make": ("failed", r"SystemExit: make has had enough"),
    "sys_exit_loss": ("failed", r"SystemExit: the loss has had enough"),
    "kill_self": ("crashed", r"killed by SIGKILL .*\(fitting\)"),
    "kill_server": ("crashed", r"ended the fork server, which was killed by SIGKILL"),
    "eater": ("oom", r"held \d+ MB of memory where 1500 MB are allowed \(fitting\)|MemoryError"),
    "hang_make": ("timeout", r"took longer than 5 s \(building\)"),
    "hang_make_c": ("timeout", r"took longer than 5 s \(building\)"),
    "hang_resample": ("timeout", r"took longer than 5 s \(resampling\)"),
    "hang_resample_c": ("timeout", r"took longer than 5 s \(resampling\)"),
    "hang_loss": ("timeout", r"took longer than 5 s \(training"),
    "hang_loss_c": ("timeout", r"took longer than 5 s \(training"),
    "hang_children": ("timeout", r"took longer than 5 s \(fitting\)"),
    "raises_make": (
        "failed",
        r"'zoo' \(zoo 1.0\) failed while building strategy 'raises_make': LookupError: no such remedy",
    ),
    "raises_unprintable": ("failed", r"not even this can be printed"),
    "makes_nothing": ("failed", r"expected make\(\) to return a Recipe or .*, got NoneType"),
    "nan_scores": ("failed", r"test scores: expected finite scores, got \d+ NaN"),
    "nan_loss": ("failed", r"test scores: expected finite scores, got \d+ NaN"),
    "scalar_loss": (
        "failed",
        r"loss: expected one loss per example, shape \(32,\), got torch.Size\(\[\]\): do not reduce",
    ),
    "wrong_shape": ("failed", r"expected scores of shape \((\d+), 2\), got float32 of shape \(\1, 3\)"),
    "labels_for_scores": ("failed", r"expected scores of shape \((\d+), 2\), got int64 of shape \(\1,\)"),
    "logits_for_scores": ("failed", r"test scores: expected scores ≥ 0, got -3 in row 0: logits\?"),
    "out_of_range": ("failed", r"resampler: expected indices in 0…\d+"),
    "writes_x": ("failed", r"ValueError: assignment destination is read-only"),
    "forces_x": ("failed", r"ValueError: cannot set WRITEABLE flag to True"),
    "forces_x_fit": ("failed", r"ValueError: cannot set WRITEABLE flag to True"),
    "globals_make": ("ok", r""),
    "globals_resample": ("noop", r"the resampler kept every row and made none"),
    "globals_loss": ("ok", r""),
    "nograd_loss": ("failed", r"grad"),
    "meta_loss": ("failed", r"meta tensor"),
    "inplace_loss": ("ok", r""),
    "prints": ("ok", r""),
    "no_vmap": ("ok", r""),
    "unseeded": ("ok", r""),
}
GOOD = ("prior", "erm", "erm+threshold", "gbdt", "focal")
#: They train on plain cross-entropy, so they must get what `erm` gets, whatever else they do.
LIKE_ERM = ("globals_make", "globals_resample", "prints")
#: They have a loss of their own, or draw from generators that they did not seed.
LIKE_ALONE = ("globals_loss", "inplace_loss", "no_vmap", "unseeded")


@pytest.fixture(scope="module")
def fire(zoo: Bench) -> Answer:
    """All beasts beside `focal` and the baselines, in one run of two workers."""
    matrix = zoo.matrix(MATRIX.format(strategies=[*FATES, "focal"], timeout=TIMEOUT))
    return zoo.run(matrix, "store", "-j", 2)


@pytest.fixture(scope="module")
def peace(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The same without the zoo, which is not even installed, in one worker."""
    bench = Bench(tmp_path_factory.mktemp("peace"))
    answer = bench.run(bench.matrix(MATRIX.format(strategies=["focal"], timeout=60)), "store", "-j", 1)
    assert answer.code == 0, answer.err
    return bench


@pytest.fixture(scope="module")
def apart(fire: Answer, zoo: Bench) -> dict[str, Result]:
    """Some of the beasts again, without the others."""
    matrix = zoo.matrix(MATRIX.format(strategies=list(LIKE_ALONE), timeout=60), "apart.toml")
    assert zoo.run(matrix, "apart", "-j", 2, "-k", " or ".join(LIKE_ALONE)).code == 0
    return zoo.results("apart")


def cell(name: str) -> str:
    return f"breast_cancer/natural/0/{name}"


def test_every_beast_of_the_zoo_has_a_fate() -> None:
    assert FATES.keys() == BEASTS.keys() - {"spy"}


def test_the_run_ends_with_a_result_for_every_cell(fire: Answer, zoo: Bench) -> None:
    assert fire.code == 1, fire.err
    results = zoo.results()
    assert results.keys() == {cell(name) for name in (*FATES, *GOOD)}
    failed = [name for name, result in results.items() if not result.done]
    assert f"imbench: {len(failed)} of {len(results)} cells failed" in fire.err
    # the leaderboard of those that are left, and the failed ones as n/N
    assert "erm+threshold" in fire.out
    assert "0/1" in fire.out


@pytest.mark.parametrize("name", FATES)
def test_a_beast_has_its_status_and_its_reason(name: str, fire: Answer, zoo: Bench) -> None:
    status, reason = FATES[name]
    result = zoo.results()[cell(name)]
    assert result.status == status, result.reason
    assert re.search(reason, result.reason), result.reason
    assert "\n" not in result.reason
    if not result.done:
        line = f"imbench: {status}: {cell(name)}: "
        assert any(each.startswith(line) for each in fire.err.splitlines()), "it was told when it happened"


@pytest.mark.parametrize("name", GOOD)
def test_who_stands_beside_a_beast_has_the_same_scores_as_without(
    name: str, fire: Answer, zoo: Bench, peace: Bench
) -> None:
    under_fire, alone = zoo.results()[cell(name)], peace.results()[cell(name)]
    assert under_fire.status == alone.status == "ok"
    assert under_fire.scores == alone.scores
    assert under_fire.content() == alone.content()


@pytest.mark.parametrize("name", LIKE_ERM)
def test_a_vandal_that_trains_like_erm_scores_like_erm(name: str, fire: Answer, zoo: Bench) -> None:
    results = zoo.results()
    assert results[cell(name)].scores == results[cell("erm")].scores


def test_nobody_is_left(fire: Answer, zoo: Bench) -> None:
    assert zoo.wait_for_silence() == []


def test_the_time_is_bounded_by_the_limits(fire: Answer) -> None:
    """Each hang costs its limit once per attempt; one inside the lock-step loop once per halving of its pack."""
    hangs = sum(status == "timeout" for status, _ in FATES.values())
    builds = 2  # tried once to learn what it is, once as a cell
    halvings = 6  # of a pack of at most 24 cells
    assert fire.seconds < TIMEOUT * (hangs * builds + 2 * halvings) + 120


def test_what_a_beast_prints_stays_with_it(fire: Answer, zoo: Bench) -> None:
    assert "lala" not in fire.out + fire.err
    assert all(len(result.log) <= 64 << 10 for result in zoo.results().values())
    assert "segfault" in zoo.results()[cell("segv_fit")].log, "the stack at the time of death"
    log = zoo.results()[cell("raises_make")].log
    assert "LookupError: no such\nremedy" in log
    assert str(Path("imbench", "training")) not in log, "frames of imbench are no help to an author"


@pytest.mark.parametrize("name", LIKE_ALONE)
def test_a_beast_that_trains_scores_as_without_the_others(name: str, apart: dict[str, Result], zoo: Bench) -> None:
    """Also where it draws from global generators, which nobody seeded: the block's seed has."""
    assert apart[cell(name)].scores == zoo.results()[cell(name)].scores

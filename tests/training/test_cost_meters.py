"""Who else used the processor during a timed section, cores that a process is kept on, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imbench.training.meters import Use, contention, pinned

BEFORE = Use(wall=100.0, cores=2, busy=50.0, idle=150.0, own=10.0, waited=1.0, switches=7)


def after(*, busy: float | None, idle: float, own: float, waited: float | None, cores: int = 2) -> Use:
    """Ten seconds later."""
    return Use(
        wall=110.0, cores=cores, busy=None if busy is None else 50.0 + busy, idle=150.0 + idle, own=10.0 + own,
        waited=None if waited is None else 1.0 + waited, switches=9,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("later", "threads", "others", "contended"),
    [
        (after(busy=10.0, idle=10.0, own=10.0, waited=0.0), 1, 0.0, False),
        (after(busy=20.0, idle=0.0, own=10.0, waited=0.0), 1, 1.0, False),  # others have the other core
        (after(busy=20.0, idle=0.0, own=10.0, waited=0.0), 2, 1.0, True),  # we need both
        (after(busy=20.0, idle=0.0, own=6.0, waited=4.0), 1, 1.4, True),
        (after(busy=20.0, idle=0.0, own=20.0, waited=9.0), 1, 0.0, False),  # our own processes wait for each other
        (after(busy=5.0, idle=15.0, own=5.0, waited=5.0), 1, 0.0, True),  # a quota: idle cores, yet we wait
    ],
)
def test_contended_is_who_lacks_a_core_it_needs(later, threads, others, contended):
    seen = contention(BEFORE, later, threads)
    assert seen.others == pytest.approx(others)
    assert seen.contended is contended
    assert (seen.switches, seen.unknown) == (2, "")


def test_a_sandbox_that_shows_nothing_has_a_reason():
    blind = after(busy=0.0, idle=0.0, own=10.0, waited=None)  # times that stand still
    for later in (blind, after(busy=None, idle=0.0, own=10.0, waited=None)):
        seen = contention(BEFORE, later, 1)
        assert (seen.others, seen.waited, seen.contended) == (None, None, False)
        assert seen.unknown
        assert seen.own == pytest.approx(1.0)
    seen = contention(BEFORE, after(busy=0.0, idle=0.0, own=6.0, waited=4.0), 1)
    assert (seen.others, seen.contended, seen.unknown) == (None, True, ""), "waiting says it as well"


@given(busy=st.floats(0, 20), own=st.floats(0, 10), waited=st.floats(0, 10), threads=st.integers(1, 2))
def test_more_use_by_others_never_clears_a_section(busy, own, waited, threads):
    def seen(busy):
        return contention(BEFORE, after(busy=busy, idle=20 - busy, own=own, waited=waited), threads)

    assert seen(busy).contended <= seen(20).contended
    assert seen(busy).others >= 0


BUSY = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nprint(flush=True)\nwhile True: pass"


@contextmanager
def busy(core: int):
    """A process in a session of its own that does nothing but compute on one core."""
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(core)], stdout=subprocess.PIPE, start_new_session=True)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


SECTION = """
import json, os, sys, time
from dataclasses import asdict
from imbench.training.meters import contention, use

if len(sys.argv) > 1:
    os.sched_setaffinity(0, {int(sys.argv[1])})

def burn(until):
    while time.perf_counter() < until: pass

out, into = os.pipe()
before = use()
started = time.process_time()
children = []
for _ in range(0 if len(sys.argv) > 1 else 2):
    children.append(os.fork())
    if not children[-1]:
        burn(before.wall + 0.7)
        os.write(into, f"{time.process_time()}\\n".encode())
        os._exit(0)
burn(before.wall + 0.6)
living = use()
for child in children:
    os.waitpid(child, 0)
spent = time.process_time() - started
after = use()
spent += sum(float(line) for line in (os.read(out, 4096).split() if children else []))
seen = [{**asdict(contention(before, end, 1)), "wall": end.wall - before.wall} for end in (living, after)]
print(json.dumps([*seen, spent]))
"""


def section(*core: int):
    """What a process sees that computes for 0.6 s, with two children or alone on one core, and seconds it spent."""
    command = [sys.executable, "-c", SECTION, *map(str, core)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_busy_processes_on_our_core_are_seen():
    core = max(os.sched_getaffinity(0))
    with busy(core), busy(core):
        seen, *_ = section(core)
    assert seen["contended"]
    assert seen["others"] is None or seen["others"] > 0.2
    assert seen["own"] < 0.9
    assert seen["switches"] > 0


def test_our_own_children_are_not_others():
    """What two children and their parent spent is found, while the children live and when they are gone."""
    while_living, afterwards, spent = section()
    assert afterwards["own"] * afterwards["wall"] == pytest.approx(spent, abs=0.08)
    # the children live 0.1 s longer; the system shows the time of a living process in steps of a tick
    assert while_living["own"] * while_living["wall"] == pytest.approx(spent, abs=0.35)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for seen in (while_living, afterwards):  # what others use is theirs: only that ours is not counted twice
        assert seen["own"] + (seen["others"] or 0.0) <= cores + 0.2


def test_pinning_ends_where_it_began():
    if not hasattr(os, "sched_setaffinity"):
        with pinned(1, torch.device("cpu")) as cores:
            assert cores == []
        return
    before = os.sched_getaffinity(0)
    with pinned(1, torch.device("cpu")) as cores:
        assert os.sched_getaffinity(0) == set(cores)
        assert len(cores) == 1
        assert len(before) == 1 or cores != [min(before)]
    assert os.sched_getaffinity(0) == before
    with pinned(1, torch.device("cuda")) as cores:  # its driver has threads of its own
        assert cores == []
        assert os.sched_getaffinity(0) == before

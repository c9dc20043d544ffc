from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from imbench.execution import processes
from imbench.execution.forkserver import PRELOAD, environment
from imbench.execution.server import LATER


def test_the_tree_of_processes():
    with subprocess.Popen(
        ["sh", "-c", "sleep 100 & echo; wait"], stdout=subprocess.PIPE, start_new_session=True
    ) as shell:
        shell.stdout.readline()
        parent_of = processes.parents()
        assert parent_of[shell.pid] == os.getpid()
        assert parent_of[os.getpid()] == os.getppid()
        below = processes.descendants(shell.pid, parent_of)
        assert below == [child.pid for child in psutil.Process(shell.pid).children(recursive=True)]
        assert set(below) < set(processes.descendants(os.getpid(), parent_of))
        processes.kill(shell.pid)
        shell.wait()
    processes.kill(shell.pid)  # gone: nothing happens


def test_memory():
    assert 0 < processes.available_memory() <= psutil.virtual_memory().total
    alone = processes.resident([os.getpid()])
    assert processes.resident([os.getpid(), os.getppid()]) > alone > 1_000_000
    assert processes.oom_kills() >= 0


@pytest.mark.slow
def test_preloading_starts_no_thread_and_preloads_what_a_first_step_needs():
    """A fork with threads is unsafe, and an import that every worker repeats is slow."""
    later = [name for names in LATER.values() for name in names]
    code = (
        f"import sys, os\nfor name in {(*PRELOAD, *later)}: __import__(name)\n"
        "sys.stdout.write(str(len(os.listdir('/proc/self/task'))))\nbefore = set(sys.modules)\n"
        "import torch\np = torch.nn.Parameter(torch.ones(2)); o = torch.optim.Adam([p]); p.sum().backward(); o.step()\n"
        "sys.stdout.write(' ' + str(len(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(1, "cpu"), capture_output=True, check=True)
    threads, imports = done.stdout.split()
    assert int(threads) == 1
    assert int(imports) < 20

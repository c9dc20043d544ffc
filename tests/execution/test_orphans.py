"""Whatever ends the parent ends its workers, and their children, within two seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent

#: a user's script without a guard: a worker that imported its __main__ would run it again
SCRIPT = """
import sys, time
from imbench.execution.job import Item, Job
from imbench.execution.local import LocalExecutor
with open({started!r}, "a") as note:
    note.write("started\\n")
job = Job("targets:{target}", {note!r}, (Item(0, "first", {payload!r}), Item(1, "second", None)), path=({here!r},))
with LocalExecutor(workers=1, timeout=None, preload=("numpy",)) as executor:
    for outcome in executor.run([job]):
        print(outcome.status, flush=True)
print("finished", flush=True)
"""


def launch(folder: Path, target: str, payload: str) -> subprocess.Popen[str]:
    text = SCRIPT.format(
        started=str(folder / "started"), note=str(folder / "pids"), target=target, payload=payload, here=str(HERE)
    )
    script = folder / "script.py"
    script.write_text(text)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, str(script)], text=True, start_new_session=True, **pipes)


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def wait_until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "hang"), [(signal.SIGKILL, "sleep_in_c"), (signal.SIGTERM, "sleep_in_c"), (signal.SIGINT, "sleep")]
)
def test_no_orphans_when_the_parent_ends(tmp_path, number, hang):
    with launch(tmp_path, "families", hang) as parent:
        note = tmp_path / "pids"
        wait_until(lambda: note.exists() and len(note.read_text().split()) == 3)
        below = family(parent.pid)
        listed = {int(pid) for pid in note.read_text().split()}
        assert listed <= {process.pid for process in below}  # worker, its child, its daemon; and the fork server
        assert len(below) >= 4
        os.kill(parent.pid, number)
        _, alive = psutil.wait_procs(below, timeout=2.0)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
        _, errors = parent.communicate(timeout=10)
        assert parent.returncode == -number
        assert ("KeyboardInterrupt" in errors) == (number == signal.SIGINT)


def test_workers_die_with_the_fork_server(tmp_path):
    with launch(tmp_path, "misbehave", "sleep_in_c") as parent:
        wait_until(lambda: len(family(parent.pid)) == 2)
        server, worker = family(parent.pid)
        assert worker.ppid() == server.pid
        # the parent is stopped, so that only the kernel can end the worker
        os.kill(parent.pid, signal.SIGSTOP)
        server.kill()
        worker.wait(timeout=2.0)
        os.kill(parent.pid, signal.SIGCONT)
        parent.kill()
        parent.communicate()


def test_an_unguarded_script_runs_once_and_leaves_nothing(tmp_path):
    with launch(tmp_path, "misbehave", "abort") as parent:
        output, errors = parent.communicate(timeout=30)
    assert output.split() == ["crashed", "ok", "finished"]
    assert errors == ""
    assert (tmp_path / "started").read_text() == "started\n"

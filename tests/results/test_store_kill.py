"""Promise 7: an acknowledged result survives ``kill -9`` at any moment. Real processes, real signals."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from imbench.results.store import Store

CHILD = """
import sys
import numpy as np
from imbench.matrix.cell import Cell, Coordinates
from imbench.results.result import Result
from imbench.results.store import Store

rng = np.random.default_rng(int(sys.argv[2]))
with Store.open(sys.argv[1]) as store, store.lock():
    print("ready", flush=True)
    for seed in range(10**9):
        cell = Cell(at=Coordinates(dataset="wine", ratio=10.0, seed=seed), strategy="erm")
        result = Result(key=f"{sys.argv[2]}-{seed}", cell=cell, status="ok", metrics={"ap": 0.5}, log="x" * 500)
        added = store.add(result, rng.random((200, 2)).astype("f4"))
        print(added.key, added.scores, flush=True)
"""


def test_acknowledged_results_survive_kill(tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    chance = random.Random(0)
    for round_ in range(8):
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(round_)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            lines = [child.stdout.readline().rstrip("\n") for _ in range(chance.randint(1, 12))]
            time.sleep(chance.uniform(0, 0.01))
            child.kill()
            lines += child.stdout.read().split("\n")
        assert child.returncode == -9
        # what follows the last line break was not acknowledged: the pipe cut it
        acknowledged.update(line.split(" ") for line in lines[:-1])

        database = sqlite3.connect(tmp_path / "results.db")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        with Store.open(tmp_path, create=False) as store:
            latest = store.latest()
            assert acknowledged.keys() <= latest.keys()
            assert len(latest) <= len(acknowledged) + round_ + 1, "at most one unacknowledged result a round"
            for key, name in acknowledged.items():
                assert latest[key].scores == name
                if key.startswith(f"{round_}-"):
                    assert store.read_scores(name)["test"].shape == (200, 2)
    assert len(acknowledged) > 20


def test_kill_while_a_store_is_made(tmp_path: Path) -> None:
    """Whatever a first run left when it was killed while it made the store, the next one goes on with."""
    code = "import sys; from imbench.results.store import Store; print(flush=True); Store.open(sys.argv[1]).close()"
    for round_ in range(8):
        folder = tmp_path / str(round_)
        with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(round_ * 0.001)
            child.kill()
        with Store.open(folder) as store:
            assert store.latest() == {}

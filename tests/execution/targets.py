"""What well-behaved and hostile code does in a worker. Found by name, through the job's path."""

import ctypes
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def double(shared, items, report):
    """Well-behaved: each item alone."""
    for item in items:
        report.working(item.id, f"doubling {item.label}")
        report.outcome(item.id, {"shared": shared, "pid": os.getpid()}, {"twice": np.full(3, item.payload * 2.0)})


def misbehave(shared, items, report):
    """Each item alone; its payload names one of the functions of this module, or is None."""
    for item in items:
        report.working(item.id, f"running {item.payload}")
        if item.payload is not None:
            globals()[item.payload](report)
        report.outcome(item.id, {}, {})


def weigh(shared, items, report):
    """Sends back what it was given."""
    report.outcome(items[0].id, {"kinds": [array.dtype.str for array in shared]}, dict(zip("abc", shared, strict=True)))


def lock_step(shared, items, report):
    """All together; dies if a guilty item is among them, after those in `shared` have reported."""
    report.working(None, "stepping")
    for item in items:
        if item.id in shared["early"]:
            report.outcome(item.id, {}, {})
    for item in items:
        if item.payload:
            globals()[item.payload](report)
    for item in items:
        if item.id not in shared["early"]:
            report.outcome(item.id, {}, {})


def segfault(report):
    print("about to touch address 0")  # noqa: T201
    ctypes.string_at(0)


def abort(report):
    os.abort()


def leave(report):
    os._exit(0)


def sys_exit(report):
    sys.exit(3)


def suicide(report):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(report):
    time.sleep(1000)


def sleep_in_c(report):
    ctypes.PyDLL(None).sleep(1000)  # PyDLL keeps the GIL: no Python thread of the process runs any more


def ignore_signals(report):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(1000)


def stop_itself(report):
    os.kill(os.getpid(), signal.SIGSTOP)


def eat(report):
    kept = []
    while True:
        kept.append(np.ones(200_000_000 // 8))


def memory_error(report):
    raise MemoryError("no room for the kernel matrix")


def raise_error(report):
    raise ValueError("the remedy\nneeds two classes")


def chatter(report):
    for _ in range(20):
        sys.stdout.write(("x" * 99 + "\n") * 100_000)
    print("the last line")  # noqa: T201
    os.write(2, b"\xff\xfe not text\n")
    os.abort()


def garbage(report):
    raw(report).sendall(b"\xff\xff\xff\xffgarbage")
    time.sleep(1000)


def half_a_frame(report):
    raw(report).sendall(struct.pack(">I", 1000) + b'{"kind": ')
    time.sleep(1000)


def huge_claim(report):
    frame(report, b'{"kind":"outcome","item":0,"header":{},"arrays":[["x","<f8",[1000000000000]]]}')


def unknown_item(report):
    report.outcome(12345, {}, {})
    time.sleep(1000)


def twice(report):
    report.outcome(0, {}, {})
    report.outcome(0, {}, {})
    time.sleep(1000)


class Bomb:
    def __reduce__(self):
        return os.mkdir, (os.environ["IMBENCH_TEST_BOMB"],)


def pickle_bomb(report):
    body = pickle.dumps(Bomb())
    raw(report).sendall(struct.pack(">i", len(body)) + body)
    time.sleep(1000)


def forbidden_array(report):
    report.outcome(0, {}, {"x": np.array([object()])})


def kill_server(report):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def raw(report) -> socket.socket:
    return report._channel


def frame(report, text: bytes) -> None:
    raw(report).sendall(struct.pack(">I", len(text)) + text)
    time.sleep(1000)


def pollute(shared, items, report):
    """What it finds, and then spoils, of the process's global state."""
    found = {
        "cwd": str(Path.cwd()),
        "spoilt": os.environ.get("SPOILT"),
        "threads": os.environ["OMP_NUM_THREADS"],
        "stdin": sys.stdin.read(),
        "leader": os.getsid(0) == os.getpid(),
        "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "term": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
    }
    report.outcome(items[0].id, found, {})
    os.environ["SPOILT"] = "yes"
    os.chdir("/")
    np.zeros = None
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def families(shared, items, report):
    """Leaves a child in the session and one that daemonised, writes their ids to `shared`, then ends somehow."""
    report.working(items[0].id, "raising children")
    child = subprocess.Popen(["sleep", "1000"])
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(write, str(os.getpid()).encode())
        time.sleep(1000)
    daemon = int(os.read(read, 100))
    Path(shared).write_text(f"{os.getpid()} {child.pid} {daemon}")
    if items[0].payload:
        globals()[items[0].payload](report)
    report.outcome(items[0].id, {}, {})


def linger(shared, items, report):
    """Everything is reported, but it does not go."""
    report.outcome(items[0].id, {}, {})
    time.sleep(1000)


def silent(shared, items, report):
    """Returns without a word."""


def unannounced(shared, items, report):
    """Hangs before it says anything."""
    time.sleep(1000)


def optimise(shared, items, report):
    """A step of an optimiser of torch, which imports a good deal the first time."""
    import torch

    before = "torch._dynamo" in sys.modules
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.sum().backward()
    torch.optim.Adam([parameter]).step()
    for item in items:
        report.outcome(item.id, {"imported": not before}, {})


def uses_sklearn(shared, items, report):
    """Imports scikit-learn, which takes a while."""
    import sklearn.ensemble

    for item in items:
        report.outcome(item.id, {"version": sklearn.__version__}, {})


def knows_sklearn(shared, items, report):
    """Says whether all of it was there when this process began."""
    for item in items:
        report.outcome(item.id, {"known": "sklearn.linear_model" in sys.modules}, {})


def tell_time(shared, items, report):
    """Says when it ends, on the clock that all processes of a machine share."""
    time.sleep(0.2)
    for item in items:
        report.outcome(item.id, {"ended": time.monotonic()}, {})


def which_gpu(shared, items, report):
    """Says which GPU this process may see; waits, so that the next job needs another worker."""
    for item in items:
        time.sleep(0.2)
        report.outcome(item.id, {"gpu": os.environ.get("CUDA_VISIBLE_DEVICES")}, {})

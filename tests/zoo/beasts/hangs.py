"""Strategies that never come back, in Python and in C with the interpreter's lock held."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time

from imbench import Fit, Recipe

from .deaths import Doing, Late, Resampling


def in_python() -> None:
    while True:
        try:
            time.sleep(1)
        except BaseException:  # whoever interrupts it is ignored
            continue


def in_c() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(100_000)  # PyDLL keeps the lock: no other thread of the process runs


def with_children() -> None:
    """Hang, after starting a child, and a daemon in a session of its own."""
    sleep = "import time; time.sleep(100_000)"
    subprocess.Popen([sys.executable, "-c", sleep])
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleep!r}], start_new_session=True)"
    subprocess.run([sys.executable, "-c", code], check=True)
    in_python()


def hang_make() -> Recipe:
    in_python()
    return Recipe()


def hang_make_c() -> Recipe:
    in_c()
    return Recipe()


def hang_resample() -> Recipe:
    return Recipe(resample=Resampling(in_python))


def hang_resample_c() -> Recipe:
    return Recipe(resample=Resampling(in_c))


def hang_loss() -> Recipe:
    return Recipe(loss=Late(in_python))


def hang_loss_c() -> Recipe:
    return Recipe(loss=Late(in_c))


def hang_children() -> Fit:
    return Doing(with_children)

"""Strategies that end their process, or the machine's memory."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

import numpy as np
import torch
from torch import Tensor

from imbench import ClassFacts, Fit, Predictor, Recipe, Resampled, TrainView, Trial


class Late:
    """A loss that does something at its third call: after the two by which the engine tries it, in the training."""

    def __init__(self, deed):
        self._deed, self._calls = deed, 0

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        self._calls += 1
        if self._calls >= 3:
            self._deed()
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


class Doing:
    """A Fit that does something instead of fitting."""

    def __init__(self, deed):
        self._deed = deed

    def fit(self, trial: Trial) -> Predictor:
        self._deed()
        return lambda x: np.full((len(x), trial.n_classes), 1 / trial.n_classes, np.float32)


class Resampling:
    """A resampler that does something and keeps every row."""

    def __init__(self, deed):
        self._deed = deed

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        self._deed()
        return Resampled(keep=np.arange(len(view.y)))


def segfault() -> None:
    ctypes.string_at(0)


def segv_make() -> Recipe:
    segfault()
    return Recipe()


def segv_loss() -> Recipe:
    return Recipe(loss=Late(segfault))


def segv_fit() -> Fit:
    return Doing(segfault)


def abort_resample() -> Recipe:
    return Recipe(resample=Resampling(os.abort))


def exit_zero_make() -> Recipe:
    os._exit(0)


def exit_zero_fit() -> Fit:
    return Doing(lambda: os._exit(0))


def sys_exit_make() -> Recipe:
    sys.exit("make has had enough")


def sys_exit_loss() -> Recipe:
    return Recipe(loss=Late(lambda: sys.exit("the loss has had enough")))


def kill_self() -> Fit:
    return Doing(lambda: os.kill(os.getpid(), signal.SIGKILL))


def end_server() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)  # the kernel ends it with its parent


def kill_server() -> Fit:
    return Doing(end_server)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(np.ones(2**22))  # 32 MiB, touched


def eater() -> Fit:
    return Doing(eat)

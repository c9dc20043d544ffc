"""What all code of a process shares, put back after foreign code has had it.

The members of a pack share a process. A remedy that reseeds numpy, sets torch's default type or changes the folder, as
code from a notebook does, must not be felt by its neighbours. This is a guard against carelessness, not against malice:
code cannot be kept from the memory of its own process.
"""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from imbench.matrix.cell import Coordinates
from imbench.matrix.seeds import derive_seed

__all__ = ["Numerics", "undisturbed"]


def _threads_and_types() -> tuple[torch.dtype, int, bool, str]:
    return (
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
    )


@dataclass(frozen=True)
class Numerics:
    """How torch and numpy compute in this process, as it was when this was made.

    A look costs about a microsecond, so that there can be one after every call of a loss.
    """

    torch: tuple[torch.dtype, int, bool, str] = field(default_factory=_threads_and_types)
    numpy: dict[str, str] = field(default_factory=np.geterr)  # type: ignore[arg-type]

    def restore(self) -> None:
        """Put back what has changed."""
        if _threads_and_types() != self.torch:
            dtype, threads, deterministic, precision = self.torch
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic)
            torch.set_float32_matmul_precision(precision)
        if np.geterr() != self.numpy:
            np.seterr(**self.numpy)  # type: ignore[arg-type]


@contextmanager
def undisturbed(at: Coordinates | None = None) -> Iterator[None]:
    """Run one strategy's code; afterwards the process is as it was before.

    Put back: how torch and numpy compute, torch's default device and gradient mode, warning filters, the folder, the
    environment, the recursion limit, the file mode mask.

    Args:
        at: seeds the global generators by the block, for code that draws from them: what it gets then depends neither
            on the moment nor on who ran before. None leaves them alone.
    """
    numerics, device = Numerics(), torch.get_default_device()
    folder, variables, depth = os.getcwd(), dict(os.environ), sys.getrecursionlimit()  # noqa: PTH109 (a string)
    mask = os.umask(0o077)
    os.umask(mask)
    if at is not None:
        _seed_globals(derive_seed(at.stream("global")))
    try:
        with warnings.catch_warnings(), torch.set_grad_enabled(torch.is_grad_enabled()):
            yield
    finally:
        sys.setrecursionlimit(depth)
        numerics.restore()
        if torch.get_default_device() != device:
            torch.set_default_device(None)
        if dict(os.environ) != variables:
            os.environ.clear()
            os.environ.update(variables)
        os.umask(mask)
        os.chdir(folder)


def _seed_globals(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)

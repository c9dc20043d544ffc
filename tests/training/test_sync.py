"""A step never waits for the device: no operation inside one brings a value to the host."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.mlp import MLP
from imbench.training.schedule import chunk_of

from .problems import RECIPES, problem
from .test_packs import members

#: Operations whose result, or whose shape, the host must wait for on a GPU.
WAITING = frozenset({"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique", "bincount"})
#: One brings values to the host on purpose (it stands for losses that do), so it is not asked.
ASKED = [recipe for name, recipe in RECIPES.items() if name != "branching"]


class Waits(TorchDispatchMode):
    """Counts operations that wait."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.overloadpacket.__name__.lstrip(".") in WAITING
        return func(*args, **(kwargs or {}))


def waits(recipes, steps: int, dropout: float) -> int:
    """Of a training without looks at validation."""
    data = problem(1)
    budget = Budget(steps=steps, batch_size=16, evaluations=0)
    with Waits() as waiting:
        outcomes = train_pack(
            members(recipes, [data]), MLP(11, 2, hidden=8, dropout=dropout), budget, torch.device("cpu")
        )
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    return waiting.count


def test_what_waits_is_between_chunks_of_steps():
    # both have as many chunks, so what one has more of happens within steps
    assert (chunk_of(50), chunk_of(150)) == (1, 3)
    few, many = (waits(ASKED, steps, dropout=0.2) for steps in (50, 150))
    assert few == many
    assert few > 0


def test_a_loss_that_looks_at_a_value_would_be_seen():
    few, many = (waits([RECIPES["branching"]], steps, dropout=0.0) for steps in (50, 150))
    assert many - few == 100

"""What the engine is worth on a machine: packs against an ordinary loop and against the machine's matrix products.

Other work on a machine makes every clock lie. So contestants are timed in turns (A B A B …) in one process, ratios are
taken within a turn and the median of the turns is the figure: what slows one side slows the other as well.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget, Coordinates
from imbench.strategy.recipe import Recipe
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.request import Report, Request, Work
from imbench.training.trained import Trained

__all__ = [
    "CPU",
    "Shape",
    "Turns",
    "answer_nothing",
    "clock_of",
    "in_turns",
    "one_thread",
    "pack_of",
    "plain_loop",
    "product_flops",
    "sample_data",
    "sgemm",
    "step_flops",
]

CPU = torch.device("cpu")
#: Side of the square matrices whose product says what the machine can do.
PRODUCT_SIDE = 1024


@dataclass(frozen=True)
class Turns:
    """Times of contestants that took turns.

    Attributes:
        seconds: contestant → seconds of every turn, in the order of the turns.
    """

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """Median seconds of a contestant."""
        return statistics.median(self.seconds[name])

    def ratios(self, slow: str, fast: str) -> list[float]:
        """``slow`` over ``fast``, turn by turn."""
        return [a / b for a, b in zip(self.seconds[slow], self.seconds[fast], strict=True)]

    def ratio(self, slow: str, fast: str) -> float:
        """How many times longer ``slow`` took: the median over the turns."""
        return statistics.median(self.ratios(slow, fast))

    def spread(self, slow: str, fast: str) -> tuple[float, float]:
        """Smallest and largest ratio of a turn."""
        found = self.ratios(slow, fast)
        return min(found), max(found)


def in_turns(
    calls: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = time.process_time
) -> Turns:
    """Time calls in the order A B … A B …, after one turn that is not counted.

    Args:
        calls: contestant → what to time.
        repeats: turns that count.
        clock: seconds; processor time of this process by default, which other processes do not add to.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = clock()
            call()
            if turn:
                seconds[name].append(clock() - start)
    return Turns({name: tuple(values) for name, values in seconds.items()})


def clock_of(device: torch.device) -> Callable[[], float]:
    """Processor time on a CPU; on a GPU wall time once all that was asked of it is done."""
    if device.type == "cpu":
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, as a worker does; put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is trained: an MLP with two hidden layers, and how long.

    Attributes:
        hidden: units of a hidden layer.
        batch: examples of a step.
        steps: steps of a cell.
        device: where.
    """

    hidden: int = 128
    batch: int = 128
    steps: int = 200
    device: torch.device = CPU

    def mlp(self, data: TrainingData) -> MLP:
        """The network for some data."""
        return MLP(data.x_train.shape[1], data.n_classes, hidden=self.hidden)


def sample_data(rows: int = 6144, features: int = 32, *, share: float = 0.05, seed: int = 0) -> TrainingData:
    """Two normal clouds, the rarer one with ``share`` of the rows; a third as many rows to validate and to test on.

    The rows are a multiple of usual batch sizes: an ordinary loop then has no short batch at the end of an epoch.
    """
    rng = np.random.default_rng(seed)
    held = rows // 3
    total = rows + 2 * held
    y = (np.arange(total) % max(round(1 / share), 2) == 0).astype(np.int64)
    x = (rng.normal(size=(total, features)) + y[:, None] * rng.normal(size=features)).astype(np.float32)
    return TrainingData(
        at=Coordinates(dataset="sample", ratio="natural", seed=seed),
        x_train=x[:rows], y_train=y[:rows], x_validation=x[rows : rows + held], y_validation=y[rows : rows + held],
        x_test=x[rows + held :], n_classes=2, categorical=np.zeros(features, dtype=bool),
    )  # fmt: skip


def pack_of(
    cells: int, shape: Shape, data: TrainingData, *, first: int = 0, evaluations: int = 0, recipe: Recipe | None = None
) -> Callable[[], list[Trained]]:
    """A call that trains a pack of cells, each with streams of its own.

    Args:
        cells: cells in the pack.
        shape: network and length.
        data: the block.
        first: number of the first cell; a cell's streams are named by its number, whoever is in the pack.
        evaluations: looks at validation.
        recipe: of all cells; plain cross-entropy if None.
    """
    recipe = recipe or Recipe()
    rows = resample(data, recipe)
    budget = Budget(steps=shape.steps, batch_size=shape.batch, evaluations=evaluations)
    backbone = shape.mlp(data)

    def train() -> list[Trained]:
        members = [Member(recipe=recipe, data=data, rows=rows, suffix=str(first + k)) for k in range(cells)]
        found = []
        for trained in train_pack(members, backbone, budget, shape.device):
            if isinstance(trained, Exception):
                raise trained
            found.append(trained)
        return found

    return train


def plain_loop(shape: Shape, data: TrainingData) -> nn.Module:
    """One cell, the way it is written without imbench: DataLoader, `torch.nn.Sequential`, Adam."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Linear(data.x_train.shape[1], shape.hidden), nn.ReLU(),
            nn.Linear(shape.hidden, shape.hidden), nn.ReLU(),
            nn.Linear(shape.hidden, data.n_classes),
        ).to(shape.device)  # fmt: skip
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        rows = TensorDataset(torch.from_numpy(data.x_train.copy()), torch.from_numpy(data.y_train.copy()))
        loader = DataLoader(rows, batch_size=shape.batch, shuffle=True)
        loss_of = nn.CrossEntropyLoss()
        done = 0
        while done < shape.steps:
            for inputs, labels in loader:
                optimiser.zero_grad()
                loss = loss_of(network(inputs.to(shape.device)), labels.to(shape.device))
                loss.backward()
                optimiser.step()
                done += 1
                if done == shape.steps:
                    break
    return network


def step_flops(mlp: MLP, batch: int) -> int:
    """Floating-point operations of one optimiser step of one cell, matrix products alone.

    A layer of (out, in) multiplies B rows: 2·B·in·out forward, as many for the gradient of its weights, and as many
    for the gradient of its input, which the first layer does not need:
    2·B·(3·Σ in·out - in₁·out₁). Biases, ReLU, loss and optimiser are left out, so the fraction of the machine's rate
    is understated rather than flattered.
    """
    products = [out * inputs for out, inputs in mlp.shapes]
    return 2 * batch * (3 * sum(products) - products[0])


def product_flops(side: int = PRODUCT_SIDE) -> int:
    """Floating-point operations of a product of two square matrices: 2·side³."""
    return 2 * side**3


def sgemm(device: torch.device = CPU, side: int = PRODUCT_SIDE, times: int = 4) -> Callable[[], object]:
    """A call that multiplies two float32 matrices so many times, `product_flops` operations each."""
    a, b = torch.rand(side, side, device=device), torch.rand(side, side, device=device)
    out = torch.empty_like(a)
    multiply = partial(torch.mm, a, b, out=out)

    def products() -> None:
        for _ in range(times):
            multiply()

    return products


def answer_nothing(_request: Request | None, items: tuple[Work, ...], report: Report) -> None:
    """A job without work: what is left is what it costs to send one and to hear back."""
    for item in items:
        report.outcome(item.id, {}, {})

"""A pack that does not fit into memory is halved and retried; what its cells compute does not change."""

from __future__ import annotations

import gc
import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imbench.matrix.cell import Budget
from imbench.plugin.loading import load
from imbench.plugin.naming import offers_of
from imbench.training import pack
from imbench.training.request import CellRequest, Request

from .problems import problem


@dataclass
class Recorder:
    """A report that keeps what it is told."""

    arrays: dict[int, Any] = field(default_factory=dict)
    errors: dict[int, BaseException] = field(default_factory=dict)
    trained: int = 0

    def working(self, item_id, doing):
        self.trained += doing == "training"

    def outcome(self, item_id, header, arrays):
        self.arrays[item_id] = arrays["test"]

    def error(self, item_id, error):
        self.errors[item_id] = error


@dataclass(frozen=True)
class Work:
    id: int
    payload: CellRequest


def run_pack(strategies, backbone):
    registry = load()
    origins = {offer.origin for text in strategies for offer, _ in offers_of(registry.strategies, text)}
    origins.add(registry.backbones.find("mlp").origin)
    request = Request(blocks=(problem(0),), backbone=backbone, budget=Budget(steps=4, batch_size=16, evaluations=0),
                      device="cpu", origins=tuple(sorted(origins)))  # fmt: skip
    report = Recorder()
    pack.run(request, [Work(number, CellRequest(strategy=text)) for number, text in enumerate(strategies)], report)
    return report


STRATEGIES = ["erm", "focal", "weighted_ce", "balanced", "mixup", "random_over", "focal(gamma=1)", "focal(gamma=3)"]
# 4 million parameters a cell: 16 MB for each of weights, gradients, two moments and the selected copy
BACKBONE = "mlp(hidden=2000)"


def roomy_and_tight():
    """The same pack twice: with all the memory there is, and with 420 MB where it wants some 700."""
    roomy = run_pack(STRATEGIES, BACKBONE)
    gc.collect()
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (used + 420 * 2**20, before[1]))
    try:
        return roomy, run_pack(STRATEGIES, BACKBONE)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to limit memory")
def test_a_pack_beyond_the_limit_is_halved_until_it_fits():
    # in a process of its own: what other tests freed stays with the allocator and would not count against the limit
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        roomy, tight = fresh.submit(roomy_and_tight).result()
    assert not tight.errors, tight.errors
    assert roomy.trained == 1
    assert tight.trained > 1
    for number in range(len(STRATEGIES)):
        np.testing.assert_array_equal(tight.arrays[number], roomy.arrays[number])

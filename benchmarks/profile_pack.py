"""Where the time of a pack goes: one thread of the CPU, by kind of work, as Markdown.

    python benchmarks/profile_pack.py

The profiler of Python counts calls and makes each of them longer. What it adds is measured (time with it less time
without it, over the calls) and taken off every kind of work by its calls.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget
from imbench.plugin.loading import load
from imbench.strategy.compose import build
from imbench.training.loop import train_pack
from imbench.training.measure import CPU, Shape, one_thread, sample_data
from imbench.training.member import Member, resample

PLAIN = ("erm",) * 12
MIXED = (
    "erm", "weighted_ce", "smote", "random_over", "balanced", "erm", "focal", "smote+focal", "ce_focal",
    "logit_adjusted", "ldam", "weighted_bce",
)  # fmt: skip
#: Kind of work → words of which one occurs in "file:function" of the profiler; the first kind that fits counts.
KINDS: dict[str, tuple[str, ...]] = {
    "matrix products (bmm, baddbmm)": ("torch.bmm", "torch.baddbmm", "torch.addmm"),
    "optimiser (fused AdamW)": ("_fused_adamw_", "optimiser.py"),
    "ReLU forward and backward": ("relu_", "threshold_backward"),
    "gradients of the biases (sum)": ("torch.sum",),
    "gathering batches": ("index_select", "resident.py", "batch.py", "index_copy"),
    "drawing batches": ("batches.py", "randperm", "multinomial", "torch.cat", "nonzero", ":_draw"),
    "autograd and vmap around the losses": (
        "run_backward", "autograd", "_functorch", "functorch", "_pytree", "_export", "builtins.", "functools",
        "'append'", "_ops.py",
    ),
    "guards around foreign code": (
        "shared.py", "get_num_threads", "_get_extobj", "geterr", "get_float32", "are_deterministic",
        "get_default_dtype", "_ufunc_config",
    ),
    "class facts and weights of a chunk": (
        "member.py", "facts.py", "_chunk_facts", "torch.stack", "as_tensor", "block.py", "numpy", "_methods.py",
    ),
    "losses themselves": (
        "imbench_losses", "losses.py", "torch.softmax", "scatter_add_", "gather", "logsumexp", "torch.where",
        "log_sigmoid", "softplus", "'exp'", "'log'", "torch.nn.functional", "_nn.", "unsqueeze", "log_softmax",
        "cross_entropy", "'mul_'", "clamp", "'sum'", "expand", "arange", "'div_'", "zeros_like",
    ),
}  # fmt: skip


def pack(names: Sequence[str], data: TrainingData, shape: Shape) -> Callable[[], None]:
    """A call that trains a pack of strategies; resampling is done before."""
    registry = load()
    recipes = [build(registry.strategies, name).recipe.training() for name in names]
    rows = [resample(data, recipe) for recipe in recipes]
    budget = Budget(steps=shape.steps, batch_size=shape.batch, evaluations=0)

    def train() -> None:
        members = [
            Member(recipe=recipe, data=data, rows=own, suffix=str(number))
            for number, (recipe, own) in enumerate(zip(recipes, rows, strict=True))
        ]
        for trained in train_pack(members, shape.mlp(data), budget, CPU):
            if isinstance(trained, Exception):
                raise trained

    return train


def kind_of(where: str) -> str:
    """The kind of work of a function as the profiler names it."""
    return next((kind for kind, words in KINDS.items() if any(word in where for word in words)), "the rest of the loop")


def profiled(train: Callable[[], None], alone: float) -> dict[str, float]:
    """Seconds by kind of work, of ``alone`` seconds that the call takes without the profiler."""
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    train()
    profiler.disable()
    functions = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total, calls_of_all = (sum(entry[field] for entry in functions.values()) for field in (2, 1))
    added = (total - alone) / calls_of_all
    seconds: dict[str, float] = defaultdict(float)
    for (file, _, function), (_, calls, own, _, _) in functions.items():
        seconds[kind_of(f"{file}:{function}")] += own - calls * max(added, 0.0)
    return {kind: max(spent, 0.0) for kind, spent in seconds.items()}


def seconds_of(train: Callable[[], None]) -> float:
    """Processor seconds without the profiler."""
    start = time.process_time()
    train()
    return time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile both packs and print their tables."""
    parser = argparse.ArgumentParser(description="Where the time of a pack goes, as Markdown.")
    parser.add_argument("--steps", type=int, default=500)
    chosen = parser.parse_args(arguments)
    data, shape = sample_data(), Shape(steps=chosen.steps)
    with one_thread():
        for title, names in (("Twelve cells of `erm`", PLAIN), ("Twelve cells with six losses", MIXED)):
            train = pack(names, data, shape)
            train()
            alone = statistics.median(seconds_of(train) for _ in range(3))
            found = profiled(train, alone)
            total = sum(found.values())
            print(f"\n{title}: {alone / shape.steps / len(names) * 1e6:.0f} us per step and cell\n")
            print("| work | share |\n|---|---:|")
            for kind, spent in sorted(found.items(), key=lambda pair: -pair[1]):
                print(f"| {kind} | {spent / total:.1%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Learning-rate schedules and steps."""

from __future__ import annotations

from dataclasses import replace

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import FLOOR, RADIUS, at

__all__ = ["OPTIMISATION"]

_SCHEDULES = (
    StrategySpec(
        name="warmup",
        summary="learning rate rises linearly at the start",
        family="optimisation",
        make=at("warmup"),
        params={
            "share": Parameter(default=0.1, low=0.0, high=1.0, summary="share of the budget", grid=(0.05, 0.1, 0.2)),
            "start": Parameter(
                default=0.01, low=0.0, high=1.0, summary="multiplier of the first step", grid=(0.01, 0.1)
            ),
        },
        paper="Goyal et al. 2017, Accurate, Large Minibatch SGD, arXiv:1706.02677",
        notes="One schedule a recipe: for warm-up and decay together use warmup_cosine.",
    ),
    StrategySpec(
        name="cosine",
        summary="learning rate falls along half a cosine",
        family="optimisation",
        make=at("cosine"),
        params={"floor": Parameter(default=0.0, low=0.0, high=1.0, summary=FLOOR, grid=(0.0, 0.01, 0.1))},
        paper="Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983",
        notes="Without restarts.",
    ),
    StrategySpec(
        name="cyclical",
        summary="learning rate rises and falls in triangles",
        family="optimisation",
        make=at("cyclical"),
        params={
            "cycles": Parameter(default=4, low=1, high=1000, summary="triangles in the budget", grid=(2, 4, 8)),
            "floor": Parameter(default=0.1, low=0.0, high=1.0, summary=FLOOR, grid=(0.01, 0.1, 0.25)),
        },
        paper="Smith 2017, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186",
        notes="The peak is the budget's learning rate; the paper finds its range by a test run.",
    ),
    StrategySpec(
        name="warmup_cosine",
        summary="linear warm-up, then half a cosine",
        family="optimisation",
        make=at("warmup_cosine"),
        params={
            "share": Parameter(
                default=0.1,
                low=0.0,
                high=0.9,
                summary="share of the budget spent on the warm-up",
                grid=(0.05, 0.1, 0.2),
            ),
            "floor": Parameter(default=0.0, low=0.0, high=1.0, summary=FLOOR, grid=(0.0, 0.01, 0.1)),
        },
        paper="Goyal et al. 2017, arXiv:1706.02677; Loshchilov & Hutter 2017, arXiv:1608.03983",
    ),
    StrategySpec(
        name="one_cycle",
        summary="learning rate up along half a cosine, then down to almost nothing",
        family="optimisation",
        make=at("one_cycle"),
        params={
            "share": Parameter(
                default=0.3, low=0.0, high=0.95, summary="share of the budget until the peak", grid=(0.1, 0.3, 0.5)
            ),
            "start": Parameter(
                default=0.04, low=0.0, high=1.0, summary="multiplier of the first step", grid=(0.04, 0.1)
            ),
            "end": Parameter(default=4e-6, low=0.0, high=1.0, summary="multiplier at the end", grid=(4e-6, 0.001)),
        },
        paper="Smith & Topin 2019, Super-Convergence, arXiv:1708.07120",
        notes="Momentum stays as it is. The peak is the budget's learning rate, which the method wants larger than "
        "others.",
    ),
)

_STEPS = (
    StrategySpec(
        name="sam",
        summary="sharpness-aware minimisation: the gradient a short way uphill",
        family="optimisation",
        make=at("sam"),
        params={"radius": RADIUS},
        paper="Foret et al. 2021, Sharpness-Aware Minimization, arXiv:2010.01412",
        notes="Two passes a step: twice the work for the same number of steps. Takes the place of a schedule.",
    ),
    StrategySpec(
        name="sam_a",
        summary="sharpness-aware minimisation that goes uphill for the rare classes",
        family="optimisation",
        make=at("sam_a"),
        params={"radius": replace(RADIUS, low=0.001, summary="length of the ascent")},
        paper="Shwartz-Ziv et al. 2023, Simplifying Neural Network Training Under Class Imbalance, arXiv:2312.02517",
        notes="As sam, with inverse effective frequencies as class weights of the first pass; the second is plain, "
        "so the prior stays. After balanced sampling it is sam.",
    ),
)

OPTIMISATION = _SCHEDULES + _STEPS

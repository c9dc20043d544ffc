"""Hostile strategies, each for one way in which foreign code can go wrong. Copied into a distribution by the tests."""

from __future__ import annotations

from collections.abc import Iterator

from imbench import StrategySpec, hookimpl

#: name → where its factory is
BEASTS = {
    # die
    "segv_make": "zoo.deaths:segv_make",
    "segv_loss": "zoo.deaths:segv_loss",
    "segv_fit": "zoo.deaths:segv_fit",
    "abort_resample": "zoo.deaths:abort_resample",
    "exit_zero_make": "zoo.deaths:exit_zero_make",
    "exit_zero_fit": "zoo.deaths:exit_zero_fit",
    "sys_exit_make": "zoo.deaths:sys_exit_make",
    "sys_exit_loss": "zoo.deaths:sys_exit_loss",
    "kill_self": "zoo.deaths:kill_self",
    "kill_server": "zoo.deaths:kill_server",
    "eater": "zoo.deaths:eater",
    # hang
    "hang_make": "zoo.hangs:hang_make",
    "hang_make_c": "zoo.hangs:hang_make_c",
    "hang_resample": "zoo.hangs:hang_resample",
    "hang_resample_c": "zoo.hangs:hang_resample_c",
    "hang_loss": "zoo.hangs:hang_loss",
    "hang_loss_c": "zoo.hangs:hang_loss_c",
    "hang_children": "zoo.hangs:hang_children",
    # lie
    "raises_make": "zoo.lies:raises_make",
    "raises_unprintable": "zoo.lies:raises_unprintable",
    "makes_nothing": "zoo.lies:makes_nothing",
    "nan_scores": "zoo.lies:nan_scores",
    "nan_loss": "zoo.lies:nan_loss",
    "scalar_loss": "zoo.lies:scalar_loss",
    "wrong_shape": "zoo.lies:wrong_shape",
    "labels_for_scores": "zoo.lies:labels_for_scores",
    "logits_for_scores": "zoo.lies:logits_for_scores",
    "out_of_range": "zoo.lies:out_of_range",
    "writes_x": "zoo.lies:writes_x",
    # wreck what others use, and still train
    "forces_x": "zoo.vandals:forces_x",
    "forces_x_fit": "zoo.vandals:forces_x_fit",
    "globals_make": "zoo.vandals:globals_make",
    "globals_resample": "zoo.vandals:globals_resample",
    "globals_loss": "zoo.vandals:globals_loss",
    "nograd_loss": "zoo.vandals:nograd_loss",
    "meta_loss": "zoo.vandals:meta_loss",
    "inplace_loss": "zoo.vandals:inplace_loss",
    "prints": "zoo.vandals:prints",
    "no_vmap": "zoo.vandals:no_vmap",
    "unseeded": "zoo.vandals:unseeded",
    # look for what is none of theirs
    "spy": "zoo.spy:spy",
}


@hookimpl
def imbench_strategies() -> Iterator[StrategySpec]:
    for name, target in BEASTS.items():
        yield StrategySpec(name=name, summary="a beast", family="baseline", make=target)

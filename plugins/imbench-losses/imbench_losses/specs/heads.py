"""Heads, and decoupling the head from what it stands on."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import KANG, at

__all__ = ["HEADS"]

HEADS = (
    StrategySpec(
        name="cosine_head",
        summary="logits as scaled cosines, so that no class wins by the norm of its weights",
        family="head",
        make=at("cosine_head"),
        params={
            "scale": Parameter(
                default=16.0, low=1.0, high=100.0, summary="factor on the cosines", grid=(8.0, 16.0, 30.0)
            )
        },
        paper="Gidaris & Komodakis 2018, Dynamic Few-Shot Visual Learning without Forgetting, arXiv:1804.09458",
        notes="The bias of the head is not used. A small scale bounds the confidence.",
    ),
    StrategySpec(
        name="crt",
        summary="features from natural batches, then a fresh head on balanced ones",
        family="head",
        make=at("crt"),
        params={
            "share": Parameter(
                default=0.2, low=0.05, high=0.95, summary="part of the budget spent on the head", grid=(0.1, 0.2, 0.4)
            )
        },
        paper=KANG,
        notes="The head's share is taken from the one budget. Steps are selected in the second stage only.",
    ),
    StrategySpec(
        name="tau_norm",
        summary="divide each class's weights by a power of their norm, after training",
        family="head",
        make=at("tau_norm"),
        params={
            "tau": Parameter(
                default=1.0, low=0.0, high=2.0, summary="1 gives all classes norm one", grid=(0.3, 0.7, 1.0)
            )
        },
        paper=KANG,
        notes="Drops the bias, also at tau=0, where the weights stay as they are. Costs no training. Norms need "
        "not follow class sizes under Adam (Menon et al. 2021). Scores are no probabilities: add temperature.",
    ),
    StrategySpec(
        name="lws",
        summary="one learned scale per class on a frozen head, for balanced classes, after training",
        family="head",
        make=at("lws"),
        paper=KANG,
        notes="The minimum of class-balanced cross-entropy on training features, by Newton steps. A network that knows "
        "its training rows by heart leaves little to learn.",
    ),
)

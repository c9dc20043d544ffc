"""Class weights."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import BETA, CAO, CUI, KING_ZENG, at

__all__ = ["WEIGHTING"]

WEIGHTING = (
    StrategySpec(
        name="weighted_ce",
        summary="cross-entropy weighted by inverse class frequency",
        family="weighting",
        make=at("weighted_ce"),
        params={
            "power": Parameter(
                default=1.0, low=0.0, high=2.0, summary="w ∝ frequency^-power; 0.5 goes half-way", grid=(0.5, 0.75, 1.0)
            )
        },
        paper=KING_ZENG,
        notes="Reads the effective frequencies: a no-op after balanced sampling. Scores stand for a uniform prior.",
    ),
    StrategySpec(
        name="generalized_reweight",
        summary="weights by a power of the inverse class frequency beyond balance",
        family="weighting",
        make=at("generalized_reweight"),
        params={
            "rho": Parameter(
                default=1.2, low=0.0, high=4.0, summary="w ∝ frequency^-rho; 1 balances", grid=(0.8, 1.0, 1.2, 1.5)
            )
        },
        paper="Zhang et al. 2021, Distribution Alignment (DisAlign), arXiv:2103.16370",
        notes="Exactly weighted_ce(power=rho); above 1 rare classes outweigh the others. DisAlign's aligner is not "
        "here.",
    ),
    StrategySpec(
        name="class_balanced",
        summary="weights from the effective number of samples",
        family="weighting",
        make=at("class_balanced"),
        params={"beta": BETA},
        paper=CUI,
        notes="May not follow another correction of the prior. beta=0.9 is nearly uniform beyond 50 rows a class.",
    ),
    StrategySpec(
        name="drw",
        summary="class-balanced weights, deferred to the end of training",
        family="weighting",
        make=at("drw"),
        params={
            "beta": BETA,
            "start": Parameter(
                default=0.8, low=0.0, high=1.0, summary="share of the budget without weights", grid=(0.5, 0.8, 0.9)
            ),
        },
        paper=CAO,
        notes="The paper's epoch 160 of 200 is a share of 0.8. The best step on validation may precede the weights.",
    ),
)

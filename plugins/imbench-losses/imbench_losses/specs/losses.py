"""Losses."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_losses.specs.terms import CAO, KING_ZENG, LIN, MENON, RIDNIK, at, gamma, scaling, tau

__all__ = ["LOSSES"]

_FROM_ENTROPY = (
    StrategySpec(
        name="weighted_bce",
        summary="one-vs-rest binary cross-entropy, positives weighted to balance",
        family="loss",
        make=at("weighted_bce"),
        paper=KING_ZENG,
        notes="pos_weight is n_neg/n_pos of the effective frequencies; negatives keep weight 1.",
    ),
    StrategySpec(
        name="focal",
        summary="focal loss on softmax (with two classes: on the sigmoid of the margin)",
        family="loss",
        make=at("focal"),
        params={"gamma": gamma()},
        paper=LIN,
        notes="Not a proper loss: probabilities need recalibration (temperature). For class weights add weighted_ce.",
    ),
    StrategySpec(
        name="sigmoid_focal",
        summary="one-vs-rest focal loss with alpha-balance",
        family="loss",
        make=at("sigmoid_focal"),
        params={
            "gamma": gamma(),
            "alpha": Parameter(
                default=0.25,
                low=0.0,
                high=1.0,
                summary="weight of positives, 1 - alpha of negatives",
                grid=(0.25, 0.5, 0.75),
            ),
        },
        paper=LIN,
        notes="alpha=0.25 weighs positives less than negatives; 0.5 weighs both alike.",
    ),
    StrategySpec(
        name="ce_focal",
        summary="weighted cross-entropy plus focal loss",
        family="loss",
        make=at("ce_focal"),
        params={
            "gamma": gamma(),
            "weight": Parameter(
                default=0.5, low=0.0, high=1.0, summary="share of the focal term", grid=(0.25, 0.5, 0.75)
            ),
        },
        paper=f"{LIN}; {KING_ZENG}",
        notes="Only the first term is weighted (by inverse frequency), so the prior is corrected in part.",
    ),
    StrategySpec(
        name="asl",
        summary="asymmetric loss for single labels: smoothed labels, confident mistakes alone count against a class",
        family="loss",
        make=at("asl"),
        params={
            "gamma_pos": gamma(0.0, (0.0, 1.0)),
            "gamma_neg": gamma(4.0, (2.0, 4.0)),
            "smoothing": Parameter(default=0.1, low=0.0, high=0.9, summary="label smoothing", grid=(0.05, 0.1, 0.2)),
        },
        paper=RIDNIK,
        notes="The authors' single-label form. smoothing=0 is focal(gamma_pos): gamma_neg then has no effect.",
    ),
    StrategySpec(
        name="sigmoid_asl",
        summary="asymmetric loss of the paper, one-vs-rest: easy negatives are forgotten",
        family="loss",
        make=at("sigmoid_asl"),
        params={
            "gamma_pos": gamma(1.0, (0.0, 1.0)),
            "gamma_neg": gamma(4.0, (2.0, 4.0)),
            "margin": Parameter(
                default=0.05,
                low=0.0,
                high=0.5,
                summary="negatives below this probability count nothing",
                grid=(0.0, 0.05, 0.1),
            ),
        },
        paper=RIDNIK,
        notes="Probabilities are far too high: recalibrate (platt). The authors' code detaches the focusing "
        "factors; here they take part in the gradient.",
    ),
)

_BY_CLASS = (
    StrategySpec(
        name="logit_adjusted",
        summary="cross-entropy with log priors added to the logits",
        family="loss",
        make=at("logit_adjusted"),
        params={"tau": tau()},
        paper=MENON,
        notes="Reads the effective prior. Scores stand for a uniform prior, not for the natural one.",
    ),
    StrategySpec(
        name="balanced_softmax",
        summary="logit_adjusted with tau=1, under its other name",
        family="loss",
        make=at("balanced_softmax"),
        paper="Ren et al. 2020, Balanced Meta-Softmax for Long-Tailed Visual Recognition, arXiv:2007.10740",
        notes="Exactly logit_adjusted(tau=1): the two train once.",
    ),
    StrategySpec(
        name="vs",
        summary="vector-scaling loss: logits scaled and shifted by class",
        family="loss",
        make=at("vs"),
        params={"gamma": scaling(), "tau": tau()},
        paper="Kini et al. 2021, Label-Imbalanced and Group-Sensitive Classification, arXiv:2103.01550",
        notes="gamma=0 is logit_adjusted; tau=0 is cdt.",
    ),
    StrategySpec(
        name="cdt",
        summary="class-dependent temperatures: logits of rarer classes are made smaller in training",
        family="loss",
        make=at("cdt"),
        params={"gamma": scaling()},
        paper="Ye et al. 2020, Identifying and Compensating for Feature Deviation, arXiv:2001.01385",
        notes="Exactly vs(gamma, tau=0): the two train once. Scores come from the logits without the temperatures.",
    ),
    StrategySpec(
        name="ldam",
        summary="larger margins for rarer classes, on a cosine head",
        family="loss",
        make=at("ldam"),
        params={
            "max_margin": Parameter(
                default=0.5, low=0.0, high=1.0, summary="margin of the rarest class, in cosine", grid=(0.3, 0.5, 0.8)
            ),
            "scale": Parameter(
                default=30.0,
                low=1.0,
                high=100.0,
                summary="factor on the cosines, in head and loss",
                grid=(10.0, 20.0, 30.0),
            ),
        },
        paper=CAO,
        notes="Brings its own head. The paper pairs it with drw: write ldam+drw.",
    ),
    StrategySpec(
        name="seesaw",
        summary="spares rare classes the punishment by head classes, unless they are mistaken for them",
        family="loss",
        make=at("seesaw"),
        params={
            "p": Parameter(
                default=0.8, low=0.0, high=2.0, summary="mitigation by class frequency; 0 is none", grid=(0.4, 0.8, 1.2)
            ),
            "q": Parameter(
                default=2.0, low=0.0, high=4.0, summary="compensation by confusion; 0 is none", grid=(0.0, 1.0, 2.0)
            ),
        },
        paper="Wang et al. 2021, Seesaw Loss for Long-Tailed Instance Segmentation, arXiv:2008.10032",
        notes="The paper counts examples as they come; here class frequencies are the effective ones from the "
        "start. p=q=0 is cross-entropy. Corrects the prior in part.",
    ),
    StrategySpec(
        name="label_aware_smoothing",
        summary="label smoothing, stronger for larger classes",
        family="loss",
        make=at("label_aware_smoothing"),
        params={
            "head": Parameter(
                default=0.3, low=0.0, high=0.9, summary="smoothing of the largest class", grid=(0.1, 0.2, 0.3)
            ),
            "tail": Parameter(
                default=0.0, low=0.0, high=0.9, summary="smoothing of the smallest class", grid=(0.0, 0.1)
            ),
        },
        paper="Zhong et al. 2021, Improving Calibration for Long-Tailed Recognition, arXiv:2104.00466",
        notes="The paper uses it in a second stage on balanced batches. Others smooth the tail more.",
    ),
)

_RANKING = (
    StrategySpec(
        name="auc_margin",
        summary="AUC margin loss: mean scores of the classes a margin apart, with little spread",
        family="loss",
        make=at("auc_margin"),
        params={
            "margin": Parameter(
                default=1.0, low=0.01, high=1.0, summary="distance wanted between mean scores", grid=(0.5, 0.7, 1.0)
            )
        },
        paper="Yuan et al. 2021, Large-scale Robust Deep AUC Maximization, arXiv:2012.03173",
        notes="A loss of the batch: write fixed_positives+auc_margin, a batch of one class teaches nothing; add no "
        "class weights and no mixup. The saddle point is solved per batch, without the paper's optimiser. Scores "
        "rank.",
    ),
    StrategySpec(
        name="ap_smooth",
        summary="average precision of the batch, made smooth by sigmoids",
        family="loss",
        make=at("ap_smooth"),
        params={
            "tau": Parameter(
                default=0.05,
                low=0.001,
                high=1.0,
                summary="how far scores must be apart to count as ordered",
                grid=(0.01, 0.05, 0.1),
            )
        },
        paper="Brown et al. 2020, Smooth-AP, arXiv:2007.12163",
        notes="A loss of the batch: write fixed_positives+ap_smooth; add no class weights and no mixup. Its steps "
        "cost B² per class. Scores rank and are no probabilities: add platt. The paper has tau=0.01, on cosines of "
        "embeddings; here scores are sigmoids.",
    ),
)

LOSSES = _FROM_ENTROPY + _BY_CLASS + _RANKING

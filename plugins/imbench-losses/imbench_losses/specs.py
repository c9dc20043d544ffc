"""What this plugin offers, as data. Nothing here imports torch: factories are named by text."""

from __future__ import annotations

from imbench import Parameter, StrategySpec

__all__ = ["SPECS"]


def _at(factory: str) -> str:
    return f"imbench_losses.recipes:{factory}"


def _gamma(default: float = 2.0) -> Parameter:
    return Parameter(default=default, low=0.0, high=10.0, summary="focusing exponent; 0 is cross-entropy")


def _tau(default: float = 1.0) -> Parameter:
    return Parameter(default=default, low=0.0, high=4.0, summary="strength of the adjustment; 0 is none")


_BETA = Parameter(default=0.9999, low=0.0, high=0.999999, summary="0 is uniform, towards 1 inverse frequency")
_FLOOR = "lowest multiplier of the learning rate"
_KING_ZENG = "King & Zeng 2001, Logistic Regression in Rare Events Data"
_LIN = "Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002"
_CAO = "Cao et al. 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, arXiv:1906.07413"
_MENON = "Menon et al. 2021, Long-tail Learning via Logit Adjustment, arXiv:2007.07314"
_KANG = "Kang et al. 2020, Decoupling Representation and Classifier, arXiv:1910.09217"

_WEIGHTING = (
    StrategySpec(
        name="weighted_ce",
        summary="cross-entropy weighted by inverse class frequency",
        family="weighting",
        make=_at("weighted_ce"),
        params={"power": Parameter(default=1.0, low=0.0, high=2.0, summary="w ∝ frequency^-power; 0.5 goes half-way")},
        paper=_KING_ZENG,
        notes="Reads the effective frequencies: a no-op after balanced sampling. Scores stand for a uniform prior.",
    ),
    StrategySpec(
        name="class_balanced",
        summary="weights from the effective number of samples",
        family="weighting",
        make=_at("class_balanced"),
        params={"beta": _BETA},
        paper="Cui et al. 2019, Class-Balanced Loss Based on Effective Number of Samples, arXiv:1901.05555",
        notes="May not follow another correction of the prior. beta=0.9 is nearly uniform beyond 50 rows a class.",
    ),
    StrategySpec(
        name="drw",
        summary="class-balanced weights, deferred to the end of training",
        family="weighting",
        make=_at("drw"),
        params={
            "beta": _BETA,
            "start": Parameter(default=0.8, low=0.0, high=1.0, summary="share of the budget without weights"),
        },
        paper=_CAO,
        notes="The paper's epoch 160 of 200 is a share of 0.8. The best step on validation may precede the weights.",
    ),
)

_LOSSES = (
    StrategySpec(
        name="weighted_bce",
        summary="one-vs-rest binary cross-entropy, positives weighted to balance",
        family="loss",
        make=_at("weighted_bce"),
        paper=_KING_ZENG,
        notes="pos_weight is n_neg/n_pos of the effective frequencies; negatives keep weight 1.",
    ),
    StrategySpec(
        name="focal",
        summary="focal loss on softmax (with two classes: on the sigmoid of the margin)",
        family="loss",
        make=_at("focal"),
        params={"gamma": _gamma()},
        paper=_LIN,
        notes="Not a proper loss: probabilities need recalibration (temperature). For class weights add weighted_ce.",
    ),
    StrategySpec(
        name="sigmoid_focal",
        summary="one-vs-rest focal loss with alpha-balance",
        family="loss",
        make=_at("sigmoid_focal"),
        params={
            "gamma": _gamma(),
            "alpha": Parameter(default=0.25, low=0.0, high=1.0, summary="weight of positives, 1 - alpha of negatives"),
        },
        paper=_LIN,
        notes="The paper's alpha=0.25 down-weights the positives. alpha=0.5 weighs both alike.",
    ),
    StrategySpec(
        name="ce_focal",
        summary="class-weighted cross-entropy plus focal loss",
        family="loss",
        make=_at("ce_focal"),
        params={
            "gamma": _gamma(),
            "weight": Parameter(default=0.5, low=0.0, high=1.0, summary="share of the focal term"),
        },
        paper=f"{_LIN}; {_KING_ZENG}",
        notes="Only the cross-entropy is weighted, so the prior is corrected in part.",
    ),
    StrategySpec(
        name="logit_adjusted",
        summary="cross-entropy with log priors added to the logits",
        family="loss",
        make=_at("logit_adjusted"),
        params={"tau": _tau()},
        paper=_MENON,
        notes="Reads the effective prior. Scores stand for a uniform prior, not for the natural one.",
    ),
    StrategySpec(
        name="balanced_softmax",
        summary="logit_adjusted with tau=1, under its other name",
        family="loss",
        make=_at("balanced_softmax"),
        paper="Ren et al. 2020, Balanced Meta-Softmax for Long-Tailed Visual Recognition, arXiv:2007.10740",
        notes="Exactly logit_adjusted(tau=1): the two train once.",
    ),
    StrategySpec(
        name="vs",
        summary="vector-scaling loss: logits scaled and shifted by class",
        family="loss",
        make=_at("vs"),
        params={"gamma": _gamma(0.3), "tau": _tau()},
        paper="Kini et al. 2021, Label-Imbalanced and Group-Sensitive Classification, arXiv:2103.01550",
        notes="gamma=0 is logit_adjusted; tau=0 is CDT (Ye et al. 2020).",
    ),
    StrategySpec(
        name="ldam",
        summary="larger margins for rarer classes, on a cosine head",
        family="loss",
        make=_at("ldam"),
        params={
            "max_margin": Parameter(default=0.5, low=0.0, high=1.0, summary="margin of the rarest class, in cosine"),
            "scale": Parameter(default=30.0, low=1.0, high=100.0, summary="factor on the cosines, in head and loss"),
        },
        paper=_CAO,
        notes="Brings its own head. The paper pairs it with drw: write ldam+drw.",
    ),
    StrategySpec(
        name="label_aware_smoothing",
        summary="label smoothing, stronger for larger classes",
        family="loss",
        make=_at("label_aware_smoothing"),
        params={
            "head": Parameter(default=0.3, low=0.0, high=0.9, summary="smoothing of the largest class"),
            "tail": Parameter(default=0.0, low=0.0, high=0.9, summary="smoothing of the smallest class"),
        },
        paper="Zhong et al. 2021, Improving Calibration for Long-Tailed Recognition, arXiv:2104.00466",
        notes="The paper uses it in a second stage on balanced batches. Others smooth the tail more.",
    ),
    StrategySpec(
        name="cosine_head",
        summary="logits as scaled cosines, so that no class wins by the norm of its weights",
        family="head",
        make=_at("cosine_head"),
        params={"scale": Parameter(default=16.0, low=1.0, high=100.0, summary="factor on the cosines")},
        paper="Gidaris & Komodakis 2018, Dynamic Few-Shot Visual Learning without Forgetting, arXiv:1804.09458",
        notes="The bias of the head is not used. A small scale bounds the confidence.",
    ),
)

_BATCHES = (
    StrategySpec(
        name="balanced",
        summary="every class equally often in every batch",
        family="sampling",
        make=_at("balanced"),
        paper=_KANG,
        notes="Rows of class c come N/(C·n_c) times as often: rare ones overfit. Scores stand for a uniform prior.",
    ),
    StrategySpec(
        name="power_sampler",
        summary="classes drawn by a power of their size",
        family="sampling",
        make=_at("power_sampler"),
        params={"q": Parameter(default=0.5, low=0.0, high=1.0, summary="1 is natural, 0.5 square root, 0 balanced")},
        paper=f"{_KANG}; Mahajan et al. 2018, arXiv:1805.00932",
        notes="logit_adjusted after it corrects what is left over.",
    ),
    StrategySpec(
        name="progressive",
        summary="from natural to balanced batches over the budget",
        family="sampling",
        make=_at("progressive"),
        paper=_KANG,
        notes="Its prior changes during training: add no part that reads the prior (logit_adjusted, weighted_ce).",
    ),
    StrategySpec(
        name="mixup",
        summary="train on convex combinations of pairs",
        family="augmentation",
        make=_at("mixup"),
        params={"alpha": Parameter(default=1.0, low=0.01, high=10.0, summary="Beta(alpha, alpha) of the mixing share")},
        paper="Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization, arXiv:1710.09412",
        notes="One share per batch. One-hot columns become fractions. Large networks use alpha=0.2.",
    ),
    StrategySpec(
        name="remix",
        summary="mixup whose label goes to the rarer class of unequal pairs",
        family="augmentation",
        make=_at("remix"),
        params={
            "alpha": Parameter(default=1.0, low=0.01, high=10.0, summary="Beta(alpha, alpha) of the mixing share"),
            "kappa": Parameter(default=3.0, low=1.0, high=1000.0, summary="how much larger the other class must be"),
            "tau": Parameter(default=0.5, low=0.0, high=1.0, summary="the larger class's share must be below this"),
        },
        paper="Chou et al. 2020, Remix: Rebalanced Mixup, arXiv:2007.03943",
        notes="With rare minorities almost every mixed minority row is labelled minority alone.",
    ),
)

_OPTIMISATION = (
    StrategySpec(
        name="warmup",
        summary="learning rate rises linearly at the start",
        family="optimisation",
        make=_at("warmup"),
        params={
            "share": Parameter(default=0.1, low=0.0, high=1.0, summary="share of the budget"),
            "start": Parameter(default=0.01, low=0.0, high=1.0, summary="multiplier of the first step"),
        },
        paper="Goyal et al. 2017, Accurate, Large Minibatch SGD, arXiv:1706.02677",
        notes="One schedule a recipe: for warm-up and decay together use warmup_cosine.",
    ),
    StrategySpec(
        name="cosine",
        summary="learning rate falls along half a cosine",
        family="optimisation",
        make=_at("cosine"),
        params={"floor": Parameter(default=0.0, low=0.0, high=1.0, summary=_FLOOR)},
        paper="Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983",
        notes="Without restarts.",
    ),
    StrategySpec(
        name="cyclical",
        summary="learning rate rises and falls in triangles",
        family="optimisation",
        make=_at("cyclical"),
        params={
            "cycles": Parameter(default=4, low=1, high=1000, summary="triangles in the budget"),
            "floor": Parameter(default=0.1, low=0.0, high=1.0, summary=_FLOOR),
        },
        paper="Smith 2017, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186",
        notes="The peak is the budget's learning rate; the paper finds its range by a test run.",
    ),
    StrategySpec(
        name="warmup_cosine",
        summary="linear warm-up, then half a cosine",
        family="optimisation",
        make=_at("warmup_cosine"),
        params={
            "share": Parameter(default=0.1, low=0.0, high=0.9, summary="share of the budget spent on the warm-up"),
            "floor": Parameter(default=0.0, low=0.0, high=1.0, summary=_FLOOR),
        },
        paper="Goyal et al. 2017, arXiv:1706.02677; Loshchilov & Hutter 2017, arXiv:1608.03983",
    ),
)

_POST_HOC = (
    StrategySpec(
        name="logit_adjustment",
        summary="divide the scores by the prior, after training",
        family="post-hoc",
        make=_at("logit_adjustment"),
        params={"tau": _tau()},
        paper=_MENON,
        notes="With two classes and tau=1 the decisions are those of a threshold at the prior. Costs no training.",
    ),
    StrategySpec(
        name="temperature",
        summary="one temperature on the scores, fitted on validation",
        family="post-hoc",
        make=_at("temperature"),
        paper="Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599",
        notes="Keeps the order of the classes and cannot repair a shifted prior. Runs before corrections of the prior.",
    ),
)

SPECS = _WEIGHTING + _LOSSES + _BATCHES + _OPTIMISATION + _POST_HOC

"""What this plugin offers, as data. Nothing here imports torch: factories are named by text."""

from __future__ import annotations

from imbench import Parameter, StrategySpec

__all__ = ["SPECS"]

_META = Parameter(
    default=10, low=1, high=10000, grid=(10, 50), summary="rows of each class in the meta set (of small classes, half)"
)
_VIRTUAL = Parameter(default="head", choices=("head", "all"), summary="parameters that the virtual step moves")
_APART = (
    "The meta set is taken from the training rows and no longer trains the network (a class's only row does both), so "
    "a rare class gives up to half its rows."
)

SPECS = (
    StrategySpec(
        name="group_dro",
        summary="classes weigh more the larger their loss: the worst class counts",
        family="adaptive",
        make="imbench_adaptive.recipes:group_dro",
        params={
            "step": Parameter(
                default=0.01,
                low=0.0,
                high=10.0,
                grid=(0.001, 0.01, 0.1),
                summary="step of the class weights",
            ),
        },
        paper="Sagawa et al. 2020, Distributionally Robust Neural Networks for Group Shifts, arXiv:1911.08731",
        notes="Weights start from balance, not from the natural frequencies: step=0 is inverse class frequency. A "
        "class that stays hard (wrong labels, hopeless overlap) takes all the weight in the end.",
    ),
    StrategySpec(
        name="ohem",
        summary="only the hardest examples of the largest class, in proportion to the others",
        family="adaptive",
        make="imbench_adaptive.recipes:ohem",
        params={
            "ratio": Parameter(
                default=3.0, low=0.1, high=1e9, grid=(1.0, 3.0, 10.0), summary="of the largest class per other example"
            ),
        },
        paper="Shrivastava et al. 2016, Training Region-based Object Detectors with OHEM, arXiv:1604.03540",
        notes="The hardest examples are also the mislabelled ones. Probabilities need recalibration. A batch without "
        "rare rows keeps `ratio` examples.",
    ),
    StrategySpec(
        name="influence_balanced",
        summary="examples weigh less the more they pull the decision boundary, classes inversely to their size",
        family="adaptive",
        make="imbench_adaptive.recipes:influence_balanced",
        params={
            "power": Parameter(
                default=1.0, low=0.0, high=2.0, grid=(0.5, 1.0), summary="exponent of the influence; 1 is the paper"
            ),
            "start": Parameter(
                default=0.5, low=0.0, high=1.0, grid=(0.5, 0.8), summary="share of the budget without weights"
            ),
        },
        paper="Park et al. 2021, Influence-Balanced Loss for Imbalanced Visual Classification, arXiv:2110.02444",
        notes="The paper's factor alpha drops out, because weights have mean one. It flattens the loss to a sign, so "
        "probabilities need recalibration. The best step on validation may precede `start`.",
    ),
    StrategySpec(
        name="recall_weights",
        summary="classes weigh more the lower their recall on validation, looked at during training",
        family="adaptive",
        make="imbench_adaptive.recipes:recall_weights",
        params={
            "momentum": Parameter(
                default=0.5, low=0.0, high=0.99, grid=(0.0, 0.5, 0.9), summary="share of the old weights at a look"
            ),
            "strength": Parameter(
                default=1.0, low=0.0, high=5.0, grid=(0.5, 1.0, 2.0), summary="exponent of 1 - recall; 0 is no weight"
            ),
        },
        paper="Tian et al. 2022, Striking the Right Balance: Recall Loss for Semantic Segmentation, arXiv:2106.14917",
        notes="Validation is used for training too, so a selected step, a temperature or a threshold fitted on it is "
        "optimistic. Weights change only when validation is looked at: with `evaluations = 0` never. A class that is "
        "always found keeps weight 0.05 against 1.05 of one never found (strength=1).",
    ),
    StrategySpec(
        name="mw_net",
        summary="a small network learns to weigh examples by their loss, on a balanced meta set",
        family="adaptive",
        make="imbench_adaptive.bilevel:MetaWeightNet",
        params={
            "virtual": _VIRTUAL,
            "meta": _META,
            "step": Parameter(default=0.1, low=1e-6, high=100.0, summary="rate of the virtual step"),
            "rate": Parameter(
                default=1e-3, low=1e-6, high=1.0, grid=(1e-3, 1e-2), summary="learning rate of the weight network"
            ),
        },
        paper="Shu et al. 2019, Meta-Weight-Net, arXiv:1902.07379",
        notes=f"{_APART} Weights depend on the loss alone, so it can only tell classes apart by how hard they are. "
        "Not after a resampler that copies: copies of meta rows would train.",
        alone="each step takes a virtual step and learns a second network",
    ),
    StrategySpec(
        name="learning_to_reweight",
        summary="each example weighs as much as a step on it would lower the loss of a balanced meta set",
        family="adaptive",
        make="imbench_adaptive.bilevel:LearningToReweight",
        params={"virtual": _VIRTUAL, "meta": _META},
        paper="Ren et al. 2018, Learning to Reweight Examples for Robust Deep Learning, arXiv:1803.09050",
        notes=f"{_APART} A batch in which no example helps gives a zero gradient; Adam still moves by its momentum.",
        alone="each step looks at where a virtual step would lead",
    ),
    StrategySpec(
        name="soap",
        summary="average precision as the objective, with a memory of every rare row's rank",
        family="adaptive",
        make="imbench_adaptive.ranking:AveragePrecision",
        params={
            "gamma": Parameter(
                default=0.9, low=0.01, high=1.0, grid=(0.1, 0.9), summary="share of the new value in the memory"
            ),
            "margin": Parameter(
                default=1.0, low=0.1, high=10.0, grid=(0.5, 1.0), summary="of the squared hinge, in probability"
            ),
            "rate": Parameter(default=0.5, low=0.01, high=0.99, summary="share of a batch not of the largest class"),
        },
        paper="Qi et al. 2021, Stochastic Optimization of Areas Under Precision-Recall Curves, arXiv:2104.08736",
        notes="Ranks only: probabilities need recalibration, and 0.5 is no meaningful threshold. More than two classes "
        "are ranked one-vs-rest. Costs B² per batch.",
        alone="its gradient needs a memory of every training row",
    ),
)

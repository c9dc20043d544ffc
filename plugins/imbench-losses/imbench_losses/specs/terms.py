"""Papers and parameters that several strategies share."""

from __future__ import annotations

from imbench import Parameter

CAO = "Cao et al. 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, arXiv:1906.07413"
CUI = "Cui et al. 2019, Class-Balanced Loss Based on Effective Number of Samples, arXiv:1901.05555"
KANG = "Kang et al. 2020, Decoupling Representation and Classifier, arXiv:1910.09217"
KING_ZENG = "King & Zeng 2001, Logistic Regression in Rare Events Data"
LIN = "Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002"
MENON = "Menon et al. 2021, Long-tail Learning via Logit Adjustment, arXiv:2007.07314"
RIDNIK = "Ridnik et al. 2021, Asymmetric Loss For Multi-Label Classification, arXiv:2009.14119"

BETA = Parameter(
    default=0.9999, low=0.0, high=0.999999, summary="0 is uniform, towards 1 inverse frequency",
    grid=(0.99, 0.999, 0.9999, 0.99999),
)  # fmt: skip
MIXING = Parameter(
    default=1.0, low=0.01, high=10.0, summary="Beta(alpha, alpha) of the mixing share", grid=(0.2, 0.5, 1.0)
)
RADIUS = Parameter(
    default=0.05, low=0.0, high=2.0, summary="length of the ascent; 0 is the plain step", grid=(0.02, 0.05, 0.1, 0.2)
)
FLOOR = "lowest multiplier of the learning rate"


def at(factory: str) -> str:
    """Where a factory is, as text."""
    return f"imbench_losses.recipes:{factory}"


def gamma(default: float = 2.0, grid: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0)) -> Parameter:
    """A focusing exponent."""
    return Parameter(default=default, low=0.0, high=10.0, summary="focusing exponent; 0 is cross-entropy", grid=grid)


def tau(default: float = 1.0) -> Parameter:
    """The strength of an adjustment of the prior."""
    return Parameter(
        default=default, low=0.0, high=4.0, summary="strength of the adjustment; 0 is none", grid=(0.5, 1.0, 1.5, 2.0)
    )


def scaling(default: float = 0.3) -> Parameter:
    """The exponent of logits scaled by class."""
    return Parameter(
        default=default, low=0.0, high=10.0, summary="Δ_c = (π_c/max π)^gamma; 0 is no scaling", grid=(0.1, 0.2, 0.3)
    )

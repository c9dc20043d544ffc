"""The sets that scikit-learn brings along."""

from __future__ import annotations

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits

__all__ = ["breast_cancer", "digits"]


def breast_cancer() -> pd.DataFrame:
    """Cell nuclei of 569 biopsies; ``diagnosis`` is malignant or benign."""
    found = load_breast_cancer()
    table = pd.DataFrame(found.data, columns=[str(name).replace(" ", "_") for name in found.feature_names])
    return table.assign(diagnosis=found.target_names[found.target])


def digits() -> pd.DataFrame:
    """Handwritten digits, 8 by 8 grey values of 0 to 16, row by row."""
    found = load_digits()
    table = pd.DataFrame(found.data, columns=[f"pixel_{row}_{column}" for row in range(8) for column in range(8)])
    return table.assign(digit=found.target)

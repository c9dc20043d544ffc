"""Data on which neighbours are hard to tell apart, and imbalanced-learn's own answers."""

from __future__ import annotations

import numpy as np

KINDS = (
    "gauss", "clusters", "integers", "duplicates", "duplicates across", "constant", "onehot", "offset", "extreme",
    "outliers", "few values", "denormal", "one point",
)  # fmt: skip


def hard(kind, n, d, classes, seed):
    """(n, d) float32 and (n,) labels of unequal classes, each with two rows at least."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, n, p=rng.dirichlet(np.full(classes, rng.choice([0.3, 1.0, 5.0]))))
    y[: 2 * classes] = np.repeat(np.arange(classes), 2)
    x = rng.normal(size=(n, d)) + rng.choice([0.0, 0.5, 3.0]) * rng.normal(size=(classes, d))[y]
    twins = rng.integers(0, n, (2, int(n * rng.choice([0.02, 0.3, 0.9]))))
    match kind:
        case "clusters":
            x += 5 * rng.normal(size=(9, d))[rng.integers(0, 9, n)]
        case "integers":
            x = np.round(x * rng.choice([0.5, 1.0, 3.0]))
        case "duplicates" | "duplicates across":
            x[twins[0]] = x[twins[1]]
            if kind == "duplicates":
                y[twins[0]] = y[twins[1]]
                y[: 2 * classes] = np.repeat(np.arange(classes), 2)
        case "constant":
            x[:, rng.integers(0, d, max(1, d // 2))] = rng.choice([0.0, 1.0, 1e5, 0.1])
        case "onehot":
            x = np.eye(d)[rng.integers(0, d, n)]
            x[:, 0] = rng.normal(size=n) if rng.random() < 0.7 else x[:, 0]
        case "offset":  # the reference loses most digits to its squared lengths
            x += 10.0 ** rng.integers(2, 7)
        case "extreme":
            x *= 10.0 ** rng.choice(
                [-36.0, -20.0, 18.0, 30.0, 35.0]
            )  # above that, scikit-learn's own check for infinite values warns
        case "outliers":
            x[rng.integers(0, n, 3)] *= 10.0 ** rng.integers(3, 12)
        case "few values":
            x = rng.choice([0.1, 0.2, 0.3, 0.7], size=(n, d))
        case "denormal":
            x *= 1e-42
        case "one point":
            x[:] = x[0]
    return np.ascontiguousarray(x.astype(np.float32)), y.astype(np.int64)


def indices(sampler, x, y):
    sampler.fit_resample(x, y)
    return sampler.sample_indices_

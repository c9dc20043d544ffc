"""Strategies that are wrong in one way each, and one that is right."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from imbench import Mixture, Parameter, Recipe, Resampled, StrategySpec
from imbench.plugin.registry import Offer, Origin


@dataclass(frozen=True)
class Bad:
    """A strategy, the check that must catch it, what that says, and all checks that may fail along with it."""

    make: Callable[..., Any]
    check: str
    says: str
    also: frozenset[str] = frozenset()
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.make.__name__.lower()

    @property
    def offer(self) -> Offer[StrategySpec]:
        alone = "" if hasattr(self.make, "fit") is False else "it trains by itself"
        given = {
            "name": self.name,
            "summary": "wrong",
            "family": "data",
            "make": self.make,
            "alone": alone,
            **self.spec,
        }
        return Offer(StrategySpec(**given), Origin("bad", __name__, "bad", "1.0"))


def centroids(trial):
    """Softmax of negative distances to class means: a simple model that is right."""
    present = np.flatnonzero(trial.counts)
    means = np.stack([trial.x[trial.y == c].mean(0) for c in present])
    prior = trial.prior[present]

    def predict(x):
        distances = ((np.clip(x, -1e4, 1e4)[:, None] - means) ** 2).sum(-1)
        odds = np.log(prior) - 0.5 * np.minimum(distances - distances.min(1, keepdims=True), 500)
        scores = np.zeros((len(x), trial.n_classes), np.float32)
        scores[:, present] = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
        return scores

    return predict


class Right:
    def fit(self, trial):
        return centroids(trial)


def right_recipe():
    return Recipe()


class WrongShape:
    def fit(self, trial):
        return lambda x: centroids(trial)(x)[:, 1]


class NotFinite:
    def fit(self, trial):
        return lambda x: centroids(trial)(x) * np.where(np.arange(len(x)) % 7, 1, np.nan)[:, None]


class Unseeded:
    def fit(self, trial):
        noise = np.random.default_rng().random()
        return lambda x: (
            0.9 * centroids(trial)(x)
            + 0.1 * np.array([noise] + [(1 - noise) / (trial.n_classes - 1)] * (trial.n_classes - 1))
        )


@dataclass(frozen=True)
class GlobalNoise:
    def __call__(self, inputs, labels, counts, generator):
        return Mixture(inputs + 0.1 * torch.randn(inputs.shape), ((labels, torch.ones(len(labels))),))


def global_noise():
    return Recipe(augment=GlobalNoise())


def writes_rows():
    def resample(view, rng):
        view.x[view.y == 0] *= 0.5
        return Resampled(keep=np.arange(len(view.y)))

    return Recipe(resample=resample)


class WritesThroughTorch:
    def fit(self, trial):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.from_numpy(trial.x_validation).mul_(1.0001)
        return centroids(trial)


@dataclass(frozen=True)
class Vandal:
    """A weight of one, and a side effect."""

    effect: Callable[[], object]

    def __call__(self, counts, effective, progress):
        self.effect()
        return np.ones(len(counts))


def more_threads():
    return Recipe(weight=Vandal(lambda: torch.set_num_threads(2 if torch.get_num_threads() == 1 else 1)))


def other_variables():
    return Recipe(weight=Vandal(lambda: os.environ.update(OMP_SCHEDULE="dynamic")))


def other_places():
    return Recipe(weight=Vandal(lambda: sys.path.append(f"left-behind {len(sys.path)}")))


def reseeds():
    return Recipe(weight=Vandal(lambda: np.random.seed(0)))


class ScalesByBatch:
    def fit(self, trial):
        def predict(x):
            scores = centroids(trial)(x)
            ranks = scores.argsort(0).argsort(0) + 1.0
            return ranks / ranks.sum(1, keepdims=True)

        return predict


def two_neighbours():
    def resample(view, rng):
        if view.counts[-1] < 2:
            raise ValueError("expected n_neighbors <= n_samples_fit")
        return Resampled(keep=np.arange(len(view.y)))

    return Recipe(resample=resample)


class PresentClassesOnly:
    def fit(self, trial):
        present = np.flatnonzero(trial.counts)
        return lambda x: centroids(trial)(x)[:, present]


class AtMostFour:
    def fit(self, trial):
        if trial.n_classes > 4:
            raise IndexError("index 4 is out of bounds")
        return centroids(trial)


class Overflows:
    def fit(self, trial):
        inner = centroids(trial)

        def predict(x):
            with np.errstate(all="ignore"):
                return inner(x) * (1 - 0 * (x.sum(1) ** 2))[:, None]

        return predict


class Spends:
    def fit(self, trial):
        net = torch.nn.Linear(1, 1)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
        with torch.enable_grad():
            for _ in range(10 * trial.budget.steps):
                optimiser.zero_grad()
                net.weight.square().sum().backward()
                optimiser.step()
        return centroids(trial)


def branches():
    def loss(logits, labels, facts):
        values = cross_entropy(logits, labels, reduction="none")
        return values if values.max() > 1e3 else values * 1.0

    return Recipe(loss=loss)


class Remembers:
    """Weighs by a running mean over all its calls, those for other cells of a pack too."""

    mean = 1.0

    def __call__(self, logits, labels, facts):
        values = cross_entropy(logits, labels, reduction="none")
        if torch._C._functorch.maybe_get_level(values) < 0:
            Remembers.mean = 0.9 * Remembers.mean + 0.1 * float(values.detach().mean())
        return values / (1 + Remembers.mean)


def remembers():
    Remembers.mean = 1.0
    return Recipe(loss=Remembers())


class WrongSlope:
    def __call__(self, logits, labels, facts):
        return cross_entropy(logits, labels, reduction="none")

    def gradient(self, logits, labels, facts):
        return torch.softmax(logits, -1)


def wrong_slope():
    return Recipe(loss=WrongSlope())


def divides(beta):
    if beta == 1.0:
        raise ZeroDivisionError("division by zero")
    return Recipe()


class Secretive(Right):
    pass


class Swapped:
    def fit(self, trial):
        return lambda x: centroids(trial)(x)[:, ::-1]


def quietly_balanced():
    def loss(logits, labels, facts):
        return cross_entropy(logits + facts.prior.clamp_min(1e-9).log(), labels, reduction="none")

    return Recipe(loss=loss)


class QuietlyBalancedFit:
    def fit(self, trial):
        inner, prior = centroids(trial), np.maximum(trial.prior, 1e-9)

        def predict(x):
            even = inner(x) / prior
            return even / even.sum(1, keepdims=True)

        return predict


def quiet_copies():
    def resample(view, rng):
        missing = [
            rng.choice(np.flatnonzero(view.y == c), view.counts.max() - n) for c, n in enumerate(view.counts) if n
        ]
        return Resampled(keep=np.concatenate([np.arange(len(view.y)), *missing]))

    return Recipe(resample=resample)


class RawCounts:
    prior_effect = "corrects-effective"

    def __call__(self, counts, effective, progress):
        return np.where(counts > 0, 1 / np.maximum(counts, 1), 0.0)


def raw_counts():
    return Recipe(weight=RawCounts())


def reduces():
    return Recipe(loss=lambda logits, labels, facts: cross_entropy(logits, labels))


def naive_logarithm():
    def loss(logits, labels, facts):
        p = torch.softmax(logits, -1).gather(-1, labels[..., None])[..., 0]
        return -torch.log(p)

    return Recipe(loss=loss)


def needs_positives():
    def loss(logits, labels, facts):
        values = cross_entropy(logits, labels, reduction="none")
        return values * len(labels) / (labels > 0).sum()

    return Recipe(loss=loss)


def nothing():
    return None


def raises_in_training():
    def weight(counts, effective, progress):
        raise LookupError("no such weight")

    return Recipe(weight=weight)


_DRAWS = frozenset({"own_randomness", "leaves_random"})
BAD = (
    Bad(nothing, "builds", r"NoneType", frozenset()),
    Bad(raises_in_training, "trains", r"LookupError: no such weight", frozenset()),
    Bad(WrongShape, "shape", r"expected scores of shape \(\d+, 2\), got float32 of shape", frozenset({"trains"})),
    Bad(
        NotFinite,
        "finite",
        r"scores: expected finite scores, got \d+ NaN",
        frozenset(
            {
                "row_independence",
                "learns",
                "one_example",
                "absent_class",
                "one_class",
                "twenty_classes",
                "extremes",
                "prior",
            }
        ),
    ),
    Bad(
        Unseeded,
        "deterministic",
        r"a second training changes 1000 of 1000 rows",
        frozenset({"own_randomness", "row_independence", "prior"}),
    ),
    Bad(
        global_noise,
        "own_randomness",
        r"a training beside others changes \d+ of 1000 rows.*draw from the rng",
        _DRAWS | {"pack_equality"},
    ),
    Bad(reseeds, "leaves_random", r"weight changed the global generator of numpy"),
    Bad(
        writes_rows,
        "leaves_data",
        r"assignment destination is read-only",
        frozenset({"trains"}),
    ),
    Bad(WritesThroughTorch, "leaves_data", r"x_validation changed: copy"),
    Bad(more_threads, "leaves_torch", r"weight changed the threads from \d to \d"),
    Bad(other_variables, "leaves_process", r"weight changed the environment from \[\] to \[.*OMP_SCHEDULE"),
    Bad(other_places, "leaves_process", r"weight changed the import path from \[\] to \[.*left-behind"),
    Bad(
        ScalesByBatch,
        "row_independence",
        r"row \d+ scores \(.*\) among 1000 rows and \(.*\) among two",
        frozenset({"prior"}),
    ),
    Bad(two_neighbours, "one_example", r"expected n_neighbors", frozenset({"absent_class", "one_class"})),
    Bad(
        PresentClassesOnly,
        "absent_class",
        r"expected scores of shape \(93, 3\), got float32 of shape \(93, 2\)|shape",
        frozenset({"one_class"}),
    ),
    Bad(AtMostFour, "twenty_classes", r"IndexError: index 4"),
    Bad(Overflows, "extremes", r"expected finite scores"),
    Bad(
        Spends,
        "budget",
        r"1500 steps where trial.budget.steps is 150",
        frozenset({"leaves_random", "own_randomness"}) - {"own_randomness"},
    ),
    Bad(branches, "vmap_of_the_loss", r"runs cell by cell, slowly: use torch.where instead of if"),
    Bad(
        remembers,
        "pack_equality",
        r"a pack changes \d+ of \d+ rows.*keep something from call to call",
        frozenset({"vmap_of_the_loss", "deterministic", "own_randomness", "row_independence", "prior_of_the_loss"}),
    ),
    Bad(
        wrong_slope,
        "gradient",
        r"\S+ where autograd finds -?\S+ \(class \d of example \d+, label \d\)",
        frozenset({"trains"}),
    ),
    Bad(
        divides,
        "parameters",
        r"make\(beta=1.0\) raised ZeroDivisionError",
        spec={"params": {"beta": Parameter(default=0.5, low=0.0, high=1.0)}},
    ),
    Bad(Secretive, "packs_as_declared", r'a Fit with alone=""', spec={"alone": ""}),
    Bad(Swapped, "learns", r"average precision 0\.\d+, chance is 0\.050: are the columns", frozenset({"prior"})),
    Bad(
        quietly_balanced,
        "prior_of_the_loss",
        r"it says \(0.952, 0.048\) and is smallest at scores \(0.500, 0.500\)",
        frozenset({"prior"}),
    ),
    Bad(QuietlyBalancedFit, "prior", r"said to be 0.050, but the scores behave as if it were larger"),
    Bad(
        quiet_copies,
        "prior_effect_declared",
        r"resample brings the largest class from 19 to 1 times the smallest.*'keeps'",
    ),
    Bad(raw_counts, "prior_effect_declared", r"largest weight is 19 times its smallest: read `effective`"),
    Bad(
        reduces,
        "loss_shape",
        r"for \(48, 2\) logits a loss of shape \(\): do not reduce",
        frozenset({"trains", "vmap_of_the_loss", "loss_extremes", "majority_batch", "prior_of_the_loss"}),
    ),
    Bad(naive_logarithm, "loss_extremes", r"loss \[inf\] at logits", frozenset({"extremes"})),
    Bad(
        needs_positives,
        "majority_batch",
        r"loss \[inf\] at logits",
        frozenset({"one_example", "one_class", "prior", "absent_class"}),
    ),
)

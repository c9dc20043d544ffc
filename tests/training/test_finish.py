"""After training: the prior that scores stand for, and what a result says of how they came about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbench import Recipe
from imbench.training.finish import finish, score

from .problems import problem


class Shifted:
    """A transform that knows its prior only once it is fitted."""

    def __init__(self, prior) -> None:
        self.prior = prior

    def __call__(self, scores):
        return scores


@dataclass(frozen=True)
class FromValidation:
    transductive = True

    def __call__(self, validation, prior, test):
        assert test.shape[1] == len(prior)
        return Shifted(np.bincount(validation.labels) / len(validation.labels))


@dataclass(frozen=True)
class Reads:
    seen: list

    def __call__(self, validation, prior):
        self.seen.append(prior)
        return lambda scores: scores


def test_a_prior_that_is_known_after_fitting_is_what_comes_next_reads():
    data, seen = problem(1), []
    raw = score(data, lambda x: np.full((len(x), 2), 0.5, np.float32))
    header, _ = finish(data, Recipe(adjust=(FromValidation(), Reads(seen))), raw, np.array([0.5, 0.5]))
    expected = np.bincount(data.y_validation) / len(data.y_validation)
    np.testing.assert_allclose(header["prior"], expected)
    np.testing.assert_allclose(seen[0], expected)
    assert header["notes"] == {"transductive": True}
    header, _ = finish(data, Recipe(adjust=(Reads(seen),)), raw, np.array([0.5, 0.5]))
    assert (header["prior"], header["notes"]) == ([0.5, 0.5], {})

"""What losses that are no proper scoring rules make of rows that say nothing but the prior."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imbench import ClassFacts, normalised
from imbench_losses.losses import Focal, SigmoidFocal
from imbench_losses.margins import LabelAwareSmoothing

PRIORS = [(0.95, 0.05), (0.5, 0.5), (0.999, 0.001), (0.8, 0.15, 0.05), (0.7, 0.3, 0.0)]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("loss", [Focal(2.0), Focal(0.5), Focal(0.0), SigmoidFocal(2.0, 0.25), LabelAwareSmoothing()])
def test_the_gradient_vanishes_at_the_scores_of_the_prior(loss, prior):
    pi = np.array(prior)
    told = loss.prior_after(pi)
    assert told.sum() == pytest.approx(1)
    assert np.array_equal(told > 0, pi > 0)
    if (pi == 0).any() or (isinstance(loss, SigmoidFocal) and len(pi) > 2):
        return  # one-vs-rest scores are normalised: their logits cannot be read off
    shares = torch.from_numpy(pi)
    facts = ClassFacts(shares * 1e6, shares, shares)
    logits = torch.from_numpy(told).log().expand(len(pi), -1).clone().requires_grad_()
    (shares * loss(logits, torch.arange(len(pi)), facts)).sum().backward()
    assert logits.grad.sum(0).abs().max() < 1e-5


@given(share=st.floats(0.001, 0.5), gamma=st.floats(0.1, 5.0))
@settings(max_examples=30, deadline=None)
def test_focal_lifts_the_rare_class_and_keeps_the_order_of_priors(share, gamma):
    lower, higher = (Focal(gamma).prior_after(np.array([1 - p, p]))[1] for p in (share * 0.9, share))
    assert share - 1e-6 <= higher <= 0.5 + 1e-6
    assert lower <= higher + 1e-6


def test_without_focus_it_is_the_prior():
    prior = normalised(np.array([70.0, 25.0, 5.0]))
    np.testing.assert_allclose(Focal(0.0).prior_after(prior), prior, atol=1e-6)
    np.testing.assert_allclose(SigmoidFocal(0.0, 0.5).prior_after(prior), prior, atol=1e-6)

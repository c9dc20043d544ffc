"""Weights by meta-gradients, against finite differences and against autograd through the unrolled step, in float64."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from adaptive_problems import CPU, Net, problem, trial_of
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from imbench.training.mlp import MLP
from imbench_adaptive.bilevel import WeightNet, reweighting
from imbench_adaptive.meta import forward, losses_of, meta_of, meta_rows

B, M, D, C = 7, 5, 4, 3
STEP = 0.3


@pytest.fixture(params=["head", "all"])
def case(request):
    """A network, a batch and a meta set: their losses as the virtual step sees them, and the parameters that move."""
    generator = torch.Generator().manual_seed(0)
    net = Net(MLP(D, C, hidden=8, layers=2))
    x, x_meta = (torch.randn(n, D, generator=generator, dtype=torch.float64) for n in (B, M))
    y, y_meta = torch.arange(B) % C, torch.arange(M) % C
    of_meta = torch.rand(M, generator=generator, dtype=torch.float64)
    moves = torch.ones(len(net.row), dtype=torch.float64)
    if request.param == "head":
        moves[: net.backbone.head_start] = 0
    return SimpleNamespace(
        net=net, x=x, y=y, of_meta=of_meta / of_meta.sum(), moves=moves,
        own=losses_of(net, request.param, x, y, None), others=losses_of(net, request.param, x_meta, y_meta, None),
        meta=lambda row: cross_entropy(net.logits(row, x_meta), y_meta, reduction="none"),
        batch=lambda row: cross_entropy(net.logits(row, x), y, reduction="none"),
    )  # fmt: skip


def after_a_step(case, weights):
    """The meta loss after a gradient step on the weighted batch, from the network's own logits."""
    leaf = case.net.row.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(weights @ case.batch(leaf), leaf, create_graph=weights.requires_grad)
    return case.of_meta @ case.meta(case.net.row - STEP * case.moves * gradient)


@pytest.mark.parity
def test_l2rw_is_the_finite_difference_of_the_meta_loss(parity, case):
    h, derivatives = 1e-5, []
    for i in range(B):
        epsilon = torch.zeros(B, dtype=torch.float64)
        epsilon[i] = h
        derivatives.append(float(after_a_step(case, epsilon) - after_a_step(case, -epsilon)) / (2 * h))
    expected = np.maximum(0, -np.array(derivatives))
    assert 0 < (expected > 0).sum() < B
    found = reweighting(case.own, case.others, case.of_meta, case.net.row, torch.ones(B, dtype=torch.float64))
    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-8)
    reference = "central differences of the meta loss after a step (Ren et al. 2018)"
    parity("learning_to_reweight", reference, (found, expected / expected.sum()))


def test_l2rw_skips_a_step_in_which_nothing_helps_and_rows_set_apart(case):
    helps = reweighting(case.own, case.others, case.of_meta, case.net.row, torch.ones(B, dtype=torch.float64)) > 0
    without = reweighting(case.own, case.others, case.of_meta, case.net.row, (~helps).double())
    assert without.tolist() == [0.0] * B
    last = int(helps.nonzero()[-1])
    counts = torch.ones(B, dtype=torch.float64)
    counts[last] = 0
    found = reweighting(case.own, case.others, case.of_meta, case.net.row, counts)
    assert found[last] == 0
    assert float(found.sum()) == pytest.approx(1)


@pytest.mark.parity
def test_the_gradient_of_the_weight_network_is_that_of_the_unrolled_step(parity, case):
    torch.manual_seed(0)
    net = WeightNet().double()
    share = torch.full((B,), 1 / B, dtype=torch.float64)
    share[2] = 0  # a row of the meta set
    losses = case.own(case.net.row).detach()
    net.hypergradient(losses, case.own, case.others, case.of_meta, case.net.row, share, STEP)

    def unrolled(parameters):
        return after_a_step(case, share * functional_call(net, parameters, (losses,)))

    parameters = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    expected = torch.autograd.grad(unrolled(parameters), list(parameters.values()))
    assert any(bool(gradient.abs().max() > 1e-6) for gradient in expected)
    for (_, own), gradient in zip(net.named_parameters(), expected, strict=True):
        torch.testing.assert_close(own.grad, gradient, rtol=1e-9, atol=1e-12)
        parity("mw_net", "autograd through the unrolled step (Shu et al. 2019)", None, (own.grad, gradient))


def test_directional_derivatives_are_inner_products_with_the_gradients(case):
    direction = torch.randn(len(case.net.row), generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    leaf = case.net.row.clone().requires_grad_()
    gradients = torch.stack([torch.autograd.grad(loss, leaf, retain_graph=True)[0] for loss in case.batch(leaf)])
    expected = gradients @ (direction * case.moves)
    if case.moves.min() == 0:  # only the head moves: what is below it has no derivative
        direction = direction * case.moves
    torch.testing.assert_close(case.own.along(case.net.row, direction), expected, rtol=1e-9, atol=1e-12)
    weights = torch.rand(B, dtype=torch.float64)
    torch.testing.assert_close(case.own.gradient(case.net.row, weights), weights @ gradients * case.moves)


def test_forward_is_what_the_network_says(case):
    batch = SimpleNamespace(inputs=case.x, labels=case.y)
    leaf, features, losses = forward(case.net, batch)
    assert torch.equal(features, case.net.features(case.net.row, case.x))
    torch.testing.assert_close(losses, case.batch(case.net.row))
    assert leaf.requires_grad


def test_a_loss_without_end_has_a_weight():
    net = WeightNet()
    weights = net(torch.tensor([0.0, 1.0, 1e4, 1e30, torch.inf])).detach()
    assert bool(((weights > 0) & (weights < 1)).all())
    np.testing.assert_allclose(weights[2:], float(weights[2]), rtol=1e-4)


@pytest.mark.parametrize(
    ("counts", "taken"), [([200, 30, 20], [10, 10, 10]), ([200, 5, 1], [10, 2, 1]), ([50, 0], [10, 0])]
)
def test_the_meta_set_is_balanced_and_does_not_train(counts, taken):
    trial = trial_of(problem(counts))
    rows = meta_rows(trial, 10)
    assert len(np.unique(rows)) == len(rows)
    assert np.bincount(trial.y[rows], minlength=len(counts)).tolist() == taken
    meta = meta_of(trial, rows, CPU)
    shares = torch.stack([meta.weights[meta.labels == c].sum() for c in range(len(counts)) if counts[c]])
    np.testing.assert_allclose(shares, 1 / len(shares), rtol=1e-6)
    both = [row for row in rows if counts[trial.y[row]] == 1]  # the only row of a class does both
    assert sorted([*np.flatnonzero(meta.trains == 0), *both]) == sorted(rows)
    assert np.array_equal(rows, meta_rows(trial, 10))

"""The engine's pieces against their references: torch.nn, torch.optim, scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from torch import nn

from imbench import Recipe, Resampled, Stage
from imbench.matrix.cell import Budget
from imbench.training.batches import ClassStream, EpochStream
from imbench.training.loop import train_pack
from imbench.training.member import Member, prior_at, resample, score_prior
from imbench.training.mlp import MLP
from imbench.training.optimiser import RowAdam
from imbench.training.selection import average_precision, checkpoints

from .problems import RECIPES, Adjusted, Balanced, Inverse, problem


def torch_mlp(shape: MLP, row: torch.Tensor) -> nn.Sequential:
    modules: list[nn.Module] = []
    for index, (out, inputs) in enumerate(shape.shapes):
        linear = nn.Linear(inputs, out)
        weight, bias = shape.layer(row[None], index)
        with torch.no_grad():
            linear.weight.copy_(weight[0])
            linear.bias.copy_(bias[0])
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_hand_written_backward_equals_autograd(layers):
    shape = MLP(7, 3, hidden=10, layers=layers)
    flat = torch.stack([shape.initial(torch.Generator().manual_seed(seed)) for seed in (0, 1)])
    x, upstream = torch.randn(2, 16, 7), torch.randn(2, 16, shape.shapes[-1][1])
    stack = shape.stack(flat, 16)
    features = stack.features(x, None)
    stack.backward(upstream)
    for cell in range(2):
        body = torch_mlp(shape, flat[cell])[:-1]
        expected = body(x[cell])
        torch.testing.assert_close(features[cell], expected.detach() if layers else x[cell])
        if layers:
            expected.backward(upstream[cell])
        for index in range(layers):
            weight, bias = shape.layer(stack.grad[cell][None], index)
            torch.testing.assert_close(weight[0], body[2 * index].weight.grad)
            torch.testing.assert_close(bias[0], body[2 * index].bias.grad)


def test_row_adam_equals_torch_adamw():
    shape = MLP(5, 2, hidden=8)
    flat = torch.stack([shape.initial(torch.Generator().manual_seed(seed)) for seed in (0, 1)])
    rates = torch.tensor([[1e-2], [3e-3]])
    references = [row.clone().requires_grad_() for row in flat]
    optimisers = [
        torch.optim.AdamW([row], lr=float(rate), weight_decay=0.1) for row, rate in zip(references, rates, strict=True)
    ]
    grad = torch.zeros_like(flat)
    ours = RowAdam(flat, grad, weight_decay=0.1)
    for step in range(20):
        grad.copy_(torch.randn(flat.shape, generator=torch.Generator().manual_seed(step)))
        ours.step(rates.squeeze(1).tolist())
        for row, own, optimiser in zip(references, grad, optimisers, strict=True):
            row.grad = own.clone()
            optimiser.step()
    torch.testing.assert_close(flat, torch.stack([row.detach() for row in references]), rtol=1e-5, atol=1e-7)


@given(st.integers(1, 50), st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 5))
def test_epoch_stream_takes_every_row_once_per_epoch(rows, takes, seed):
    stream = EpochStream(torch.arange(rows), torch.Generator().manual_seed(seed))
    drawn = torch.cat([stream.take(count) for count in takes])
    assert len(drawn) == sum(takes)
    for start in range(0, len(drawn) - rows + 1, rows):
        assert sorted(drawn[start : start + rows].tolist()) == list(range(rows))


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_class_stream_follows_the_probabilities_and_cycles_rows(seed):
    labels = torch.tensor([0] * 90 + [1] * 10)
    stream = ClassStream(torch.arange(100), labels, 3, torch.Generator().manual_seed(seed))
    stream.set_probabilities(np.array([0.5, 0.5, 0.0]))
    drawn = stream.take(2000)
    minority = drawn[drawn >= 90]
    assert abs(len(minority) / 2000 - 0.5) < 0.08
    counts = np.bincount(minority.numpy() - 90, minlength=10)
    assert counts.max() - counts.min() <= 1


def test_epoch_stream_equals_itself_whatever_the_chunks():
    pieces = EpochStream(torch.arange(17), torch.Generator().manual_seed(0))
    whole = EpochStream(torch.arange(17), torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat([pieces.take(n) for n in (5, 12, 3, 40)]), whole.take(60))


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=60))
def test_average_precision_equals_scikit_learn(rows):
    scores = np.array([score for score, _ in rows]) / 6
    positive = np.array([hit for _, hit in rows])
    if positive.any():
        assert average_precision(scores, positive) == pytest.approx(average_precision_score(positive, scores))
    else:
        assert np.isnan(average_precision(scores, positive))


@given(st.integers(1, 3000), st.integers(0, 60))
def test_the_last_step_is_always_looked_at(steps, evaluations):
    looks = checkpoints(steps, evaluations)
    assert (steps in looks) == (evaluations > 0)
    assert all(1 <= look <= steps for look in looks)
    assert len(looks) <= evaluations


def test_effective_prior_follows_resampling_sampling_and_weights():
    counts = np.array([900, 90, 10])
    natural = counts / counts.sum()
    assert np.allclose(prior_at(Stage(share=1), counts, 0)[1], natural)
    assert np.allclose(prior_at(Stage(share=1, sample=Balanced()), counts, 0)[1], 1 / 3)
    sampled, effective, weights = prior_at(Stage(share=1, weight=Inverse()), counts, 0)
    assert np.allclose(sampled, natural)
    assert np.allclose(effective, 1 / 3)
    assert weights @ sampled == pytest.approx(1)
    # weights computed from what the sampler left over are one: nothing is balanced twice
    assert np.allclose(prior_at(Stage(share=1, sample=Balanced(), weight=Inverse()), counts, 0)[2], 1)


def test_scores_stand_for_the_right_prior():
    counts = np.array([900, 100])
    assert np.allclose(score_prior(Recipe(), counts), [0.9, 0.1])
    assert np.allclose(score_prior(Recipe(loss=Adjusted()), counts), 0.5)
    assert np.allclose(score_prior(RECIPES["deferred"], counts), 0.5)
    data = problem(0)
    rows = resample(data, RECIPES["duplicate"])
    assert np.allclose(score_prior(RECIPES["duplicate"], np.bincount(rows.labels)), 0.5)


@pytest.mark.parametrize("bad", [[-1.0, 1.0], [np.inf, 1.0], [0.0, 0.0], [1.0, 1.0, 1.0]])
def test_impossible_weights_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        prior_at(Stage(share=1, weight=lambda *_: np.array(bad)), np.array([5, 5]), 0)


@dataclass(frozen=True)
class MakesNothing:
    """Keeps every row and returns an empty table of made ones."""

    def __call__(self, view, rng):
        none = np.empty((0, view.x.shape[1]), np.float32)
        return Resampled(keep=np.arange(len(view.y)), made_x=none, made_y=np.empty(0, np.int64))


def test_an_empty_table_of_made_rows_is_none():
    data = problem(21)
    rows = resample(data, Recipe(resample=MakesNothing()))
    assert rows.made_x is None
    assert rows.noop
    budget = Budget(steps=10, batch_size=16)
    recipes = [Recipe(resample=MakesNothing()), Recipe()]
    pair = [Member(recipe=each, data=data, rows=resample(data, each)) for each in recipes]
    made, plain = train_pack(pair, MLP(11, 2, hidden=8), budget, torch.device("cpu"))
    np.testing.assert_array_equal(made(data.x_test), plain(data.x_test))

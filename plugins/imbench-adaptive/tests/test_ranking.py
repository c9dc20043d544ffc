"""SOAP against the sums of the paper, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from imbench_adaptive.ranking import Memory, surrogate

N, B = 12, 6


def memory():
    return Memory(torch.zeros(N, dtype=torch.float64), torch.zeros(N, dtype=torch.float64))


def pair_by_pair(h, labels, rows, kept, gamma, margin):
    """(value of the gradient with respect to h (B, C), memory) by double loops over positives i and all j."""
    n_classes = h.shape[1]
    gradient, kept = np.zeros_like(h), {name: dict(values) for name, values in kept.items()}
    anchors = [1] if n_classes == 2 else range(n_classes)
    present = [c for c in anchors if (labels == c).any()]
    for c in range(n_classes):
        for i in np.flatnonzero(labels == c):
            losses = [max(0.0, margin - (h[i, c] - h[j, c])) ** 2 for j in range(B)]
            every = sum(losses) / B
            same = sum(loss for j, loss in enumerate(losses) if labels[j] == c) / B
            row = rows[i]
            kept["all"][row] = (1 - gamma) * kept["all"].get(row, 0.0) + gamma * every
            kept["same"][row] = (1 - gamma) * kept["same"].get(row, 0.0) + gamma * same
            if c not in present:
                continue
            u, v = kept["all"][row], kept["same"][row]
            for j in range(B):
                slope = 2 * max(0.0, margin - (h[i, c] - h[j, c]))
                factor = (v - u * (labels[j] == c)) / u**2
                scale = factor / B / (labels == c).sum() / len(present)
                gradient[j, c] += scale * slope
                gradient[i, c] -= scale * slope
    return gradient, kept


@pytest.mark.parity
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_gradient_and_memory_over_several_batches(parity, n_classes, gamma):
    rng = np.random.default_rng(n_classes)
    ours, theirs = memory(), {"same": {}, "all": {}}
    every_label = np.arange(N) % n_classes
    for _ in range(4):
        rows = rng.choice(N, B, replace=False)
        labels, h = every_label[rows], rng.dirichlet(np.ones(n_classes), B)
        leaf = torch.tensor(h, requires_grad=True)
        value = surrogate(leaf, torch.tensor(labels), torch.tensor(rows), ours, gamma, 0.7)
        (found,) = torch.autograd.grad(value, leaf)
        expected, theirs = pair_by_pair(h, labels, rows, theirs, gamma, 0.7)
        np.testing.assert_allclose(found, expected, atol=1e-12)
        for name, kept in zip(("same", "all"), ours, strict=True):
            for row, mean in theirs[name].items():
                assert float(kept[row]) == pytest.approx(mean, rel=1e-12)
                parity("soap", "the sums of Qi et al. 2021, pair by pair", (kept[row], mean), (found, expected))


def test_without_memory_it_descends_on_the_smooth_average_precision():
    """With gamma = 1 the factors are exact, so the gradient is that of -mean(same / all) of the batch."""
    rng = np.random.default_rng(0)
    labels = torch.tensor([1, 0, 0, 1, 0, 1])
    leaf = torch.tensor(rng.dirichlet(np.ones(2), B), requires_grad=True)
    value = surrogate(leaf, labels, torch.arange(B), memory(), 1.0, 0.7)
    (found,) = torch.autograd.grad(value, leaf)
    h = leaf[:, 1]
    losses = (0.7 - h.unsqueeze(1) + h).clamp(min=0).square()
    positive = labels == 1
    risk = -(losses[positive][:, positive].sum(1) / losses[positive].sum(1)).mean()
    torch.testing.assert_close(found, torch.autograd.grad(risk, leaf)[0])


@pytest.mark.parametrize("labels", [[0] * B, [1] * B])
def test_a_batch_of_one_class_has_no_gradient(labels):
    leaf = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(2), B), requires_grad=True)
    value = surrogate(leaf, torch.tensor(labels), torch.arange(B), memory(), 0.9, 1.0)
    (found,) = torch.autograd.grad(value, leaf)
    torch.testing.assert_close(found, torch.zeros_like(found))


def test_a_row_that_comes_twice_is_remembered_once():
    rows, labels = torch.tensor([3, 3, 4, 5, 6, 7]), torch.tensor([1, 1, 0, 0, 1, 0])
    scores = torch.tensor(np.random.default_rng(2).dirichlet(np.ones(2), B))
    scores[1] = scores[0]
    kept = memory()
    surrogate(scores, labels, rows, kept, 1.0, 1.0)
    losses = (1.0 - scores[0, 1] + scores[:, 1]).square()
    assert float(kept.all[3]) == pytest.approx(float(losses.mean()))
    assert float(kept.same[3]) == pytest.approx(float(losses[labels == 1].sum() / B))

"""Losses that bring their own gradient: used if it is the derivative, refused if it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from imbench import Recipe
from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.losses import CrossEntropy, LossGroup
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.terms import ClassTerms
from imbench.training.trained import Trained

from .problems import Mixup, problem

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Squared:
    """(1 - p_y)² of two classes."""

    factor: float = 1.0

    def __call__(self, logits, labels, facts):
        return (1 - torch.softmax(logits, -1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)) ** 2


@dataclass(frozen=True)
class SquaredByHand(Squared):
    def gradient(self, logits, labels, facts):
        assert facts.counts.shape == (len(logits), 1, logits.shape[-1])
        shares = torch.softmax(logits, -1)
        own = torch.nn.functional.one_hot(labels, logits.shape[-1])
        p = (shares * own).sum(-1, keepdim=True)
        return self.factor * -2 * (1 - p) * p * (own - shares)


@dataclass(frozen=True)
class OneNumber(Squared):
    def gradient(self, logits, labels, facts):
        return logits.sum()


@dataclass(frozen=True)
class OfTheFirstCell(SquaredByHand):
    """Right for one cell; in a pack every cell gets the gradient of the first."""

    def gradient(self, logits, labels, facts):
        return super().gradient(logits, labels, facts)[:1].expand(logits.shape)


@dataclass(frozen=True)
class BlindToThePrior:
    """Says that it adjusts for the effective prior, and its gradient does not."""

    def __call__(self, logits, labels, facts):
        return cross_entropy(logits + facts.effective.log(), labels, reduction="none")

    def gradient(self, logits, labels, facts):
        return CrossEntropy().gradient(logits, labels, facts)


@dataclass(frozen=True)
class SmallAndBackwards:
    """So small that any absolute tolerance lets it through; to Adam it is as large as any other."""

    def __call__(self, logits, labels, facts):
        return 5e-5 * cross_entropy(logits, labels, reduction="none")

    def gradient(self, logits, labels, facts):
        return -5e-5 * CrossEntropy().gradient(logits, labels, facts)


@dataclass(frozen=True)
class WithANumberOfThatName(Squared):
    gradient: float = 0.5


def train(losses, **parts):
    data = problem(0)
    recipes = [Recipe(loss=loss, **parts) for loss in losses]
    members = [Member(recipe=recipe, data=data, rows=resample(data, recipe)) for recipe in recipes]
    return train_pack(members, MLP(11, 2, hidden=16), Budget(steps=60, batch_size=32, evaluations=2), CPU)


@pytest.mark.parametrize("augment", [None, Mixup()], ids=["plain", "mixtures"])
def test_a_loss_with_its_own_gradient_trains_like_one_without(augment):
    data = problem(0)
    by_hand, by_autograd, plain, spelt_out = train(
        [SquaredByHand(), Squared(), None, lambda z, y, facts: cross_entropy(z, y, reduction="none")], augment=augment
    )
    np.testing.assert_allclose(by_hand(data.x_test), by_autograd(data.x_test), atol=2e-4)
    np.testing.assert_allclose(plain(data.x_test), spelt_out(data.x_test), atol=2e-4)
    assert not np.allclose(by_hand(data.x_test), plain(data.x_test), atol=1e-2)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (SquaredByHand(factor=1.1), "differs from its derivative"),
        (OfTheFirstCell(), "differs from its derivative"),
        (BlindToThePrior(), "differs from its derivative"),
        (SmallAndBackwards(), "differs from its derivative"),
        (OneNumber(), "of shape"),
    ],
)
def test_a_gradient_that_is_none_takes_out_its_own_cell(loss, says):
    wrong, fine = train([loss, None])
    assert isinstance(wrong, ValueError)
    assert says in str(wrong)
    assert isinstance(fine, Trained)


def test_the_gradient_of_plain_cross_entropy_is_autograds():
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(3, 16, 4, generator=generator)
    labels = torch.randint(4, (3, 16), generator=generator)
    weights = torch.rand(3, 4, generator=generator)
    group = LossGroup(CrossEntropy(), [0, 1, 2])
    terms = ClassTerms([np.array([5, 4, 3, 2])] * 3, CPU)
    ones = torch.ones(3, 16)
    found = group.gradient(
        logits, [(labels, 0.3 * ones), (labels.flip(1), 0.7 * ones)], weights, terms.facts(slice(3)), 16
    )
    leaf = logits.requires_grad_()
    loss = sum(
        share * cross_entropy(leaf[k], each[k], weights[k], reduction="sum") / 16
        for k in range(3) for share, each in ((0.3, labels), (0.7, labels.flip(1)))
    )  # fmt: skip
    torch.testing.assert_close(found, torch.autograd.grad(loss, leaf)[0])


def test_an_attribute_of_that_name_is_no_gradient():
    data = problem(0)
    named, plain = train([WithANumberOfThatName(), Squared()])
    np.testing.assert_array_equal(named(data.x_test), plain(data.x_test))


@dataclass(frozen=True)
class BatchSize:
    """A loss of the whole batch that knows how many examples are in it."""

    expected: int
    batchwise = True

    def __call__(self, logits, labels, facts):
        if len(logits) == self.expected:
            return logits.square().mean(0).sum() - logits[:, 0]
        return logits[:, 0] * 0


def test_a_loss_of_the_whole_batch_never_sees_the_padding():
    data = problem(5)
    budget = Budget(steps=20, batch_size=37, evaluations=0)
    recipes = [Recipe(loss=BatchSize(37)), Recipe(loss=BatchSize(48)), Recipe()]
    backbone = MLP(11, 2, hidden=8)
    packed = train_pack([Member(recipe=r, data=data, rows=resample(data, r)) for r in recipes], backbone, budget, CPU)
    seen, padded, plain = (each.last for each in packed)
    (alone,) = train_pack(
        [Member(recipe=recipes[0], data=data, rows=resample(data, recipes[0]))], backbone, budget, CPU
    )
    assert torch.equal(seen, alone.last)
    assert not torch.equal(seen, padded), "37 examples count, not 48"
    assert not torch.equal(seen, plain)

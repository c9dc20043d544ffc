"""What must be equal by mathematics, for any batch: strategies that are special cases of one another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imbench import ClassFacts, Validation
from imbench_losses.losses import CrossEntropyPlusFocal, Focal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import LabelAwareSmoothing, LabelDistributionAwareMargin, LogitAdjusted, VectorScaling
from imbench_losses.mixing import Mixup, Remix, mix
from imbench_losses.posthoc import LogitAdjustment
from imbench_losses.samplers import Balanced, Power, Progressive
from imbench_losses.schedules import Cosine, Cyclical, Warmup, WarmupCosine
from imbench_losses.weights import ClassBalanced, DeferredClassBalanced, InverseFrequency

share = st.floats(0, 1)
#: No deadline: the first call of an operator takes torch long.
property_of = settings(deadline=None, max_examples=50)

class_counts = st.integers(2, 20)


@st.composite
def batches(draw, classes=class_counts):
    """Logits, labels and facts of a cell; counts from 1 to a million."""
    n_classes = draw(classes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    counts = torch.tensor(np.ceil(10 ** rng.uniform(0, 6, n_classes)))
    effective = counts ** draw(share)
    logits = torch.tensor(rng.normal(0, draw(st.sampled_from([0.1, 3.0, 100.0])), (7, n_classes)))
    labels = torch.tensor(rng.integers(0, n_classes, 7))
    return logits, labels, ClassFacts(counts, counts / counts.sum(), effective / effective.sum())


def assert_same(ours, theirs, batch, rtol=1e-9):
    """Equal values and equal gradients."""
    logits, labels, facts = batch
    outcomes = []
    for loss in (ours, theirs):
        leaf = logits.clone().requires_grad_()
        losses = loss(leaf, labels, facts)
        outcomes.append((losses.detach(), torch.autograd.grad(losses.sum(), leaf)[0]))
    for mine, other in zip(*outcomes, strict=True):
        torch.testing.assert_close(mine, other, rtol=rtol, atol=1e-9)


def cross_entropy(logits, labels, facts):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


@property_of
@given(batches())
@pytest.mark.parametrize(
    "loss",
    [LogitAdjusted(0.0), Focal(0.0), VectorScaling(0.0, 0.0), LabelDistributionAwareMargin(0.0),
     LabelAwareSmoothing(0.0, 0.0), CrossEntropyPlusFocal(0.0, 1.0)],
    ids=lambda loss: type(loss).__name__,
)  # fmt: skip
def test_neutral_parameters_are_cross_entropy(loss, batch):
    assert_same(loss, cross_entropy, batch)


@property_of
@given(batches(), st.floats(0, 3))
def test_vs_without_scaling_is_logit_adjusted(batch, tau):
    assert_same(VectorScaling(0.0, tau), LogitAdjusted(tau), batch)


@property_of
@given(batches())
def test_balanced_softmax_is_logit_adjusted_with_tau_one(batch):
    def balanced_softmax(logits, labels, facts):  # Ren et al. 2020, eq. 3, on counts
        log_counts = (facts.effective * 1000).log()
        return cross_entropy(logits + log_counts, labels, facts)

    assert_same(LogitAdjusted(1.0), balanced_softmax, batch)


@property_of
@given(batches())
def test_a_balanced_effective_prior_needs_no_correction(batch):
    logits, labels, facts = batch
    balanced = ClassFacts(facts.counts, facts.prior, torch.full_like(facts.prior, 1 / len(facts.prior)))
    for loss in (LogitAdjusted(1.0), VectorScaling(0.3, 1.0), CrossEntropyPlusFocal(0.0, 0.3)):
        assert_same(loss, cross_entropy, (logits, labels, balanced))


@property_of
@given(batches(st.just(2)), st.floats(0, 5))
def test_binary_sigmoid_focal_at_half_is_half_of_softmax_focal(batch, gamma):
    assert_same(lambda *args: 2 * SigmoidFocal(gamma, 0.5)(*args), Focal(gamma), batch)


@property_of
@given(batches())
def test_weighted_bce_is_torch_bce_with_pos_weight(batch):
    def torch_bce(logits, labels, facts):
        one_hot = torch.nn.functional.one_hot(labels, logits.shape[1]).double()
        weight = (1 - facts.effective) / facts.effective
        if logits.shape[1] == 2:
            logits, one_hot, weight = logits[:, 1:] - logits[:, :1], one_hot[:, 1:], weight[1:]
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        return bce(logits, one_hot, pos_weight=weight, reduction="none").sum(1)

    assert_same(WeightedBinaryCrossEntropy(), torch_bce, batch, rtol=1e-7)


@property_of
@given(batches())
def test_ce_focal_is_the_sum_of_its_terms(batch):
    logits, labels, facts = batch
    weights = 1 / (len(facts.effective) * facts.effective)
    weighted = torch.nn.functional.cross_entropy(logits, labels, weight=weights, reduction="none")
    both = 2 * CrossEntropyPlusFocal(2.0, 0.5)(logits, labels, facts)
    torch.testing.assert_close(both, weighted + Focal(2.0)(logits, labels, facts))
    assert float(weights @ facts.effective) == pytest.approx(1)


counts_lists = st.lists(st.integers(1, 10**6), min_size=2, max_size=20).map(np.array)


@property_of
@given(counts_lists)
def test_class_balanced_spans_uniform_to_inverse_frequency(counts):
    prior = counts / counts.sum()
    np.testing.assert_allclose(ClassBalanced(0.0)(counts, prior, 0.5), 1.0)
    np.testing.assert_allclose(InverseFrequency(0.0)(counts, prior, 0.5), 1.0)
    assert ClassBalanced(0.999)(counts, prior, 0.5).sum() == pytest.approx(len(counts))
    few = counts % 50 + 1  # for n << 1/(1 - beta) the effective number is n
    inverse = (1 / few) / (1 / few).sum() * len(few)
    np.testing.assert_allclose(ClassBalanced(0.999999)(few, few / few.sum(), 0.5), inverse, rtol=1e-4)


@property_of
@given(counts_lists, share, st.floats(0.1, 0.9))
def test_deferred_weights_are_uniform_and_then_class_balanced(counts, progress, start):
    weights = DeferredClassBalanced(0.999, start)(counts, counts / counts.sum(), progress)
    expected = ClassBalanced(0.999 if progress >= start else 0.0)(counts, counts / counts.sum(), progress)
    np.testing.assert_allclose(weights, expected)


@property_of
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=20).filter(any).map(np.array), share)
def test_samplers_are_distributions_over_the_classes_present(counts, progress):
    prior = counts / counts.sum()
    balanced = (counts > 0) / (counts > 0).sum()
    for sample in (Balanced(), Power(0.5), Progressive()):
        probabilities = sample(counts, progress)
        assert probabilities.sum() == pytest.approx(1)
        assert ((probabilities > 0) == (counts > 0)).all()
    np.testing.assert_allclose(Power(1.0)(counts, progress), prior)
    np.testing.assert_allclose(Power(0.0)(counts, progress), Balanced()(counts, progress))
    np.testing.assert_allclose(Balanced()(counts, progress), balanced)
    np.testing.assert_allclose(Progressive()(counts, progress), (1 - progress) * prior + progress * balanced)


@property_of
@given(st.integers(0, 2**32), st.floats(0.01, 10))
def test_mixing_with_share_one_is_the_batch_and_weights_sum_to_one(seed, alpha):
    generator = torch.Generator().manual_seed(seed)
    inputs, labels = torch.randn(9, 4, generator=generator), torch.randint(0, 3, (9,), generator=generator)
    counts, ones = torch.tensor([1000.0, 30.0, 2.0]), torch.ones(9)
    same = mix(inputs, labels, torch.randperm(9, generator=generator), torch.tensor(1.0), ones)
    assert torch.equal(same.inputs, inputs)
    assert torch.equal(same.targets[0][0], labels)
    assert torch.equal(same.targets[1][1], torch.zeros(9))
    for augment in (Mixup(alpha), Remix(alpha)):
        mixed = augment(inputs, labels, counts, generator)
        (own, own_share), (_, other_share) = mixed.targets
        assert torch.equal(own, labels)
        torch.testing.assert_close(own_share + other_share, ones)
        assert float(own_share.min()) >= 0
        assert float(own_share.max()) <= 1
        assert mixed.inputs.dtype == inputs.dtype
        assert mixed.inputs.abs().max() <= inputs.abs().max() + 1e-6


@property_of
@given(share, share, share, st.integers(1, 12))
def test_schedules_stay_between_floor_and_one(progress, floor, part, cycles):
    for schedule in (Warmup(part, floor), Cosine(floor), Cyclical(cycles, floor)):
        assert floor - 1e-12 <= schedule(progress) <= 1 + 1e-12
    assert 0 <= WarmupCosine(0.9 * part, floor)(progress) <= 1 + 1e-12
    assert Warmup(0.0)(progress) == 1.0
    assert Warmup(part, floor)(part) == 1.0
    assert Cosine(1.0)(progress) == Cyclical(cycles, 1.0)(progress) == pytest.approx(1.0)


def test_schedules_hit_their_corners():
    assert Warmup(0.1, 0.01)(0.0) == pytest.approx(0.01)
    assert Warmup(0.1, 0.0)(0.05) == pytest.approx(0.5)
    assert Cosine(0.2)(0.0) == pytest.approx(1.0)
    assert Cosine(0.2)(0.5) == pytest.approx(0.6)
    assert Cosine(0.2)(1.0) == pytest.approx(0.2)
    assert [Cyclical(2, 0.1)(t) for t in (0, 0.25, 0.5, 0.75)] == pytest.approx([0.1, 1.0, 0.1, 1.0])
    assert [WarmupCosine(0.2, 0.0)(t) for t in (0.2, 0.6, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert WarmupCosine(0.2)(0.1) == Warmup(0.2)(0.1)


@property_of
@given(st.floats(0.001, 0.5), st.integers(0, 2**32))
def test_binary_logit_adjustment_decides_like_a_threshold_at_the_prior(positives, seed):
    prior = np.array([1 - positives, positives])
    p = np.random.default_rng(seed).beta(0.3, 2, 200)
    scores = np.stack([1 - p, p], axis=1)
    adjusted = LogitAdjustment(1.0)(Validation(scores, np.zeros(200, np.int64)), prior)(scores)
    clear = np.abs(p - positives) > 1e-9
    assert (adjusted.argmax(1) == (p > positives))[clear].all()
    np.testing.assert_allclose(adjusted.sum(1), 1.0)

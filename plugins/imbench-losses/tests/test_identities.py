"""What must be equal by mathematics, for any batch: strategies that are special cases of one another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench import ClassFacts, HeadView, Validation
from imbench_losses import recipes
from imbench_losses.asymmetric import Asymmetric, SigmoidAsymmetric
from imbench_losses.calibration import Isotonic, Platt
from imbench_losses.calibration import VectorScaling as VectorScalingCalibration
from imbench_losses.deciding import AlertBudget, CostThreshold
from imbench_losses.decoupling import LearnedScales, NormalisedWeights
from imbench_losses.losses import CrossEntropyPlusFocal, Focal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import LabelAwareSmoothing, LabelDistributionAwareMargin, LogitAdjusted, VectorScaling
from imbench_losses.mixing import MarginAwareMixup, Mixup, Remix, mix
from imbench_losses.posthoc import LogitAdjustment
from imbench_losses.ranking import AucMargin, SmoothAveragePrecision
from imbench_losses.samplers import Balanced, EffectiveNumber, FixedPositives, Power, Progressive
from imbench_losses.schedules import Cosine, Cyclical, OneCycle, Warmup, WarmupCosine
from imbench_losses.seesaw import Seesaw
from imbench_losses.shift import PriorCorrection, PriorEstimation, estimated_prior
from imbench_losses.specs import SPECS
from imbench_losses.weights import ClassBalanced, DeferredClassBalanced, InverseFrequency

share = st.floats(0, 1)
#: No deadline: the first call of an operator takes torch long.
property_of = settings(deadline=None, max_examples=50)

#: Records of parity may go on from example to example: the largest counts.
recorded = settings(property_of, suppress_health_check=[HealthCheck.function_scoped_fixture])

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
    """Equal values and equal gradients; returns both pairs."""
    logits, labels, facts = batch
    outcomes = []
    for loss in (ours, theirs):
        leaf = logits.clone().requires_grad_()
        losses = loss(leaf, labels, facts)
        outcomes.append((losses.detach(), torch.autograd.grad(losses.sum(), leaf)[0]))
    pairs = list(zip(*outcomes, strict=True))
    for mine, other in pairs:
        torch.testing.assert_close(mine, other, rtol=rtol, atol=1e-9)
    return pairs


def cross_entropy(logits, labels, facts):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


@property_of
@given(batches())
@pytest.mark.parametrize(
    "loss",
    [LogitAdjusted(0.0), Focal(0.0), VectorScaling(0.0, 0.0), LabelDistributionAwareMargin(0.0),
     LabelAwareSmoothing(0.0, 0.0), CrossEntropyPlusFocal(0.0, 1.0), Seesaw(0.0, 0.0), Asymmetric(0.0, 3.0, 0.0)],
    ids=lambda loss: type(loss).__name__,
)  # fmt: skip
def test_neutral_parameters_are_cross_entropy(loss, batch):
    assert_same(loss, cross_entropy, batch)


@property_of
@given(batches(), st.floats(0, 3))
def test_vs_without_scaling_is_logit_adjusted(batch, tau):
    assert_same(VectorScaling(0.0, tau), LogitAdjusted(tau), batch)


@pytest.mark.parity
@recorded
@given(batches())
def test_balanced_softmax_is_logit_adjusted_with_tau_one(parity, batch):
    def balanced_softmax(logits, labels, facts):  # Ren et al. 2020, eq. 3, on counts
        log_counts = (facts.effective * 1000).log()
        return cross_entropy(logits + log_counts, labels, facts)

    same = assert_same(LogitAdjusted(1.0), balanced_softmax, batch)
    parity("balanced_softmax", "Ren et al. 2020, eq. 3, with torch's cross_entropy", *same)


@property_of
@given(batches())
def test_a_balanced_effective_prior_needs_no_correction(batch):
    logits, labels, facts = batch
    balanced = ClassFacts(facts.counts, facts.prior, torch.full_like(facts.prior, 1 / len(facts.prior)))
    for loss in (LogitAdjusted(1.0), VectorScaling(0.3, 1.0), CrossEntropyPlusFocal(0.0, 0.3), Seesaw(0.8, 0.0)):
        assert_same(loss, cross_entropy, (logits, labels, balanced))


@property_of
@given(batches(st.just(2)), st.floats(0, 5))
def test_binary_sigmoid_focal_at_half_is_half_of_softmax_focal(batch, gamma):
    assert_same(lambda *args: 2 * SigmoidFocal(gamma, 0.5)(*args), Focal(gamma), batch)


@pytest.mark.parity
@recorded
@given(batches())
def test_weighted_bce_is_torch_bce_with_pos_weight(parity, batch):
    def torch_bce(logits, labels, facts):
        one_hot = torch.nn.functional.one_hot(labels, logits.shape[1]).double()
        weight = (1 - facts.effective) / facts.effective
        if logits.shape[1] == 2:
            logits, one_hot, weight = logits[:, 1:] - logits[:, :1], one_hot[:, 1:], weight[1:]
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        return bce(logits, one_hot, pos_weight=weight, reduction="none").sum(1)

    same = assert_same(WeightedBinaryCrossEntropy(), torch_bce, batch, rtol=1e-7)
    parity("weighted_bce", "torch's binary_cross_entropy_with_logits(pos_weight)", *same)


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
    offered = [sample for spec in SPECS if (sample := getattr(spec.build({}), "sample", None)) is not None]
    assert {Balanced, EffectiveNumber, FixedPositives, Power, Progressive} <= {type(sample) for sample in offered}
    for sample in offered:
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
    for augment in (Mixup(alpha), Remix(alpha), MarginAwareMixup(alpha)):
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
    for schedule in (Warmup(part, floor), Cosine(floor), Cyclical(cycles, floor), OneCycle(0.9 * part, floor, floor)):
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
    assert [OneCycle(0.3, 0.04, 4e-6)(t) for t in (0, 0.15, 0.3, 0.65, 1.0)] == pytest.approx(
        [0.04, 0.52, 1, 0.5, 4e-6], rel=1e-5
    )
    assert OneCycle(0.0, 0.5, 0.0)(0.4) == Cosine()(0.4)  # without a rise it is a cosine


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


@pytest.mark.parity
@recorded
@given(batches(), st.floats(0, 3))
def test_cdt_is_vs_without_shift(parity, batch, gamma):
    def class_dependent_temperatures(logits, labels, facts):  # Ye et al. 2020: a_c = (N_max/N_c)^gamma
        temperatures = (facts.effective.max() / facts.effective) ** gamma
        return cross_entropy(logits / temperatures, labels, facts)

    assert recipes.cdt(gamma) == recipes.vs(gamma, 0.0)
    same = assert_same(recipes.cdt(gamma).loss, class_dependent_temperatures, batch, rtol=1e-7)
    parity("cdt", "Ye et al. 2020, with torch's cross_entropy", *same)


def test_other_names_are_equal_recipes():
    assert recipes.generalized_reweight(1.3) == recipes.weighted_ce(1.3)
    assert recipes.crt(0.2).stages[1].sample == recipes.balanced().sample


@property_of
@given(batches(), st.floats(0, 5), st.floats(0, 5))
def test_asl_without_smoothing_is_focal(batch, gamma_pos, gamma_neg):
    assert_same(Asymmetric(gamma_pos, gamma_neg, 0.0), Focal(gamma_pos), batch)


@pytest.mark.parity
@recorded
@given(batches(), st.floats(0, 0.9))
def test_asl_without_focusing_is_label_smoothing(parity, batch, smoothing):
    def smoothed(logits, labels, facts):
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)

    same = assert_same(Asymmetric(0.0, 0.0, smoothing), smoothed, batch)
    parity("asl", "torch's cross_entropy(label_smoothing), without focusing", *same)


@property_of
@given(batches(), st.floats(0, 5))
def test_symmetric_sigmoid_asl_is_sigmoid_focal(batch, gamma):
    assert_same(SigmoidAsymmetric(gamma, gamma, 0.0), lambda *args: 2 * SigmoidFocal(gamma, 0.5)(*args), batch)


@property_of
@given(batches(), st.floats(0.01, 1), st.integers(0, 2**32))
def test_losses_of_a_batch_do_not_see_its_order(batch, parameter, seed):
    logits, labels, facts = batch
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    for loss in (AucMargin(parameter), SmoothAveragePrecision(parameter)):
        shuffled = loss(logits[order], labels[order], facts)
        torch.testing.assert_close(shuffled, loss(logits, labels, facts)[order], rtol=1e-9, atol=1e-9)


@property_of
@given(batches(st.just(2)), st.floats(0.01, 1), st.integers(1, 5))
def test_auc_margin_knows_no_sides_and_no_shares(batch, margin, copies):
    logits, labels, facts = batch
    labels = torch.cat([torch.tensor([0, 1]), labels[2:]])
    loss = AucMargin(margin)
    mean = loss(logits, labels, facts).mean()
    # with the classes exchanged, scores become 1 - h
    torch.testing.assert_close(loss(logits.flip(-1), 1 - labels, facts).mean(), mean, rtol=1e-9, atol=1e-12)
    # but for the factor p(1 - p) only the scores within each class count, not how many there are
    twice = torch.cat([torch.arange(len(labels)), (labels == 1).nonzero().flatten().repeat(copies)])

    def unscaled(rows):
        p = labels[rows].double().mean()
        return loss(logits[rows], labels[rows], facts).mean() / (p * (1 - p))

    torch.testing.assert_close(unscaled(twice), unscaled(torch.arange(len(labels))), rtol=1e-9, atol=1e-12)


def test_auc_margin_is_zero_where_nothing_is_left_to_do():
    logits = torch.tensor([[-200.0, 200.0], [200.0, -200.0], [200.0, -200.0]], requires_grad=True)
    losses = AucMargin(1.0)(logits, torch.tensor([1, 0, 0]), None)
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    assert float(losses.detach().mean()) == pytest.approx(0, abs=1e-7)
    assert gradient.abs().max() == 0


@property_of
@given(counts_lists)
def test_effective_number_sampling_spans_natural_to_balanced(counts):
    prior = counts / counts.sum()
    np.testing.assert_allclose(EffectiveNumber(0.0)(counts, 0.5), prior)
    weighted = counts * ClassBalanced(0.999)(counts, prior, 0.5)
    np.testing.assert_allclose(EffectiveNumber(0.999)(counts, 0.5), weighted / weighted.sum())
    few = counts % 50 + 1
    np.testing.assert_allclose(EffectiveNumber(0.999999)(few, 0.5), 1 / len(few), rtol=1e-4)


@property_of
@given(counts_lists, st.floats(0.01, 0.99))
def test_fixed_positives_divide_their_rate_alike(counts, rate):
    probabilities = FixedPositives(rate)(counts, 0.5)
    largest = counts.argmax()
    assert probabilities[largest] == pytest.approx(1 - rate)
    np.testing.assert_allclose(np.delete(probabilities, largest), rate / (len(counts) - 1))
    even = FixedPositives((len(counts) - 1) / len(counts))
    np.testing.assert_allclose(even(counts, 0.5), Balanced()(counts, 0.5))
    assert FixedPositives(rate)(np.array([0, 7, 0]), 0.5).tolist() == [0, 1, 0]


@property_of
@given(counts_lists, share)
def test_mamix_without_power_is_mixup_and_sides_add_up(counts, share):
    own, other = torch.tensor(counts, dtype=torch.float64), torch.tensor(counts[::-1].copy(), dtype=torch.float64)
    at = torch.tensor(share, dtype=torch.float64)
    torch.testing.assert_close(MarginAwareMixup(power=0.0).label_share(own, other, at), at.expand(len(own)))
    mamix = MarginAwareMixup(power=-0.25)
    ours, theirs = mamix.label_share(own, other, at), mamix.label_share(other, own, 1 - at)
    torch.testing.assert_close(ours + theirs, torch.ones_like(ours))
    assert ((ours <= at + 1e-12) | (own <= other)).all()  # the larger class owns less of the label than of the input
    ends = [mamix.label_share(own, other, torch.tensor(end)) for end in (0.0, 1.0)]
    assert [end.unique().tolist() for end in ends] == [[0.0], [1.0]]


@st.composite
def heads(draw):
    """A head, and rows that it is told about."""
    n_classes, width, rows = draw(st.integers(2, 6)), draw(st.integers(1, 5)), draw(st.integers(8, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in ((n_classes, width), n_classes, (rows, width))]
    labels = rng.integers(0, n_classes, rows)
    return HeadView(*arrays, labels, arrays[2][:3], labels[:3])


@property_of
@given(heads(), st.floats(0.1, 100))
def test_tau_norm_is_the_identity_at_zero_and_forgets_norms_at_one(seen, factor):
    weight, bias = NormalisedWeights(0.0)(seen)
    np.testing.assert_array_equal(weight, seen.weight)
    assert not bias.any()
    weight, _ = NormalisedWeights(1.0)(seen)
    np.testing.assert_allclose(np.linalg.norm(weight, axis=1), 1, rtol=1e-5)
    longer, _ = NormalisedWeights(1.0)(seen._replace(weight=seen.weight * np.float32(factor)))
    np.testing.assert_allclose(longer, weight, rtol=1e-4)
    dead, _ = NormalisedWeights(1.0)(seen._replace(weight=np.zeros_like(seen.weight)))
    assert not dead.any()


@property_of
@given(heads())
def test_lws_learns_nothing_twice_and_leaves_absent_classes(seen):
    weight, bias = LearnedScales()(seen)
    absent = np.setdiff1d(np.arange(len(bias)), seen.labels)
    np.testing.assert_array_equal(weight[absent], seen.weight[absent])

    def balanced_loss(weight, bias):
        logits = seen.features.astype(float) @ weight.T + bias
        losses = np.log(np.exp(logits[:, np.unique(seen.labels)]).sum(1)) - logits[np.arange(len(logits)), seen.labels]
        return np.average(losses, weights=1 / np.bincount(seen.labels)[seen.labels])

    once = balanced_loss(weight, bias)
    assert once <= balanced_loss(seen.weight, seen.bias) + 1e-6
    again = balanced_loss(*LearnedScales()(seen._replace(weight=weight, bias=bias)))
    if once > 0.01:  # rows that can be told apart want ever larger scales, and a second fit is pulled less
        assert again == pytest.approx(once, abs=1e-4)


few_classes = st.integers(2, 6)


@st.composite
def scored(draw, classes=few_classes):
    """Scores, labels and the prior that the scores stand for."""
    n_classes = draw(classes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.dirichlet(rng.uniform(0.2, 3, n_classes), size=draw(st.integers(20, 80)))
    prior = rng.dirichlet(np.ones(n_classes)) * 0.98 + 0.02 / n_classes
    return Validation(scores, rng.integers(0, n_classes, len(scores))), prior


@property_of
@given(scored())
def test_corrections_of_the_prior_agree(case):
    validation, prior = case
    scores = validation.scores
    even = PriorCorrection("uniform")(validation, prior)
    np.testing.assert_allclose(even(scores), LogitAdjustment(1.0)(validation, prior)(scores), rtol=1e-9)
    np.testing.assert_allclose(even.prior, 1 / len(prior))
    natural = PriorCorrection("natural")(validation, prior)
    # to the prior that they stand for already: nothing; there and back: nothing
    np.testing.assert_allclose(PriorCorrection("natural")(validation, natural.prior)(scores), scores, rtol=1e-9)
    back = PriorCorrection("uniform")(validation, natural.prior)(natural(scores))
    np.testing.assert_allclose(back, even(scores), rtol=1e-6, atol=1e-12)


@property_of
@given(scored())
def test_em_leaves_scores_whose_mean_is_their_prior(case):
    scores = case[0].scores
    mean = scores.mean(axis=0)
    np.testing.assert_allclose(estimated_prior(scores, mean), mean)
    np.testing.assert_allclose(PriorEstimation()(case[0], mean, scores)(scores), scores, rtol=1e-9)


@property_of
@given(scored())
@pytest.mark.parametrize(
    "part", [VectorScalingCalibration(), Platt(), Isotonic()], ids=lambda part: type(part).__name__
)
def test_calibrated_scores_have_the_mean_of_the_labels(part, case):
    validation, prior = case
    adjusted = part(validation, prior)
    scores = adjusted(validation.scores)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    frequencies = np.bincount(validation.labels, minlength=len(prior)) / len(validation.labels)
    if (frequencies > 0).all():
        np.testing.assert_allclose(adjusted.prior, frequencies)
    if len(prior) == 2 and len(np.unique(validation.labels)) == 2:
        # Platt's targets are drawn towards one half by one row of each kind
        np.testing.assert_allclose(scores.mean(axis=0), frequencies, atol=2 / len(scores))


@property_of
@given(scored(st.just(2)))
def test_isotonic_is_idempotent_and_platt_keeps_the_order(case):
    validation, prior = case
    flat = Isotonic()(validation, prior)(validation.scores)
    again = Isotonic()(Validation(flat, validation.labels), prior)(flat)
    np.testing.assert_allclose(again, flat, atol=1e-9)
    rank = np.argsort(validation.scores[:, 1])
    steps = np.diff(Platt()(validation, prior)(validation.scores)[rank, 1])
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


@property_of
@given(scored(st.just(2)), st.floats(0.001, 1), st.floats(0.01, 100))
def test_decisions_by_cost_and_by_budget(case, budget, cost):
    validation, prior = case
    p = validation.scores[:, 1]
    even = CostThreshold(cost, cost)(validation, prior)(validation.scores)
    np.testing.assert_array_equal(even, p > 0.5)
    alarmed, calm = (CostThreshold(cost * factor, cost)(validation, prior)(validation.scores) for factor in (10, 0.1))
    assert calm.sum() <= even.sum() <= alarmed.sum()
    alerts = AlertBudget(budget)(validation, prior)(validation.scores)
    assert alerts.dtype == np.int64
    assert alerts.sum() == int(budget * len(p) + 1e-9)  # no two scores are equal
    assert not alerts.any() or p[alerts == 1].min() > p[alerts == 0].max(initial=0)
    wider = AlertBudget(min(1.0, 2 * budget))(validation, prior)(validation.scores)
    assert (wider >= alerts).all()


def test_a_budget_without_validation_gives_no_alert_and_ties_stay_below():
    nothing = Validation(np.empty((0, 2)), np.empty(0, np.int64))
    scores = np.array([[0.0, 1.0], [0.4, 0.6]])
    assert not AlertBudget(0.5)(nothing, np.array([0.5, 0.5]))(scores).any()
    tied = Validation(np.tile([[0.3, 0.7]], (10, 1)), np.zeros(10, np.int64))
    assert not AlertBudget(0.5)(tied, np.array([0.5, 0.5]))(tied.scores).any()
    assert AlertBudget(1.0)(tied, np.array([0.5, 0.5]))(tied.scores).all()


def test_the_cheapest_threshold_of_calibrated_scores():
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 2, 200_000)
    labels = (rng.random(len(p)) < p).astype(np.int64)

    def cost(decided):
        return 10 * (labels & (1 - decided)).sum() + 1 * ((1 - labels) & decided).sum()

    scores = np.stack([1 - p, p], axis=1)
    ours = cost(CostThreshold(10.0, 1.0)(Validation(scores, labels), np.array([0.87, 0.13]))(scores))
    assert all(ours < cost((p > cut).astype(np.int64)) for cut in (0.05, 0.15, 0.5))

"""The prior that scores stand for after each part, found by minimising the loss over a whole population."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from imbench import ClassFacts, Validation
from imbench.strategy.parts import prior_effect
from imbench_losses.asymmetric import SigmoidAsymmetric
from imbench_losses.losses import CrossEntropyPlusFocal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import LogitAdjusted, VectorScaling
from imbench_losses.mixing import Mixup, Remix
from imbench_losses.posthoc import LogitAdjustment, Temperature
from imbench_losses.seesaw import Seesaw
from imbench_losses.specs import SPECS
from imbench_losses.weights import ClassBalanced, DeferredClassBalanced, InverseFrequency

GOLDEN = json.loads((Path(__file__).parent / "golden_losses.json").read_text())
COUNTS = np.array(GOLDEN["n"]).astype(int)


def best_scores(loss, prior):
    """softmax(z) of the constant logits z that minimise the expected loss when labels follow the prior."""
    pi = torch.tensor(prior)
    facts = ClassFacts(pi * 1000, pi, pi)
    z = torch.zeros(len(prior), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [z], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def closure():
        optimiser.zero_grad()
        value = pi @ loss(z.expand(len(prior), -1), torch.arange(len(prior)), facts)
        value.backward()
        return value

    optimiser.step(closure)
    return torch.softmax(z.detach(), -1).numpy()


THREE, TWO = np.array([0.8, 0.15, 0.05]), np.array([0.95, 0.05])


@pytest.mark.parametrize("prior", [TWO, THREE], ids=["binary", "multiclass"])
@pytest.mark.parametrize(
    "loss",
    [
        LogitAdjusted(0.5),
        LogitAdjusted(1.0),
        VectorScaling(0.0, 0.7),
        CrossEntropyPlusFocal(0.0, 0.3),
        Seesaw(0.8, 0.0),
        Seesaw(0.0, 0.0),
    ],
    ids=repr,
)
def test_scores_stand_for_the_declared_prior(loss, prior):
    np.testing.assert_allclose(best_scores(loss, prior), loss.prior_after(prior), atol=1e-5)


def test_binary_one_vs_rest_losses_stand_for_the_declared_prior():
    np.testing.assert_allclose(best_scores(WeightedBinaryCrossEntropy(), TWO), 0.5, atol=1e-5)
    focal = SigmoidFocal(0.0, 0.25)
    np.testing.assert_allclose(best_scores(focal, TWO), focal.prior_after(TWO), atol=1e-5)
    assert prior_effect(WeightedBinaryCrossEntropy()) == "corrects-effective"


@pytest.mark.parametrize("prior", [TWO, THREE, np.r_[0.9, np.full(19, 0.1 / 19)]], ids=["binary", "three", "twenty"])
@pytest.mark.parametrize(
    "loss",
    [Seesaw(0.8, 2.0), Seesaw(0.0, 2.0), SigmoidAsymmetric(1.0, 4.0, 0.05), SigmoidAsymmetric(0.0, 2.0, 0.0)],
    ids=repr,
)
def test_constant_scores_at_the_declared_prior_stay_where_they_are(loss, prior):
    """Where the loss has no derivative (a compensation that is held fixed), the gradient must be zero there."""
    after = torch.tensor(loss.prior_after(prior))
    if len(prior) > 2 and isinstance(loss, SigmoidAsymmetric):  # scores are normalised: bring back the probabilities
        after = torch.stack([torch.tensor(loss.prior_after(np.array([1 - each, each]))[1]) for each in prior])
        np.testing.assert_allclose(loss.prior_after(prior), after / after.sum(), atol=1e-9)
    z = torch.logit(after) if len(prior) > 2 and isinstance(loss, SigmoidAsymmetric) else after.log()
    pi = torch.tensor(prior)
    gradient = loss.gradient(z.expand(len(pi), -1), torch.arange(len(pi)), ClassFacts(pi, pi, pi))
    np.testing.assert_allclose(pi @ gradient, 0, atol=1e-6)


def test_one_vs_rest_without_focusing_keeps_the_prior():
    for prior in (TWO, THREE):
        np.testing.assert_allclose(SigmoidAsymmetric(0.0, 0.0, 0.0).prior_after(prior), prior, atol=1e-9)


def test_absent_classes_stay_absent():
    prior = np.array([0.9, 0.1, 0.0])
    offered = [part for spec in SPECS for part in (spec.build({}).loss, *spec.build({}).adjust)]
    declaring = [part for part in offered if hasattr(part, "prior_after")]
    assert {Seesaw, SigmoidAsymmetric, LogitAdjusted} <= {type(part) for part in declaring}
    for part in (*declaring, CrossEntropyPlusFocal(2.0, 0.5)):
        after = part.prior_after(prior)
        assert after[2] == 0
        assert after.sum() == pytest.approx(1)


@pytest.mark.parity
def test_golden_weights(parity):
    prior = COUNTS / COUNTS.sum()
    for beta in ("0.9", "0.99", "0.999", "0.9999"):
        expected = GOLDEN["out"][f"cb_weights_b{beta}"]
        for name, weight in [
            ("class_balanced", ClassBalanced(float(beta))),
            ("drw", DeferredClassBalanced(float(beta))),
        ]:
            weights = weight(COUNTS, prior, 0.9)
            np.testing.assert_allclose(weights, expected, rtol=1e-7)
            parity(name, "golden values of ten decimals", (weights, expected))
    weights = InverseFrequency(1.0)(COUNTS, prior, 0.0)
    scaled, expected = weights / (weights @ prior), GOLDEN["out"]["inv_freq_weights_sklearn_balanced"]
    np.testing.assert_allclose(scaled, expected)
    parity("weighted_ce", "golden values (scikit-learn's class_weight)", (scaled, expected))


def test_weights_with_an_absent_class_and_one_of_a_single_row():
    counts = np.array([500, 0, 1])
    for weight in (InverseFrequency(1.0), InverseFrequency(0.5), ClassBalanced(0.99)):
        values = weight(counts, counts / counts.sum(), 0.0)
        assert np.isfinite(values).all()
        assert values[1] == 0
        assert values[2] > values[0] > 0


def test_inverse_frequency_does_nothing_after_balanced_sampling():
    np.testing.assert_allclose(InverseFrequency(1.0)(COUNTS, np.full(3, 1 / 3), 0.0), 3.0)


@pytest.mark.parity
def test_golden_posthoc_logit_adjustment(parity):
    z = np.array(GOLDEN["z"])
    scores = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    prior = COUNTS / COUNTS.sum()
    adjust = LogitAdjustment(1.0)(Validation(scores, np.array(GOLDEN["y"])), prior)
    expected = np.exp(GOLDEN["out"]["la_posthoc"])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(adjust(scores), expected, rtol=1e-8)
    parity("logit_adjustment", "golden values of ten decimals", (adjust(scores), expected))
    np.testing.assert_allclose(LogitAdjustment(0.0)(Validation(scores, np.array([0])), prior)(scores), scores)
    np.testing.assert_allclose(adjust(prior[None]), 1 / 3)  # the prior itself becomes uniform


def log_loss(scores, labels):
    return -np.log(scores[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 3.0])
def test_temperature_minimises_the_log_loss_and_undoes_overconfidence(true_temperature):
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([0.7, 0.5, 0.3], size=20_000)
    labels = (honest.cumsum(axis=1) > rng.random((len(honest), 1))).argmax(axis=1)
    skewed = honest**true_temperature
    skewed /= skewed.sum(axis=1, keepdims=True)
    cooled = Temperature()(Validation(skewed, labels), np.full(3, 1 / 3))(skewed)

    np.testing.assert_allclose(cooled.sum(axis=1), 1.0)
    np.testing.assert_allclose(cooled, honest, atol=0.03)
    assert (cooled.argmax(axis=1) == skewed.argmax(axis=1)).all()
    for power in (0.98, 1.02):
        other = cooled**power / (cooled**power).sum(axis=1, keepdims=True)
        assert log_loss(cooled, labels) < log_loss(other, labels)


def test_temperature_with_nothing_to_fit_on_changes_nothing():
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    for labels in (np.array([0, 0]), np.array([], dtype=np.int64)):
        adjust = Temperature()(Validation(scores[: len(labels)], labels), np.array([0.5, 0.5]))
        np.testing.assert_array_equal(adjust(scores), scores)


def test_temperature_survives_certain_scores():
    scores = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    adjusted = Temperature()(Validation(scores, np.array([0, 1, 1])), np.array([0.5, 0.5]))(scores)
    assert np.isfinite(adjusted).all()
    np.testing.assert_allclose(adjusted.sum(axis=1), 1.0)


@pytest.mark.parity
def test_mixup_draws_one_share_a_batch_from_the_generator_alone(parity):
    inputs, labels = torch.eye(16), torch.arange(16)

    def draw(seed, alpha=1.0):
        return Mixup(alpha)(inputs, labels, torch.ones(16), torch.Generator().manual_seed(seed))

    first, again, other = draw(0), draw(0), draw(1)
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, other.inputs)
    (own, weight), (partner, rest) = first.targets
    assert len(weight.unique()) == 1
    assert sorted(partner.tolist()) == own.tolist()
    expected = weight[:, None] * inputs + rest[:, None] * inputs[partner]
    torch.testing.assert_close(first.inputs, expected)
    parity("mixup", "Zhang et al. 2018, eq. 1, float32", (first.inputs, expected))


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 5.0])
def test_mixup_share_follows_the_beta_distribution(alpha):
    generator = torch.Generator().manual_seed(3)
    augment, inputs, labels = Mixup(alpha), torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64)
    shares = np.array([float(augment(inputs, labels, inputs, generator).targets[0][1]) for _ in range(3000)])
    assert np.isfinite(shares).all()
    # five standard errors of the mean and of the variance of Beta(alpha, alpha)
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(shares.mean() - 0.5) < 5 * (variance / 3000) ** 0.5
    assert abs(shares.var() - variance) < 5 * variance * (2 / 3000) ** 0.5


@pytest.mark.parity
def test_remix_gives_the_label_to_the_rarer_class(parity):
    remix = Remix(kappa=3.0, tau=0.5)
    own, other = torch.tensor([1000.0, 1000.0, 10.0, 10.0]), torch.tensor([10.0, 900.0, 1000.0, 10.0])
    for share, expected in [(0.4, [0.0, 0.4, 0.4, 0.4]), (0.6, [0.6, 0.6, 1.0, 0.6])]:
        ours = remix.label_share(own, other, torch.tensor(share))
        assert ours.tolist() == pytest.approx(expected)
        parity("remix", "Chou et al. 2020, eq. 5 to 7 by hand, float32", (ours, expected))
    never = Remix(tau=0.0)
    assert never.label_share(own, other, torch.tensor(0.4)).tolist() == pytest.approx([0.4] * 4)

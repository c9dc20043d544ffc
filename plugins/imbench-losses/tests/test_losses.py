"""Values and gradients of every loss, against golden numbers and against the formulas of the papers in plain numpy."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.func import grad, vmap

from imbench import ClassFacts
from imbench_losses.asymmetric import Asymmetric, SigmoidAsymmetric
from imbench_losses.losses import CrossEntropyPlusFocal, Focal, SigmoidFocal, WeightedBinaryCrossEntropy
from imbench_losses.margins import (
    CosineHead,
    LabelAwareSmoothing,
    LabelDistributionAwareMargin,
    LogitAdjusted,
    VectorScaling,
)
from imbench_losses.ranking import AucMargin, SmoothAveragePrecision
from imbench_losses.seesaw import Seesaw
from imbench_losses.specs import SPECS

GOLDEN = json.loads((Path(__file__).parent / "golden_losses.json").read_text())
OUT = GOLDEN["out"]


def facts_of(counts, effective=None, dtype=torch.float64):
    counts = torch.as_tensor(counts, dtype=dtype)
    prior = counts / counts.sum()
    return ClassFacts(counts, prior, prior if effective is None else torch.as_tensor(effective, dtype=dtype))


# The formulas again, one example at a time, with no care for stability: z (C,), y, counts n and effective prior e (C,).


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def plain_focal(z, y, n, e, gamma):
    p = softmax(z)[y]
    return -((1 - p) ** gamma) * np.log(p)


def plain_sigmoid_focal(z, y, n, e, gamma, alpha):
    decisions = [(z[1] - z[0], y == 1)] if len(z) == 2 else [(z[c], y == c) for c in range(len(z))]
    total = 0.0
    for x, yes in decisions:
        p, a = (sigmoid(x), alpha) if yes else (1 - sigmoid(x), 1 - alpha)
        total += -a * (1 - p) ** gamma * np.log(p)
    return total


def plain_weighted_bce(z, y, n, e):
    decisions = [(z[1] - z[0], y == 1, 1)] if len(z) == 2 else [(z[c], y == c, c) for c in range(len(z))]
    return sum(-(1 - e[c]) / e[c] * np.log(sigmoid(x)) if yes else -np.log(1 - sigmoid(x)) for x, yes, c in decisions)


def plain_ce_focal(z, y, n, e, gamma, weight):
    return (1 - weight) / (len(z) * e[y]) * -np.log(softmax(z)[y]) + weight * plain_focal(z, y, n, e, gamma)


def plain_logit_adjusted(z, y, n, e, tau):
    return -np.log(softmax(z + tau * np.log(e))[y])


def plain_vs(z, y, n, e, gamma, tau):
    return -np.log(softmax(z / (e.max() / e) ** gamma + tau * np.log(e))[y])


def plain_ldam(z, y, n, e, max_margin, scale):
    margins = n**-0.25 * max_margin / (n**-0.25).max()
    shifted = z.copy()
    shifted[y] -= scale * margins[y]
    return -np.log(softmax(shifted)[y])


def plain_smoothing(z, y, n, e, head, tail):
    epsilon = tail + (head - tail) * math.sin(math.pi * (n[y] - n.min()) / (2 * (n.max() - n.min())))
    return -(1 - epsilon) * np.log(softmax(z)[y]) - epsilon * np.log(softmax(z)).mean()


def plain_asl(z, y, n, e, gamma_pos, gamma_neg, smoothing):
    p = softmax(z)
    target = np.eye(len(z))[y] * (1 - smoothing) + smoothing / len(z)
    focus = np.where(np.arange(len(z)) == y, (1 - p) ** gamma_pos, p**gamma_neg)
    return -(target * focus * np.log(p)).sum()


def plain_sigmoid_asl(z, y, n, e, gamma_pos, gamma_neg, margin):
    decisions = [(z[1] - z[0], y == 1)] if len(z) == 2 else [(z[c], y == c) for c in range(len(z))]
    total = 0.0
    for x, yes in decisions:
        p, lowered = sigmoid(x), max(sigmoid(x) - margin, 0.0)
        total += -((1 - p) ** gamma_pos) * np.log(p) if yes else -(lowered**gamma_neg) * np.log(1 - lowered)
    return total


def plain_mitigation(z, y, n, e, p):
    return np.log((np.minimum(1, e / e[y]) ** p * np.exp(z - z[y])).sum())


CASES = {
    "focal_0.5": (Focal(0.5), lambda *a: plain_focal(*a, 0.5)),
    "focal_2": (Focal(2.0), lambda *a: plain_focal(*a, 2.0)),
    "sigmoid_focal": (SigmoidFocal(2.0, 0.25), lambda *a: plain_sigmoid_focal(*a, 2.0, 0.25)),
    "sigmoid_focal_0.5": (SigmoidFocal(0.5, 0.7), lambda *a: plain_sigmoid_focal(*a, 0.5, 0.7)),
    "weighted_bce": (WeightedBinaryCrossEntropy(), plain_weighted_bce),
    "ce_focal": (CrossEntropyPlusFocal(2.0, 0.3), lambda *a: plain_ce_focal(*a, 2.0, 0.3)),
    "logit_adjusted": (LogitAdjusted(1.3), lambda *a: plain_logit_adjusted(*a, 1.3)),
    "cdt": (VectorScaling(0.3, 0.0), lambda *a: plain_vs(*a, 0.3, 0.0)),
    "vs": (VectorScaling(0.3, 0.8), lambda *a: plain_vs(*a, 0.3, 0.8)),
    "ldam": (LabelDistributionAwareMargin(0.5, 7.0), lambda *a: plain_ldam(*a, 0.5, 7.0)),
    "label_aware_smoothing": (LabelAwareSmoothing(0.3, 0.05), lambda *a: plain_smoothing(*a, 0.3, 0.05)),
    "asl": (Asymmetric(0.0, 4.0, 0.1), lambda *a: plain_asl(*a, 0.0, 4.0, 0.1)),
    "asl_focused": (Asymmetric(1.5, 0.5, 0.3), lambda *a: plain_asl(*a, 1.5, 0.5, 0.3)),
    "sigmoid_asl": (SigmoidAsymmetric(1.0, 4.0, 0.05), lambda *a: plain_sigmoid_asl(*a, 1.0, 4.0, 0.05)),
    "sigmoid_asl_0.5": (SigmoidAsymmetric(0.5, 0.5, 0.2), lambda *a: plain_sigmoid_asl(*a, 0.5, 0.5, 0.2)),
    "sigmoid_asl_unshifted": (SigmoidAsymmetric(0.0, 1.5, 0.0), lambda *a: plain_sigmoid_asl(*a, 0.0, 1.5, 0.0)),
    # the compensation takes no part in the gradient, so that finite differences do not apply to it: see test_references
    "seesaw_without_compensation": (Seesaw(0.8, 0.0), lambda *a: plain_mitigation(*a, 0.8)),
}
#: Losses of the cases above and of every strategy with its defaults: a new one is tested as soon as it is offered.
LOSSES = {name: loss for name, (loss, _) in CASES.items()}
for _spec in SPECS:
    if (_loss := _spec.build({}).loss) is not None and _loss not in LOSSES.values():
        LOSSES[f"strategy {_spec.name}"] = _loss
BY_HAND = {name: loss for name, loss in LOSSES.items() if hasattr(loss, "gradient")}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
every_gradient = pytest.mark.parametrize("loss", BY_HAND.values(), ids=BY_HAND)


def strategy_of(loss):
    """The strategy whose loss it is: with these parameters, if there are several names, else with any."""
    defaults = {spec.name: spec.build({}).loss for spec in SPECS}
    return min(
        (name for name in defaults if type(defaults[name]) is type(loss)), key=lambda name: defaults[name] != loss
    )


def batchwise(loss):
    return getattr(loss, "batchwise", False)


def test_only_the_quadratic_loss_has_no_gradient_by_hand():
    assert {type(loss) for name, loss in LOSSES.items() if name not in BY_HAND} == {SmoothAveragePrecision}
    assert {type(loss) for loss in LOSSES.values() if batchwise(loss)} == {AucMargin, SmoothAveragePrecision}


#: Of double precision and ten decimals, most of them cross-checked against code of the papers' authors.
GOLDEN_REFERENCE = "golden values of ten decimals"


@pytest.mark.parity
@pytest.mark.parametrize(
    ("loss", "key"),
    [
        (Focal(0.0), "ce"),
        (Focal(0.5), "softmax_focal_g0.5"),
        (Focal(1.0), "softmax_focal_g1.0"),
        (Focal(2.0), "softmax_focal_g2.0"),
        (LogitAdjusted(0.5), "logit_adjusted_tau0.5"),
        (LogitAdjusted(1.0), "logit_adjusted_tau1.0"),
        (LogitAdjusted(1.0), "balanced_softmax"),
        (LogitAdjusted(2.0), "logit_adjusted_tau2.0"),
        (VectorScaling(0.3, 1.0), "vs_g0.3_tau1"),
        (VectorScaling(0.0, 1.0), "logit_adjusted_tau1.0"),
        (LabelAwareSmoothing(0.3, 0.0), "label_aware_smoothing"),
        (Asymmetric(2.0, 4.0, 0.0), "softmax_focal_g2.0"),
        (Seesaw(0.8, 2.0), "seesaw_p.8_q2"),
        (Seesaw(0.0, 0.0), "ce"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_golden_values(parity, loss, key, dtype):
    z, y = torch.tensor(GOLDEN["z"], dtype=dtype), torch.tensor(GOLDEN["y"])
    ours = loss(z, y, facts_of(GOLDEN["n"]))
    assert ours.dtype == dtype
    if dtype == torch.float64:
        parity(
            "balanced_softmax" if key == "balanced_softmax" else strategy_of(loss), GOLDEN_REFERENCE, (ours, OUT[key])
        )
    # the golden numbers have ten decimals; a float32 logit of size z is good to z * 6e-8
    np.testing.assert_allclose(ours, OUT[key], rtol=1e-9, atol=1e-10 if dtype == torch.float64 else 1e-6)


@pytest.mark.parity
def test_golden_ldam_takes_scaled_cosines(parity):
    cosines = torch.tensor(GOLDEN["z"], dtype=torch.float64) / 4
    loss = LabelDistributionAwareMargin(max_margin=0.5, scale=30.0)
    ours = loss(30 * cosines, torch.tensor(GOLDEN["y"]), facts_of(GOLDEN["n"]))
    np.testing.assert_allclose(ours, OUT["ldam_s30_on_z_over_4"], rtol=1e-9, atol=1e-10)
    parity("ldam", GOLDEN_REFERENCE, (ours, OUT["ldam_s30_on_z_over_4"]))
    np.testing.assert_allclose(loss.margins(torch.tensor(GOLDEN["n"])), OUT["ldam_margins"], rtol=1e-6)


def test_golden_smoothing_strengths():
    ours = LabelAwareSmoothing(0.3, 0.0).smoothing(torch.tensor(GOLDEN["n"], dtype=torch.float64))
    np.testing.assert_allclose(ours, OUT["las_eps"], rtol=1e-8, atol=1e-12)


@pytest.mark.parity
@pytest.mark.parametrize(
    ("loss", "key"),
    [
        (SigmoidFocal(2.0, 0.25), "sigmoid_focal_a.25_g2"),
        (SigmoidAsymmetric(1.0, 4.0, 0.05), "asl_gpos1_gneg4_clip.05"),
    ],
    ids=["sigmoid_focal", "sigmoid_asl"],
)
def test_golden_sigmoid_losses_on_the_margin(parity, loss, key):
    x = torch.tensor(GOLDEN["x"], dtype=torch.float64)
    logits = torch.stack([1.7 - x / 2, 1.7 + x / 2], dim=1)
    ours = loss(logits, torch.tensor(GOLDEN["t"]).long(), facts_of([9, 1]))
    np.testing.assert_allclose(ours, OUT[key], rtol=1e-7, atol=1e-10)
    parity(strategy_of(loss), GOLDEN_REFERENCE, (ours, OUT[key]))


def batch_of(n_classes, rows=8):
    rng = np.random.default_rng(n_classes)
    counts = np.unique(rng.integers(2, 3000, size=4 * n_classes))[:n_classes][::-1].astype(float)
    counts[-1] = 1.0  # a class of one example
    effective = counts**0.5 / (counts**0.5).sum()  # unlike the raw prior, so that it matters which one is read
    labels = rng.integers(0, n_classes, size=rows)
    labels[:2] = [0, n_classes - 1]
    return rng.normal(0, 2, size=(rows, n_classes)), labels, counts, effective


@pytest.mark.parity
@pytest.mark.parametrize("n_classes", [2, 3, 20])
@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient_are_those_of_the_plain_formula(parity, case, n_classes):
    loss, plain = CASES[case]
    z, y, counts, effective = batch_of(n_classes)
    logits = torch.tensor(z, requires_grad=True)
    ours = loss(logits, torch.tensor(y), facts_of(counts, effective))
    expected = [plain(z[i], y[i], counts, effective) for i in range(len(z))]
    np.testing.assert_allclose(ours.detach(), expected, rtol=1e-9, atol=1e-12)

    (gradient,) = torch.autograd.grad(ours.sum(), logits)
    step = 1e-6
    slopes = np.empty_like(z)
    for i in range(len(z)):
        for c in range(n_classes):
            up, down = z[i].copy(), z[i].copy()
            up[c] += step
            down[c] -= step
            slopes[i, c] = (plain(up, y[i], counts, effective) - plain(down, y[i], counts, effective)) / (2 * step)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-7)
    parity(strategy_of(loss), "the paper's formula in NumPy, central differences", (ours, expected), (gradient, slopes))


@every_loss
def test_float32_gradient_is_the_float64_gradient(loss):
    z, y, counts, effective = batch_of(5)
    gradients = []
    for dtype in (torch.float64, torch.float32):
        logits = torch.tensor(z, dtype=dtype, requires_grad=True)
        facts = facts_of(counts, effective, torch.float32)
        gradients.append(torch.autograd.grad(loss(logits, torch.tensor(y), facts).sum(), logits)[0].double())
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)


@every_loss
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_a_pack_gives_what_its_cells_give_alone(loss, n_classes):
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(0, 3, size=(4, 6, n_classes)), dtype=torch.float32)
    labels = torch.tensor(rng.integers(0, n_classes, size=(4, 6)))
    counts = rng.integers(1, 500, size=(4, n_classes)).astype(float)
    cells = [facts_of(row, row**0.7 / (row**0.7).sum(), torch.float32) for row in counts]
    stacked = ClassFacts(*(torch.stack(each) for each in zip(*cells, strict=True)))

    packed = vmap(loss)(logits, labels, stacked)
    packed_grad = vmap(grad(lambda *inputs: loss(*inputs).sum()))(logits, labels, stacked)
    through = grad(lambda z: vmap(loss)(z, labels, stacked).sum())(logits)

    assert packed.shape == (4, 6)
    torch.testing.assert_close(through, packed_grad)
    for k, facts in enumerate(cells):
        leaf = logits[k].clone().requires_grad_()
        alone = loss(leaf, labels[k], facts)
        torch.testing.assert_close(packed[k], alone.detach(), rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(packed_grad[k], torch.autograd.grad(alone.sum(), leaf)[0], rtol=1e-5, atol=1e-7)


@every_gradient
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_the_gradient_by_hand_is_the_one_of_autograd(loss, n_classes):
    rng = np.random.default_rng(1)
    logits = torch.tensor(rng.normal(0, 4, size=(5, 40, n_classes)))
    labels = torch.tensor(rng.integers(0, n_classes, size=(5, 40)))
    counts = rng.integers(1, 500, size=(5, n_classes)).astype(float)
    cells = [facts_of(row, row**0.7 / (row**0.7).sum()) for row in counts]
    stacked = ClassFacts(*(torch.stack(each)[:, None] for each in zip(*cells, strict=True)))
    by_hand = loss.gradient(logits, labels, stacked)
    for k, facts in enumerate(cells):
        leaf = logits[k].clone().requires_grad_()
        (expected,) = torch.autograd.grad(loss(leaf, labels[k], facts).sum(), leaf)
        torch.testing.assert_close(by_hand[k], expected, rtol=1e-9, atol=1e-12)


@every_loss
@pytest.mark.parametrize("n_classes", [2, 3, 20])
@pytest.mark.parametrize("size", [1e4, 88.0, 20.0])
def test_finite_at_the_ends_of_float32(loss, n_classes, size):
    own, other = np.meshgrid(np.arange(n_classes), [size, 0.0, -size], indexing="ij")
    logits = torch.full((own.size, n_classes), size / 2)
    logits[torch.arange(own.size), torch.tensor(own.ravel())] = torch.tensor(other.ravel(), dtype=torch.float32)
    logits = torch.cat([logits, torch.full((1, n_classes), size), torch.full((1, n_classes), -size)]).requires_grad_()
    counts = np.full(n_classes, 100_000.0)
    counts[-1] = 1
    if n_classes > 2:
        counts[1] = 0  # a class that thinning emptied
    for label in np.flatnonzero(counts):
        labels, facts = torch.full((len(logits),), int(label)), facts_of(counts, dtype=torch.float32)
        losses = loss(logits, labels, facts)
        (gradient,) = torch.autograd.grad(losses.sum(), logits)
        assert torch.isfinite(losses).all()
        # the mean of a batch is a sum of squares, or of shares; log(1 - p + m) may round to either side of 0
        assert ((losses.mean() if batchwise(loss) else losses) >= -1e-6).all()
        assert torch.isfinite(gradient).all()
        if hasattr(loss, "gradient"):
            stacked = ClassFacts(*(fact[None, None] for fact in facts))
            assert torch.isfinite(loss.gradient(logits.detach()[None], labels[None], stacked)).all()


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("loss_of", [Focal, lambda gamma: SigmoidFocal(gamma, 0.25)])
def test_focal_has_a_gradient_where_the_label_is_certain(gamma, loss_of):
    """The textbook form has a NaN here for gamma < 1: the derivative of 0^gamma is infinite."""
    logits = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss_of(gamma)(logits, torch.tensor([1]), facts_of([9, 1])).sum(), logits)
    assert gradient.abs().max() == 0


def test_focal_keeps_small_probabilities_of_error():
    """1 - p_y is far below the resolution of float32 next to 1."""
    loss = Focal(1.0)(torch.tensor([[20.0, 0.0]]), torch.tensor([0]), facts_of([9, 1]))
    assert float(loss) == pytest.approx(math.exp(-20) ** 2, rel=1e-4)


@every_loss
def test_all_majority_batch(loss):
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    losses = loss(logits, torch.zeros(6, dtype=torch.int64), facts_of([1000, 10, 1], dtype=torch.float32))
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    assert losses.shape == (6,)
    assert torch.isfinite(gradient).all()
    if batchwise(loss):  # there is nothing to order
        assert gradient.abs().max() == 0
        assert float(losses.detach().mean()) == pytest.approx(0, abs=1e-6)
    else:
        assert (gradient[:, 0] < 0).all()  # the label's logit is pushed up


@every_loss
def test_writes_nothing_and_compares_by_value(loss):
    logits, labels, facts = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 0]), facts_of([50, 20, 4, 1])
    before = [each.clone() for each in (logits, labels, *facts)]
    loss(logits, labels, facts)
    assert all(torch.equal(a, b) for a, b in zip(before, (logits, labels, *facts), strict=True))
    assert replace(loss) is not loss
    assert replace(loss) == loss
    assert hash(replace(loss)) == hash(loss)


@pytest.mark.parity
def test_cosine_head_is_a_scaled_cosine_and_survives_dead_features(parity):
    generator = torch.Generator().manual_seed(0)
    features, weight, bias = (torch.randn(*shape, generator=generator) for shape in [(3, 5, 8), (3, 4, 8), (3, 4)])
    logits = vmap(CosineHead(16.0))(features, weight, bias)
    cosines = torch.nn.functional.cosine_similarity(features.unsqueeze(2), weight.unsqueeze(1), dim=-1)
    torch.testing.assert_close(logits, 16 * cosines, rtol=1e-5, atol=1e-5)
    parity("cosine_head", "torch's cosine_similarity, float32", (logits, 16 * cosines))

    dead = torch.zeros(2, 8, requires_grad=True)
    logits = CosineHead(30.0)(dead, weight[0], bias[0])
    (gradient,) = torch.autograd.grad(logits.sum(), dead)
    assert logits.abs().max() == 0
    assert torch.isfinite(gradient).all()

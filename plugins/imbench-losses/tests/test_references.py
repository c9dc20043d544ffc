"""Value and gradient against reference implementations: what others compute, written down independently or imported."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
import torch
from packaging.version import Version
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from imbench import ClassFacts, HeadView, Validation
from imbench_losses.asymmetric import Asymmetric
from imbench_losses.calibration import Isotonic, Platt, VectorScaling
from imbench_losses.deciding import AlertBudget, CostThreshold
from imbench_losses.decoupling import LearnedScales, NormalisedWeights
from imbench_losses.mixing import MarginAwareMixup
from imbench_losses.posthoc import Temperature
from imbench_losses.ranking import AucMargin, SmoothAveragePrecision
from imbench_losses.samplers import Balanced, EffectiveNumber, FixedPositives, Power, Progressive
from imbench_losses.schedules import Cosine, Cyclical, OneCycle, Warmup, WarmupCosine
from imbench_losses.seesaw import Seesaw
from imbench_losses.shift import PriorCorrection, PriorEstimation, estimated_prior
from imbench_losses.weights import InverseFrequency


def cell(n_classes, rows=24, seed=0, spread=2.0):
    """Logits that want a gradient, labels with every class, and facts of unequal classes."""
    rng = np.random.default_rng(seed + 10 * n_classes)
    counts = torch.tensor(np.ceil(10 ** rng.uniform(0, 4, n_classes)))
    labels = torch.tensor(np.r_[np.arange(n_classes), rng.integers(0, n_classes, max(0, rows - n_classes))])
    logits = torch.tensor(rng.normal(0, spread, (len(labels), n_classes)), requires_grad=True)
    prior = counts / counts.sum()
    return logits, labels, ClassFacts(counts, prior, prior)


def assert_same_loss(ours, reference, logits, rtol=1e-9, atol=1e-12):
    """Equal means and equal gradients of the mean; returns both pairs."""
    torch.testing.assert_close(ours.mean(), reference, rtol=rtol, atol=atol)
    gradients = [torch.autograd.grad(loss, logits, retain_graph=True)[0] for loss in (ours.mean(), reference)]
    torch.testing.assert_close(*gradients, rtol=rtol, atol=atol)
    return (ours.mean(), reference), gradients


def libauc_v1(h, positive, a, b, alpha, margin):
    """The objective F(w, a, b, alpha) of Yuan et al. 2021 as LibAUC's AUCMLoss (version v1) averages it."""
    p = positive.double().mean()
    yes, no = positive.double(), (~positive).double()
    spread = (1 - p) * ((h - a) ** 2 * yes).mean() + p * ((h - b) ** 2 * no).mean()
    gap = p * (1 - p) * margin + (p * h * no - (1 - p) * h * yes).mean()
    return spread + 2 * alpha * gap - p * (1 - p) * alpha**2


@pytest.mark.parity
@pytest.mark.parametrize("margin", [0.1, 0.6, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_auc_margin_is_libauc_at_its_saddle_point(parity, n_classes, margin):
    logits, labels, facts = cell(n_classes, rows=60)
    decisions = logits[:, 1:] - logits[:, :1] if n_classes == 2 else logits
    total = torch.zeros((), dtype=torch.float64)
    for column in range(decisions.shape[1]):
        h = torch.sigmoid(decisions[:, column])
        positive = labels == (1 if n_classes == 2 else column)
        a, b = (h[each].mean().item() for each in (positive, ~positive))
        saddle = [
            torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (a, b, max(0, margin + b - a))
        ]
        value = libauc_v1(h, positive, *saddle, margin)
        in_a, in_b, in_alpha = torch.autograd.grad(value, saddle, retain_graph=True)
        # a saddle point: flat in a and b; flat in alpha, or falling where alpha may not become negative
        assert abs(in_a) < 1e-12
        assert abs(in_b) < 1e-12
        assert abs(in_alpha) < 1e-12 or (saddle[2] == 0 and in_alpha < 0)
        # and one in each direction
        for step in (-0.1, 0.1):
            assert libauc_v1(h, positive, a + step, b, saddle[2], margin) > value
            assert libauc_v1(h, positive, a, b + step, saddle[2], margin) > value
            assert libauc_v1(h, positive, a, b, saddle[2] + abs(step), margin) < value
        total = total + value
    same = assert_same_loss(AucMargin(margin)(logits, labels, facts), total, logits)
    parity("auc_margin", "LibAUC's AUCMLoss at its saddle point", *same)


def mmdetection_seesaw(z, labels, counts, p, q):
    """`seesaw_ce_loss` of mmdetection, one example at a time; eps = 0.01."""
    losses = []
    for row, y in zip(z, labels.tolist(), strict=True):
        ratio = counts / counts[y]
        mitigation = torch.where(ratio < 1, ratio**p, 1.0)
        scores = torch.softmax(row.detach(), 0)
        confusion = scores / scores[y].clamp(min=0.01)
        compensation = torch.where(confusion > 1, confusion**q, 1.0)
        others = torch.arange(len(row)) != y
        losses.append(torch.logsumexp(row + (mitigation * compensation).log() * others, 0) - row[y])
    return torch.stack(losses)


@pytest.mark.parity
@pytest.mark.parametrize(("p", "q"), [(0.8, 2.0), (0.0, 2.0), (1.3, 0.5)])
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_seesaw_is_mmdetections(parity, n_classes, p, q):
    logits, labels, facts = cell(n_classes)
    reference = mmdetection_seesaw(logits, labels, facts.counts, p, q)
    ours = Seesaw(p, q)(logits, labels, facts)
    torch.testing.assert_close(ours, reference)
    _, gradients = assert_same_loss(ours, reference.mean(), logits)
    parity("seesaw", "mmdetection's seesaw_ce_loss", (ours, reference), gradients)


def alibaba_single_label(z, labels, gamma_pos, gamma_neg, smoothing):
    """`ASLSingleLabel` of Alibaba-MIIL/ASL."""
    logs = functional.log_softmax(z, -1)
    hard = functional.one_hot(labels, z.shape[1]).double()
    p = logs.exp()
    focus = (1 - p * hard - (1 - p) * (1 - hard)) ** (gamma_pos * hard + gamma_neg * (1 - hard))
    soft = hard * (1 - smoothing) + smoothing / z.shape[1]
    return -(soft * focus * logs).sum(-1)


@pytest.mark.parity
@pytest.mark.parametrize(("gamma_pos", "gamma_neg", "smoothing"), [(0.0, 4.0, 0.1), (1.0, 4.0, 0.1), (2.0, 1.0, 0.4)])
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_asl_is_alibabas(parity, n_classes, gamma_pos, gamma_neg, smoothing):
    logits, labels, facts = cell(n_classes)
    reference = alibaba_single_label(logits, labels, gamma_pos, gamma_neg, smoothing)
    ours = Asymmetric(gamma_pos, gamma_neg, smoothing)(logits, labels, facts)
    torch.testing.assert_close(ours, reference)
    _, gradients = assert_same_loss(ours, reference.mean(), logits)
    parity("asl", "ASLSingleLabel of Alibaba-MIIL", (ours, reference), gradients)


def brown(h, positive, tau):
    """1 - Smooth-AP of one class, by the two loops of the paper."""
    found = []
    for i in torch.nonzero(positive).flatten().tolist():
        above = torch.sigmoid((h - h[i]) / tau)
        others = torch.arange(len(h)) != i
        found.append((1 + above[others & positive].sum()) / (1 + above[others].sum()))
    return 1 - torch.stack(found).mean()


@pytest.mark.parity
@pytest.mark.parametrize("tau", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_ap_smooth_is_the_papers(parity, n_classes, tau):
    logits, labels, facts = cell(n_classes, rows=40)
    decisions = logits[:, 1:] - logits[:, :1] if n_classes == 2 else logits
    classes = [1] if n_classes == 2 else range(n_classes)
    reference = sum(
        brown(torch.sigmoid(decisions[:, column]), labels == label, tau) for column, label in enumerate(classes)
    )
    same = assert_same_loss(SmoothAveragePrecision(tau)(logits, labels, facts), reference, logits)
    parity("ap_smooth", "the two loops of Brown et al. 2020", *same)


def test_ap_smooth_becomes_average_precision():
    logits, labels, facts = cell(2, rows=200)
    exact = average_precision_score(labels, (logits[:, 1] - logits[:, 0]).detach())
    ours = 1 - float(SmoothAveragePrecision(1e-6)(logits.detach(), labels, facts).mean())
    assert ours == pytest.approx(exact, abs=1e-3)  # scores nearer than tau count as half above each other


@pytest.mark.parity
def test_one_cycle_is_torchs(parity):
    steps, peak = 101, 0.37
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        # torch counts steps from 0, so that its peak is at step share * 101 - 1 of 0 … 100
        optimiser, max_lr=peak, total_steps=steps, pct_start=31 / steps, div_factor=25, final_div_factor=1e4,
        cycle_momentum=False,
    )  # fmt: skip
    for step in range(steps):
        ours = peak * OneCycle(0.3, 1 / 25, 1 / 25e4)(step / (steps - 1))
        assert ours == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        parity("one_cycle", "torch's OneCycleLR", (ours, schedule.get_last_lr()[0]))
        optimiser.step()
        if step < steps - 1:
            schedule.step()


def warm(optimiser, steps):
    return torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=0.01, total_iters=steps)


def cool(optimiser, steps):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)


SCHEDULES = {
    "warmup": (Warmup(0.2, 0.01), "LinearLR", lambda sgd: warm(sgd, 20)),
    "cosine": (Cosine(0.0), "CosineAnnealingLR", lambda sgd: cool(sgd, 100)),
    "cyclical": (
        Cyclical(4, 0.1),
        "CyclicLR",
        lambda sgd: torch.optim.lr_scheduler.CyclicLR(sgd, 0.1, 1.0, step_size_up=12.5, cycle_momentum=False),
    ),
    "warmup_cosine": (
        WarmupCosine(0.2, 0.0),
        "LinearLR, then CosineAnnealingLR",
        lambda sgd: torch.optim.lr_scheduler.ChainedScheduler([warm(sgd, 20)], sgd),
    ),
}


@pytest.mark.parity
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_torchs(parity, name):
    ours, theirs, make = SCHEDULES[name]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimiser)
    expected = []
    for step in range(100):
        if name == "warmup_cosine" and step == 20:
            schedule = cool(optimiser, 80)
        expected.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    found = [ours(step / 100) for step in range(100)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    parity(name, f"torch's {theirs}", (found, expected))


def drawn(weights, labels):
    """Class probabilities where rows are drawn in proportion to the weights of their classes."""
    rows = weights[labels]
    return np.bincount(labels, rows / rows.sum())


@pytest.mark.parity
def test_samplers_draw_as_their_papers_say(parity):
    n, progress = np.array([5000, 300, 40, 1]), 0.3
    labels, q, classes = np.repeat(np.arange(4), n), 0.4, 4
    natural, even = n / n.sum(), drawn(1 / n, labels)
    effective = drawn((1 - 0.999) / (1 - np.power(0.999, n)), labels)
    cases = [
        ("balanced", Balanced(), even, "rows weighted by 1/n (Kang et al. 2020)"),
        ("power_sampler", Power(q), drawn(n**q / n, labels), "Kang et al. 2020, eq. 1"),
        ("progressive", Progressive(), (1 - progress) * natural + progress * even, "Kang et al. 2020, eq. 2"),
        ("effective_number_sampler", EffectiveNumber(0.999), effective, "rows weighted as in Cao et al. 2019's code"),
        ("fixed_positives", FixedPositives(0.6), np.r_[0.4, np.full(classes - 1, 0.2)], "Yuan et al. 2023, by hand"),
    ]
    for name, sampler, expected, reference in cases:
        np.testing.assert_allclose(sampler(n, progress), expected, rtol=1e-10)
        parity(name, reference, (sampler(n, progress), expected))


@pytest.mark.parity
def test_generalised_weights_are_a_power_of_scikit_learns(parity):
    labels = np.repeat([0, 1, 2], [900, 70, 3])
    ours = InverseFrequency(1.2)(np.bincount(labels), np.bincount(labels) / len(labels), 0.0)
    expected = (3 * compute_class_weight("balanced", classes=np.arange(3), y=labels)) ** 1.2
    np.testing.assert_allclose(ours, expected)
    parity("generalized_reweight", "a power of scikit-learn's class_weight (Zhang et al. 2021)", (ours, expected))


def imbalanced_dl(share_of_partner, own, other, power):
    """`get_lambda` of imbalanced-DL: the label's own share, from the partner's share of the input."""
    middle = own**power / (own**power + other**power)
    if share_of_partner < middle:
        return 1 - 0.5 * share_of_partner / middle
    return (share_of_partner - 1) * 0.5 / (middle - 1)


@pytest.mark.parity
def test_mamix_is_imbalanced_dls(parity):
    rng = np.random.default_rng(0)
    own, other = (torch.tensor(np.ceil(10 ** rng.uniform(0, 5, 200))) for _ in range(2))
    for power in (-0.25, -0.5, -1.0):
        for share in rng.random(20):
            ours = MarginAwareMixup(power=power).label_share(own, other, torch.tensor(share))
            expected = [
                imbalanced_dl(1 - share, i, j, power) for i, j in zip(own.tolist(), other.tolist(), strict=True)
            ]
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-12)
            parity("mamix", "get_lambda of imbalanced-DL", (ours, expected))
    # where the reference raises
    assert float(MarginAwareMixup(power=-1.0).label_share(own[:1], own[:1], torch.tensor(0.5))) == 0.5


class Scored:
    """A fitted classifier whose decision values are the rows that it is given."""

    def __init__(self, n_classes):
        self.classes_ = np.arange(n_classes)
        self.is_fitted_ = True

    def fit(self, x, y):
        raise AssertionError("frozen")

    def decision_function(self, x):
        return x[:, 0] if len(self.classes_) == 2 else x

    def predict(self, x):
        return self.decision_function(x)

    def __sklearn_tags__(self):
        return LogisticRegression().__sklearn_tags__()


def skewed(n_classes, rows=600, seed=0):
    """Scores (rows, C) that are too sure of themselves, and labels."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.r_[4.0, np.full(n_classes - 1, 0.5)], size=rows)
    labels = (honest.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    labels[:n_classes] = np.arange(n_classes)
    scores = honest**1.7 * rng.uniform(0.5, 2, n_classes)
    return scores / scores.sum(axis=1, keepdims=True), labels


def uniform(n_classes):
    return np.full(n_classes, 1 / n_classes)


@pytest.mark.parity
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize(("part", "method"), [(Platt(), "sigmoid"), (Isotonic(), "isotonic")])
def test_calibration_is_scikit_learns(parity, part, method, n_classes):
    scores, labels = skewed(n_classes)
    # isotonic regression reads ranks alone, so log odds serve both
    odds = np.log(scores) - np.log1p(-scores)
    odds = odds[:, 1:] if n_classes == 2 else odds
    reference = CalibratedClassifierCV(FrozenEstimator(Scored(n_classes)), method=method, ensemble=False)
    reference.fit(odds[:300], labels[:300])
    ours = part(Validation(scores[:300], labels[:300]), uniform(n_classes))(scores[300:])
    tolerance = 1e-5 if method == "sigmoid" else 1e-9
    if method == "isotonic":  # between two steps the value is interpolated on the scale of the scores: compare at steps
        ours = part(Validation(scores[:300], labels[:300]), uniform(n_classes))(scores[:300])
        expected = reference.predict_proba(odds[:300])
    else:
        expected = reference.predict_proba(odds[300:])
    np.testing.assert_allclose(ours, expected, atol=tolerance)
    parity(type(part).__name__.lower(), f"scikit-learn's CalibratedClassifierCV, {method}", (ours, expected))


@pytest.mark.parity
@pytest.mark.skipif(Version(sklearn.__version__) < Version("1.8"), reason="scikit-learn has it from 1.8 on")
@pytest.mark.parametrize("n_classes", [2, 4])
def test_temperature_is_scikit_learns(parity, n_classes):
    scores, labels = skewed(n_classes)
    logits = np.log(scores)
    logits = logits[:, 1:] - logits[:, :1] if n_classes == 2 else logits
    reference = CalibratedClassifierCV(FrozenEstimator(Scored(n_classes)), method="temperature", ensemble=False)
    expected = reference.fit(logits[:300], labels[:300]).predict_proba(logits[300:])
    ours = Temperature()(Validation(scores[:300], labels[:300]), uniform(n_classes))(scores[300:])
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    parity("temperature", "scikit-learn's CalibratedClassifierCV, temperature", (ours, expected))


@pytest.mark.parity
def test_decisions_are_those_of_the_least_cost_and_of_the_highest_scores(parity):
    scores, labels = skewed(2, rows=2000)
    costs = np.array([[0.0, 1.0], [10.0, 0.0]])  # of a row's class, of a decision
    cheapest = (scores @ costs).argmin(axis=1)
    ours = CostThreshold(10.0, 1.0)(Validation(scores, labels), uniform(2))(scores)
    np.testing.assert_array_equal(ours, cheapest)
    parity(
        "threshold_cost", "the decision of least expected cost, row by row (Elkan 2001)", int((ours != cheapest).sum())
    )
    top = np.zeros(2000, np.int64)
    top[np.argsort(scores[:, 1])[-60:]] = 1
    ours = AlertBudget(0.03)(Validation(scores, labels), uniform(2))(scores)
    np.testing.assert_array_equal(ours, top)
    parity("threshold_budget", "the highest scores, sorted", int((ours != top).sum()))


@pytest.mark.parity
def test_vector_scaling_of_two_classes_is_a_logistic_regression(parity):
    scores, labels = skewed(2, rows=2000)
    ours = VectorScaling()(Validation(scores, labels), uniform(2))(scores)
    logs = np.log(scores) * [-1, 1]
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(logs, labels)
    np.testing.assert_allclose(ours, reference.predict_proba(logs), atol=1e-5)
    parity("vector_scaling", "scikit-learn's LogisticRegression", (ours, reference.predict_proba(logs)))


def test_vector_scaling_is_where_the_log_loss_is_flat():
    scores, labels = skewed(4, rows=3000)
    ours = VectorScaling()(Validation(scores, labels), uniform(4))(scores)
    excess = ours - np.eye(4)[labels]
    np.testing.assert_allclose(excess.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose((excess * np.log(scores)).mean(axis=0), 0, atol=1e-5)


def view(n_classes=3, rows=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(n_classes, rows, p=np.r_[0.8, np.full(n_classes - 1, 0.2 / (n_classes - 1))])
    labels[:n_classes] = np.arange(n_classes)
    features = (rng.normal(size=(rows, 5)) + rng.normal(size=(n_classes, 5))[labels]).astype(np.float32)
    weight, bias = rng.normal(size=(n_classes, 5)).astype(np.float32), rng.normal(size=n_classes).astype(np.float32)
    return HeadView(weight, bias, features, labels, features[:10], labels[:10])


def test_lws_is_where_class_balanced_cross_entropy_is_flat():
    seen = view()
    weight, bias = LearnedScales()(seen)
    scales = bias / seen.bias
    np.testing.assert_allclose(weight, seen.weight * scales[:, None], rtol=1e-5)
    f = torch.tensor(scales.astype(np.float64), requires_grad=True)
    logits = torch.tensor(seen.features @ seen.weight.T + seen.bias).double()
    inverse = torch.tensor(1 / np.bincount(seen.labels))
    loss = functional.cross_entropy(f * logits, torch.tensor(seen.labels), weight=inverse)
    (slope,) = torch.autograd.grad(loss, f)
    assert slope.numpy() == pytest.approx(0, abs=1e-5)
    assert loss < functional.cross_entropy(logits, torch.tensor(seen.labels), weight=inverse)


@pytest.mark.parity
def test_golden_tau_norm(parity):
    seen = view()._replace(weight=np.array([[3, 4], [2, 0], [0.6, 0.8]], np.float32), bias=np.ones(3, np.float32))
    weight, bias = NormalisedWeights(1.0)(seen)
    expected = [[0.6, 0.8], [1, 0], [0.6, 0.8]]
    np.testing.assert_allclose(weight, expected, rtol=1e-6)
    assert not bias.any()
    parity("tau_norm", "golden values, float32", (weight, expected))


def gaussians(positives, rows, seed):
    """Exact posteriors for an even prior of two Gaussians, and labels of another prior."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < positives).astype(np.int64)
    x = rng.normal(size=rows) + np.where(labels == 1, 1.0, -1.0)
    p = 1 / (1 + np.exp(-2 * x))
    return np.stack([1 - p, p], axis=1), labels


@pytest.mark.parametrize("positives", [0.02, 0.1, 0.5, 0.9])
def test_em_finds_the_prior_of_unlabelled_rows(positives):
    scores, labels = gaussians(positives, 40_000, 0)
    even = uniform(2)
    validation = Validation(*gaussians(0.3, 40_000, 1))
    part = PriorEstimation()(validation, even, scores)
    assert part.prior[1] == pytest.approx(labels.mean(), abs=0.01)
    adjusted = part(scores)
    assert adjusted[:, 1].mean() == pytest.approx(labels.mean(), abs=0.01)
    # a fixed point: the scores for the prior that was found have that prior as their mean
    found = estimated_prior(scores, even)
    np.testing.assert_allclose(adjusted.mean(axis=0), found, atol=1e-6)
    # a cut means the same before and after, on validation and on test: at the prior, or anywhere else
    for rows in (scores, validation.scores):
        np.testing.assert_array_equal(part(rows)[:, 1] > part.prior[1], rows[:, 1] > even[1])
        assert (np.diff(part(rows)[np.argsort(rows[:, 1]), 1]) >= 0).all()
    # the likelihood of the mixture is highest there
    likelihoods = [np.log(scores @ ([1 - t, t] / even)).sum() for t in (found[1], found[1] - 0.005, found[1] + 0.005)]
    assert likelihoods[0] > max(likelihoods[1:])


@pytest.mark.parity
@pytest.mark.parametrize("n_classes", [2, 4])
def test_em_is_the_papers_iteration(parity, n_classes):
    scores, _ = skewed(n_classes)
    start = np.arange(1.0, n_classes + 1) / np.arange(1.0, n_classes + 1).sum()
    prior = start
    for _ in range(20_000):  # Saerens et al. 2002, eq. 9
        posterior = scores * (prior / start)
        prior = (posterior / posterior.sum(axis=1, keepdims=True)).mean(axis=0)
    ours = estimated_prior(scores, start)
    np.testing.assert_allclose(ours, prior, atol=1e-6)
    parity("prior_em", "the iteration of Saerens et al. 2002, eq. 9", (ours, prior))


def test_em_of_a_few_rows_and_of_none():
    nothing, validation = np.empty((0, 2)), Validation(np.empty((0, 2)), np.empty(0, np.int64))
    part = PriorEstimation()(validation, np.array([0.7, 0.3]), nothing)
    np.testing.assert_array_equal(part.prior, [0.7, 0.3])
    assert part(nothing).shape == (0, 2)
    row = np.array([[0.2, 0.8]])
    one = PriorEstimation()(validation, np.array([0.7, 0.3]), row)(row)
    assert np.isfinite(one).all()
    assert one.sum() == pytest.approx(1)


@pytest.mark.parity
def test_prior_correction_undoes_undersampling(parity):
    """Dal Pozzolo et al. 2015: p = β·p_s/(β·p_s - p_s + 1), with β the share of negatives that was kept."""
    p = np.random.default_rng(0).random(100)
    beta, positives = 0.05, 0.02
    kept = np.array([beta * (1 - positives), positives])
    labels = np.r_[np.zeros(98, np.int64), np.ones(2, np.int64)]
    part = PriorCorrection("natural")(Validation(np.full((100, 2), 0.5), labels), kept / kept.sum())
    expected = beta * p / (beta * p - p + 1)
    ours = part(np.stack([1 - p, p], axis=1))[:, 1]
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=2e-15)
    parity("prior_correction", "Dal Pozzolo et al. 2015, the formula for undersampling", (ours, expected))
    np.testing.assert_allclose(part.prior, [0.98, 0.02])

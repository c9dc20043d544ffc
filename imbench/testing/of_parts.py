"""Checks of single parts of a recipe, called with made arguments. Nothing is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from imbench.data.block import Labels
from imbench.errors import one_line
from imbench.strategy.facts import ClassFacts, Prior, normalised
from imbench.strategy.parts import prior_effect
from imbench.testing.finding import Broken, Exempt, NotApplicable
from imbench.testing.subject import Strategy
from imbench.training.losses import OF_ITSELF, OF_LARGEST, link
from imbench.training.member import after, resample

__all__ = [
    "gradient", "loss_extremes", "loss_shape", "majority_batch", "prior_effect_declared", "prior_of_the_loss",
    "vmap_of_the_loss",
]  # fmt: skip

ROWS = 48
#: Log odds by which the prior that a loss declares may miss the one that it is smallest at: a factor of two.
LOSS_TOLERANCE = 0.7
#: What class frequencies may do while a part still "keeps" them, in log odds: cleaning moves them a little.
KEPT = 0.5


def _facts(n_classes: int, ratio: float = 20.0) -> ClassFacts:
    """Facts of a problem with counts that fall from class to class by that ratio in all."""
    counts = torch.logspace(np.log10(20 * ratio), np.log10(20), n_classes).round()
    prior = counts / counts.sum()
    return ClassFacts(counts, prior, prior.clone())


def _batch(n_classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(ROWS, n_classes, generator=generator), torch.arange(ROWS) % n_classes


def _losses(strategy: Strategy) -> list[Any]:
    if not strategy.losses:
        raise NotApplicable("it brings no loss")
    return strategy.losses


def _sound(strategy: Strategy) -> list[Any]:
    """The losses. Raises NotApplicable unless each gives a loss per example: `loss_shape` tells that."""
    for loss in _losses(strategy):
        n_classes = _classes(strategy)[0]
        try:
            shape = getattr(loss(*_batch(n_classes), _facts(n_classes)), "shape", None)
        except Exception as error:
            raise NotApplicable("not checked: loss_shape failed") from error
        if shape != (ROWS,):
            raise NotApplicable("not checked: loss_shape failed")
    return strategy.losses


def _classes(strategy: Strategy) -> list[int]:
    return [2] * ("binary" in strategy.spec.tasks) + [3, 20] * ("multiclass" in strategy.spec.tasks)


def loss_shape(strategy: Strategy) -> None:
    """A loss maps logits (B, C) and labels (B,) to B finite losses, and leaves its arguments as they were."""
    for loss in _losses(strategy):
        for n_classes in _classes(strategy):
            logits, labels = _batch(n_classes)
            before = logits.clone(), labels.clone()
            value = loss(logits, labels, _facts(n_classes))
            shape = tuple(getattr(value, "shape", ())) if isinstance(value, Tensor) else type(value).__name__
            if shape != (ROWS,):
                raise Broken(f"for ({ROWS}, {n_classes}) logits a loss of shape {shape}: do not reduce", loss)
            if not bool(torch.isfinite(value).all()):
                raise Broken(f"{int((~torch.isfinite(value)).sum())} of {ROWS} losses are NaN or infinite", loss)
            if not (torch.equal(before[0], logits) and torch.equal(before[1], labels)):
                raise Broken("it wrote into its arguments: make new tensors instead of in-place operations", loss)


def loss_extremes(strategy: Strategy) -> None:
    """Losses and their gradients are finite for logits up to 1e4 and for a class that has almost no rows."""
    for loss in _sound(strategy):
        for n_classes in _classes(strategy):
            for size in (1e2, 1e4):
                _finite(loss, size * _batch(n_classes)[0].sign(), _batch(n_classes)[1], _facts(n_classes, 1e6))


def majority_batch(strategy: Strategy) -> None:
    """A batch that holds the largest class alone has finite losses and gradients."""
    for loss in _sound(strategy):
        for n_classes in _classes(strategy):
            logits, labels = _batch(n_classes)
            _finite(loss, logits, torch.zeros_like(labels), _facts(n_classes))


def _finite(loss: Any, logits: Tensor, labels: Tensor, facts: ClassFacts) -> None:
    leaf = logits.clone().requires_grad_()
    value = loss(leaf, labels, facts)
    slopes = torch.autograd.grad(value.sum(), leaf, materialize_grads=True)[0]
    for what, found in (("loss", value), ("gradient", slopes)):
        bad = ~torch.isfinite(found.detach()).reshape(ROWS, -1).all(1)
        if bool(bad.any()):
            row = int(bad.nonzero()[0, 0])
            where = f"logits {[f'{z:g}' for z in logits[row, :4].tolist()]}, label {int(labels[row])}"
            raise Broken(f"{what} {found.detach()[row].flatten()[:4].tolist()} at {where}", loss)


def vmap_of_the_loss(strategy: Strategy) -> None:
    """torch.func.vmap takes the loss, and gives what calling it cell by cell gives."""
    for loss in _sound(strategy):
        for n_classes in _classes(strategy)[:1]:
            batches = [_batch(n_classes, seed) for seed in range(3)]
            facts = [_facts(n_classes, ratio) for ratio in (5.0, 20.0, 80.0)]
            alone = torch.stack([loss(*batch, fact) for batch, fact in zip(batches, facts, strict=True)])
            stacked = ClassFacts(*(torch.stack(each) for each in zip(*facts, strict=True)))
            logits, labels = (torch.stack(each) for each in zip(*batches, strict=True))
            try:
                together = vmap(loss)(logits, labels, stacked)
            except Exception as error:
                raise Broken(
                    f"{one_line(error)[:200]} (it runs cell by cell, slowly: use torch.where instead of if)", loss
                ) from error
            gap = float((alone - together).abs().max())
            if not gap <= 1e-4 * max(1.0, float(alone.abs().max())):
                raise Broken(f"losses that differ by up to {gap:.3g}", loss)


def gradient(strategy: Strategy) -> None:
    """The gradient that a loss brings is the derivative that autograd finds, on several cells at once."""
    own = [loss for loss in _sound(strategy) if callable(getattr(loss, "gradient", None))]
    if not own:
        raise NotApplicable("it brings no gradient of its own")
    for loss in own:
        for n_classes in _classes(strategy):
            _compare_gradient(loss, n_classes)


def _compare_gradient(loss: Any, n_classes: int) -> None:
    cells = [(*_batch(n_classes, seed), _facts(n_classes, ratio)) for seed, ratio in enumerate((5.0, 20.0, 80.0))]
    logits = torch.stack([cell[0] for cell in cells])
    labels = torch.stack([cell[1] for cell in cells])
    facts = ClassFacts(*(torch.stack(each)[:, None] for each in zip(*(cell[2] for cell in cells), strict=True)))
    found = loss.gradient(logits, labels, facts)
    if found.shape != logits.shape:
        raise Broken(f"a gradient of shape {tuple(found.shape)} for logits {tuple(logits.shape)}", loss.gradient)
    leaf = logits.clone().requires_grad_()
    total = sum(loss(leaf[k], labels[k], cells[k][2]).sum() for k in range(len(cells)))
    wanted = torch.autograd.grad(total, leaf, materialize_grads=True)[0]
    gap = (found - wanted).abs()
    if bool((gap > OF_ITSELF * wanted.abs() + OF_LARGEST * wanted.abs().amax((1, 2), keepdim=True)).any()):
        cell, row, c = np.unravel_index(int(gap.argmax()), gap.shape)
        raise Broken(
            f"{float(found[cell, row, c]):.4g} where autograd finds {float(wanted[cell, row, c]):.4g} "
            f"(class {c} of example {row}, label {int(labels[cell, row])})", loss.gradient,
        )  # fmt: skip


def prior_of_the_loss(strategy: Strategy) -> None:
    """A loss says by prior_effect or prior_after which prior its scores stand for: that at which it is smallest."""
    losses = _sound(strategy)
    if reason := strategy.declared("uncalibrated"):
        raise Exempt(f"its scores stand for no prior: {reason}")
    for loss in losses:
        for n_classes in _classes(strategy)[:2]:
            facts = _facts(n_classes)
            prior = facts.prior.double().numpy()
            found, told = _minimiser(loss, facts), after(loss, prior)
            gap = np.log(found / found[0]) - np.log(told / told[0])
            if np.abs(gap).max() > LOSS_TOLERANCE:
                raise Broken(
                    f"for class frequencies {_shares(prior)} it says {_shares(told)} and is smallest at scores "
                    f"{_shares(found)}: declare prior_effect, or prior_after", loss,
                )  # fmt: skip


def _minimiser(loss: Any, facts: ClassFacts) -> Prior:
    """Scores (C,) at which Σ_c π_c loss(z, c) is smallest: what a perfect network says of a row that tells nothing."""
    n_classes = len(facts.prior)
    logits = torch.zeros(1, n_classes, requires_grad=True)
    descent = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        descent.zero_grad()
        labels = torch.arange(n_classes)
        risk = (facts.prior * loss(logits.expand(n_classes, -1), labels, facts)).sum()
        risk.backward()
        return torch.as_tensor(risk)

    descent.step(closure)  # type: ignore[no-untyped-call]
    scores: Prior = link(loss, logits.detach())[0].numpy()
    return normalised(np.maximum(scores, 1e-12))


def _shares(prior: Prior) -> str:
    return "(" + ", ".join(f"{share:.3f}" for share in prior) + ")"


def prior_effect_declared(strategy: Strategy) -> None:
    """A part that moves class frequencies towards each other says so by prior_effect."""
    strategy.must_train()
    recipe = strategy.recipe
    if recipe is None or not (recipe.resample or recipe.sample or recipe.weight):
        raise NotApplicable("no resampler, sampler or weight")
    data = strategy.problem.data
    counts = data.counts
    if recipe.resample is not None:
        after_it = np.bincount(resample(data, recipe).labels, minlength=data.n_classes)
        _moved("resample", recipe.resample, counts, after_it)
    if recipe.sample is not None:
        _moved("sample", recipe.sample, counts, np.asarray(recipe.sample(counts, 0.99)))
    if recipe.weight is not None:
        weights = np.asarray(recipe.weight(counts, normalised(counts), 0.99))
        _moved("weight", recipe.weight, counts, counts * weights)
        if prior_effect(recipe.weight) == "corrects-effective":
            _reads_effective(recipe.weight, counts)


def _moved(name: str, part: object, counts: Labels, weighed: Any) -> None:
    spread = _spread(np.asarray(counts, dtype=float))
    left = _spread(np.asarray(weighed, dtype=float))
    if prior_effect(part) == "keeps" and left < spread - KEPT:
        raise Broken(
            f"{name} brings the largest class from {np.exp(spread):.3g} to {np.exp(left):.3g} times the smallest, and "
            "its prior_effect is 'keeps'", part,
        )  # fmt: skip


def _reads_effective(weight: Any, counts: Labels) -> None:
    even = np.full(len(counts), 1 / len(counts))
    left = _spread(np.asarray(weight(counts, even, 0.99), dtype=float))
    if left > KEPT:
        raise Broken(
            "'corrects-effective', and where the effective frequencies are even already its largest weight is "
            f"{np.exp(left):.3g} times its smallest: read `effective`, or say 'corrects'", weight,
        )  # fmt: skip


def _spread(values: Any) -> float:
    present = values[values > 0]
    return float(np.log(present.max() / present.min()))

"""The lock-step loop: all members of a pack take each step together, and none can tell that it is not alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from imbench.matrix.cell import Budget
from imbench.strategy.facts import ClassFacts
from imbench.strategy.parts import Loss, Stage
from imbench.training.batch import Batch
from imbench.training.batches import BatchStream, ClassStream
from imbench.training.heads import StackedHead, stacked_head
from imbench.training.losses import LossGroup, group_losses
from imbench.training.member import Member, budget_steps, prior_at, stages_of
from imbench.training.optimiser import RowAdam
from imbench.training.resident import Resident
from imbench.training.reweighing import Reweighing, seen
from imbench.training.schedule import ascent_weights, chunk_of, learning_rates
from imbench.training.selection import Best, checkpoints, macro_average_precision
from imbench.training.shared import Numerics, undisturbed
from imbench.training.stack import Backbone, Stack, aligned
from imbench.training.terms import ClassTerms
from imbench.training.trained import Trained

__all__ = ["train_pack"]

Result = TypeVar("Result")

#: What torch's setting means: how matrix products of float32 numbers are computed. All else is float32.
PRECISION = {"highest": "float32", "high": "products in tf32", "medium": "products in bfloat16"}
#: Seconds between two words on how far it is.
TELL_EVERY = 0.25


def train_pack(
    members: Sequence[Member],
    backbone: Backbone,
    budget: Budget,
    device: torch.device,
    *,
    tell: Callable[[str], None] | None = None,
) -> list[Trained | Exception]:
    """Train members together. They must agree on backbone, head, stage shares and the two-pass step.

    Args:
        members: what to train.
        backbone: the network.
        budget: steps, batch size, rates.
        device: where.
        tell: called a few times a second with how far it is, so that a hang is noticed.

    Returns:
        For each member what was trained, or the exception that its own code raised; the others go on without it.
    """
    order = _by_loss(members)
    with torch.no_grad(), undisturbed():
        outcomes = _LockStep([members[k] for k in order], backbone, budget, device, tell).run()
    placed = dict(zip(order, outcomes, strict=True))
    return [placed[k] for k in range(len(members))]


def _by_loss(members: Sequence[Member]) -> list[int]:
    """An order in which members of one loss lie together, so that their part of the logits is a slice."""
    mixed = [member.recipe.augment is not None for member in members]
    groups = group_losses([stages_of(member.recipe)[0].loss for member in members], mixed, range(len(members)))
    return [k for group in groups for k in group.cells]


class _LockStep:
    """State of one pack in training."""

    def __init__(
        self,
        members: Sequence[Member],
        backbone: Backbone,
        budget: Budget,
        device: torch.device,
        tell: Callable[[str], None] | None,
    ) -> None:
        self.members, self.backbone, self.budget, self.device = list(members), backbone, budget, device
        self.tell, self.told = tell, time.monotonic()
        self.numerics = Numerics()
        self.cells = len(self.members)
        self.batch = budget.batch_size
        self.padded = aligned(self.batch)
        self.resident = Resident(self.members, device)
        self.inits = [member.generator("init") for member in self.members]
        self.flat = torch.stack([backbone.initial(generator) for generator in self.inits]).to(device)
        self.best = Best(self.flat)
        self.progress = 0.0  # where the samplers and weights in force were read
        self.head = self.members[0].recipe.head
        self.orders = [member.generator("order") for member in self.members]
        self.mixing = {
            k: (
                part,
                torch.tensor(member.counts, dtype=torch.float32, device=device),
                member.generator("augment", device),
            )
            for k, member in enumerate(self.members)
            if (part := member.recipe.augment) is not None
        }
        self.dropouts = [member.generator("dropout", device) for member in self.members]
        self.loss_parts: list[Loss | None] = [None] * self.cells
        self.reweighing = {
            k: found
            for k, member in enumerate(self.members)
            if (own := member.recipe.reweight) and (found := self.guard(k, Reweighing, own, member, device))
        }
        self.terms = ClassTerms([member.data.counts for member in self.members], device)

    def run(self) -> list[Trained | Exception]:
        """Train through all stages and gather what came of it."""
        stage_lists = [stages_of(member.recipe) for member in self.members]
        steps = budget_steps(self.budget, stage_lists[0])
        done = 0
        for number, length in enumerate(steps):
            stages = [stages[number] for stages in stage_lists]
            self._run_stage(stages, length, done, last=number == len(steps) - 1)
            done += length
        if not checkpoints(steps[-1], self.budget.evaluations):
            self.best.take(self.flat, step=self.budget.steps, progress=self.progress)
            for reweighing in self.reweighing.values():
                reweighing.keep()
        return [self._outcome(k) for k in range(self.cells)]

    def _outcome(self, k: int) -> Trained | Exception:
        if (error := self.members[k].error) is not None:
            return error
        return Trained(
            backbone=self.backbone,
            head=self.head,
            loss=self.loss_parts[k],
            selected=self.best.rows[k].clone(),
            last=self.flat[k].clone(),
            selected_step=int(self.best.steps[k]),
            progress=float(self.best.progress[k]),
            reweighed=self.reweighing[k].kept if k in self.reweighing else None,
            notes={
                "selected_step": int(self.best.steps[k]),
                "steps": self.budget.steps,
                "precision": PRECISION[torch.get_float32_matmul_precision()],
            },
        )

    def guard(self, k: int, call: Callable[..., Result], *args: object) -> Result | None:
        """Run a member's own code; what it raises takes out this member alone."""
        if self.members[k].error is None:
            try:
                return call(*args)
            except Exception as error:  # foreign code: kept as data and reported with the cell
                self.members[k].error = error
            finally:
                self.numerics.restore()
        return None

    def _tell(self, step: int) -> None:
        """Say how far it is, now and then."""
        if self.tell is not None and time.monotonic() - self.told > TELL_EVERY:
            self.tell(f"training, step {step} of {self.budget.steps}")
            self.told = time.monotonic()

    def _run_stage(self, stages: list[Stage], steps: int, done: int, *, last: bool) -> None:
        if stages[0].reset_head:
            fresh = torch.stack([self.backbone.initial(generator) for generator in self.inits])
            self.flat[:, self.backbone.head_start :] = fresh[:, self.backbone.head_start :].to(self.device)
        nets = self._nets()
        head_start = self.backbone.head_start
        start, end = {"all": (0, None), "head": (head_start, None), "backbone": (0, head_start)}[stages[0].train]
        decay = self.budget.weight_decay
        optimiser = RowAdam(self.flat, nets.stack.grad, weight_decay=decay, start=start, end=end)
        rates = self._rates(stages, steps)
        streams = [
            self.guard(k, self.members[k].stream, stages[k], self.resident.starts[k], self.orders[k])
            for k in range(self.cells)
        ]
        groups = self._groups(stages)
        looks = checkpoints(steps, self.budget.evaluations) if last else frozenset()
        step, chunk = 0, chunk_of(steps)
        while step < steps:
            self._look_at_progress(stages, streams, step / steps)
            ahead = min(chunk, steps - step)
            index, shares = self._draw(streams, ahead)
            losses = [
                _Losses(group, self.terms.weights(group.where), self.terms.facts(group.where))
                for group in groups if self._alive(group)
            ]  # fmt: skip
            first = self._ascending(stages, losses)
            for offset in range(ahead):
                batch = self._batch(index[offset], shares)
                self._step(nets, batch, first, reweigh=True)
                if radius := getattr(stages[0].optimize, "radius", 0.0):
                    self._ascend_and_repeat(nets, batch, losses, radius)
                optimiser.step(rates[step])
                step += 1
                self._tell(done + step)
                if step in looks:
                    self._look(done + step)
            for k, reweighing in self.reweighing.items():
                self.guard(k, reweighing.judge)
            if all(member.error is not None for member in self.members):
                return

    def _nets(self) -> _Nets:
        stack = self.backbone.stack(self.flat, self.padded)
        parameters, gradients = self.backbone.head(self.flat), self.backbone.head(stack.grad)
        gradient = self.flat.new_zeros(self.cells, self.padded, self.members[0].data.n_classes)
        return _Nets(stack, stacked_head(self.head, parameters, gradients, self.padded), gradient)

    def _batch(self, index: Tensor, shares: Tensor) -> Batch:
        batch = Batch(*self.resident.gather(index), shares, self.batch)
        for k, mixing in self.mixing.items():
            self.guard(k, batch.augment, k, *mixing)
        return batch

    def _rates(self, stages: list[Stage], steps: int) -> list[list[float]]:
        """Learning rates, (steps, K); 0 for members that are out."""
        table = np.zeros((self.cells, steps))
        for k, (member, stage) in enumerate(zip(self.members, stages, strict=True)):
            base = self.budget.learning_rate if member.learning_rate is None else member.learning_rate
            found = self.guard(k, learning_rates, base, stage.optimize, steps)
            if found is not None:
                table[k] = found
        rates: list[list[float]] = table.T.tolist()
        return rates

    def _groups(self, stages: list[Stage]) -> list[LossGroup]:
        """Loss groups of the members that are still in; a loss that fails even alone takes out its members."""
        self.loss_parts = [stage.loss for stage in stages]
        mixed = [member.recipe.augment is not None for member in self.members]
        active = [k for k in range(self.cells) if self.members[k].error is None]
        groups = group_losses(self.loss_parts, mixed, active)
        n_classes = self.members[0].data.n_classes
        for group in groups:
            facts = self.terms.facts(group.cells[0])
            try:
                with torch.enable_grad():
                    group.probe(self.padded, n_classes, facts)
            except Exception as error:  # foreign code
                self._drop(group, error)
            finally:
                self.numerics.restore()
        return groups

    def _alive(self, group: LossGroup) -> bool:
        return any(self.members[k].error is None for k in group.cells)

    def _drop(self, group: LossGroup, error: Exception) -> None:
        for k in group.cells:
            self.members[k].error = error

    def _look_at_progress(self, stages: list[Stage], streams: list[BatchStream | None], progress: float) -> None:
        """Class weights, facts and samplers' probabilities at a progress; what does not depend on it stays."""
        self.progress = progress
        for k, (member, stage) in enumerate(zip(self.members, stages, strict=True)):
            if progress > 0 and stage.sample is None and stage.weight is None:
                continue
            found = self.guard(k, prior_at, stage, member.counts, progress)
            if found is None:
                continue
            sampled, effective, weights = found
            self.terms.set(k, effective, weights)
            stream = streams[k]
            if isinstance(stream, ClassStream):
                stream.set_probabilities(sampled)

    def _draw(self, streams: list[BatchStream | None], ahead: int) -> tuple[Tensor, Tensor]:
        """Row positions (ahead, K, B') in the resident matrix and target shares (K, B'): 1, and 0 for padding."""
        index = torch.zeros(ahead, self.cells, self.padded, dtype=torch.int64)
        for k, stream in enumerate(streams):
            if stream is not None and self.members[k].error is None:
                index[:, k, : self.batch] = stream.take(ahead * self.batch).view(ahead, self.batch)
        shares = torch.zeros(self.cells, self.padded)
        shares[:, : self.batch] = 1.0
        return self.resident.locate(index).to(self.device), shares.to(self.device)

    def _step(self, nets: _Nets, batch: Batch, losses: list[_Losses], *, reweigh: bool = False) -> None:
        """Forward, loss, backward: gradients of all cells into the stack."""
        features = nets.stack.features(batch.inputs, self.dropouts)
        logits = nets.head.forward(features)
        if reweigh:
            for k in self.reweighing:
                self.guard(k, self._reweigh, k, batch, features, logits)
        for group, weights, facts in losses:
            if not self._alive(group):
                continue
            at = group.where
            try:
                targets = batch.targets(group.cells, at)
                nets.gradient[at] = group.gradient(logits[at], targets, weights, facts, self.batch)
            except Exception as error:  # foreign code
                self._drop(group, error)
                nets.gradient[at] = 0.0
            finally:
                self.numerics.restore()
        nets.stack.backward(nets.head.backward(nets.gradient))

    def _reweigh(self, k: int, batch: Batch, features: Tensor, logits: Tensor) -> None:
        """Let a recipe weigh the examples of its batch by what the network makes of them."""
        own, below = logits[k, : self.batch].clone(), features[k, : self.batch].clone()
        targets = [(labels[: self.batch], shares[: self.batch]) for labels, shares in batch.of(k)]
        found = seen(own, below, targets, self.loss_parts[k], self.terms.facts(k), self.progress)
        batch.reweigh(k, self.reweighing[k].weights(found))

    def _ascending(self, stages: list[Stage], losses: list[_Losses]) -> list[_Losses]:
        """The losses of the first of two passes: class weights times what a cell's ``ascent`` says."""
        factors = {
            k: found
            for k, (member, stage) in enumerate(zip(self.members, stages, strict=True))
            if getattr(stage.optimize, "radius", 0.0) > 0
            and (ascent := getattr(stage.optimize, "ascent", None)) is not None
            and (found := self.guard(k, ascent_weights, ascent, member.counts, self.terms.facts(k).effective))
            is not None
        }
        if not factors:
            return losses
        table = torch.ones(self.cells, self.members[0].data.n_classes, device=self.device)
        for k, found in factors.items():
            table[k] = torch.from_numpy(found.astype(np.float32)).to(self.device)
        return [each._replace(weights=each.weights * table[each.group.where]) for each in losses]

    def _ascend_and_repeat(self, nets: _Nets, batch: Batch, losses: list[_Losses], radius: float) -> None:
        """SAM (Foret et al. 2021, eq. 2): the gradient at w + radius * g / |g|, taken at w."""
        norms = nets.stack.grad.norm(dim=1, keepdim=True).clamp_min(1e-12)
        ascent = nets.stack.grad * (radius / norms)
        self.flat.add_(ascent)
        self._step(nets, batch, losses)
        self.flat.sub_(ascent)

    def _look(self, step: int) -> None:
        """Keep each cell's parameters if its validation average precision is the best so far (ties: the later)."""
        for k, member in enumerate(self.members):
            if member.error is not None:
                continue
            self._tell(step)
            trained = Trained(
                backbone=self.backbone, head=self.head, loss=self.loss_parts[k],
                selected=self.flat[k], last=self.flat[k], selected_step=step,
            )  # fmt: skip
            scores = trained(member.data.x_validation)
            value = macro_average_precision(scores, member.data.y_validation)
            final = step == self.budget.steps
            self.best.offer(k, self.flat[k], value, step=step, progress=self.progress, final=final)
            if k in self.reweighing:
                if self.best.steps[k] == step:
                    self.reweighing[k].keep()
                self.guard(k, self.reweighing[k].look, scores, member.data.y_validation)


class _Nets(NamedTuple):
    """The networks of a pack in training: bodies, heads, and the gradient (K, B, C) with respect to the logits."""

    stack: Stack
    head: StackedHead
    gradient: Tensor


class _Losses(NamedTuple):
    """A group of losses with the class weights and facts of its cells, as they are during a chunk."""

    group: LossGroup
    weights: Tensor
    facts: ClassFacts

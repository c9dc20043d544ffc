"""Networks for a Fit: packs by recipe, and descent by a gradient that the Fit computes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget
from imbench.strategy.recipe import Predictor, Recipe
from imbench.strategy.trial import Gradient, StepBatch, Training
from imbench.training.batches import ClassStream
from imbench.training.heads import head_logits
from imbench.training.loop import train_pack
from imbench.training.losses import same
from imbench.training.member import Member, prior_at, resample, stages_of
from imbench.training.optimiser import RowAdam
from imbench.training.schedule import CHUNK, chunk_of, learning_rates
from imbench.training.selection import Best, checkpoints, macro_average_precision
from imbench.training.stack import Backbone
from imbench.training.trained import Trained

__all__ = ["Networks", "alike"]

#: Parts that descent by a gradient of one's own can use.
_OF_DESCENT = frozenset({"sample", "optimize"})


def alike(members: Sequence[Member]) -> list[list[int]]:
    """Positions of members that can step together: equal shape, head, stage shares and two-pass radius."""
    batches: list[tuple[tuple[object, ...], list[int]]] = []
    for position, member in enumerate(members):
        stages = stages_of(member.recipe)
        key = (
            (member.data.x_train.shape[1], member.data.n_classes),
            member.recipe.head,
            tuple((stage.share, stage.train, stage.reset_head) for stage in stages),
            tuple(float(getattr(stage.optimize, "radius", 0.0)) for stage in stages),
        )
        for known, batch in batches:
            if all(same(a, b) for a, b in zip(known, key, strict=True)):
                batch.append(position)
                break
        else:
            batches.append((key, [position]))
    return [batch for _, batch in batches]


@dataclass(frozen=True, kw_only=True, eq=False)
class Networks:
    """The engine of one trial (`imbench.strategy.trial.Engine`).

    Attributes:
        data: its rows.
        backbone: the network for such rows.
        budget: of every training.
        device: where.
        tell: called a few times a second with how far it is.
    """

    data: TrainingData
    backbone: Backbone
    budget: Budget
    device: torch.device
    tell: Callable[[str], None] | None = None

    def train(self, trainings: Sequence[Training]) -> list[Predictor]:
        """Train all in lock step. Raises what the first that failed raised."""
        members = [
            Member(recipe=recipe, data=self.data, rows=resample(self.data, recipe, stream, rows), suffix=stream)
            for recipe, rows, stream in trainings
        ]
        trained: dict[int, Trained] = {}
        for batch in alike(members):
            pack = [members[position] for position in batch]
            outcomes = train_pack(pack, self.backbone, self.budget, self.device, tell=self.tell)
            for position, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    raise outcome
                trained[position] = outcome
        return [trained[position] for position in range(len(members))]

    def descend(self, gradient: Gradient, recipe: Recipe, stream: str) -> Predictor:
        """See `imbench.strategy.trial.Trial.descend`."""
        if others := sorted(set(recipe.parts()) - _OF_DESCENT):
            raise ValueError(f"descend: expected a recipe with sample and optimize alone, got {others}")
        member = Member(recipe=recipe, data=self.data, rows=resample(self.data, recipe), suffix=stream)
        return _Descent(self, member, gradient).run()


class _Descent:
    """One network on its way down; it is the `Network` that the gradient is called with."""

    def __init__(self, networks: Networks, member: Member, gradient: Gradient) -> None:
        self._networks, self._member, self._gradient = networks, member, gradient
        self._backbone, self._device = networks.backbone, networks.device
        self._stage = stages_of(member.recipe)[0]
        self._stream = member.stream(self._stage, 0, member.generator("order"))
        self._x = torch.tensor(member.data.x_train, device=self._device)
        self._y = torch.tensor(member.data.y_train, device=self._device)
        self.row = self._backbone.initial(member.generator("init")).to(self._device)
        self.head_start = self._backbone.head_start
        self.learning_rate = networks.budget.learning_rate

    def features(self, row: Tensor, x: Tensor) -> Tensor:
        return self._backbone.infer(row, x)

    def head(self, row: Tensor, features: Tensor) -> Tensor:
        weight, bias = self._backbone.head(row[None])
        return head_logits(None, features[None], weight, bias)[0]

    def logits(self, row: Tensor, x: Tensor) -> Tensor:
        return self.head(row, self.features(row, x))

    def run(self) -> Trained:
        budget, steps = self._networks.budget, self._networks.budget.steps
        flat, grad = self.row[None], torch.zeros_like(self.row)[None]
        optimiser = RowAdam(flat, grad, weight_decay=budget.weight_decay)
        rates = learning_rates(budget.learning_rate, self._stage.optimize, steps)
        looks, best = checkpoints(steps, budget.evaluations), Best(flat)
        for step, rows in enumerate(self._rows(steps)):
            self.learning_rate = float(rates[step])
            grad[0] = self._one_gradient(StepBatch(rows, self._x[rows], self._y[rows], step / steps))
            optimiser.step([self.learning_rate])
            if self._networks.tell is not None and step % CHUNK == 0:
                self._networks.tell(f"training, step {step} of {steps}")
            if step + 1 in looks:
                scores = self._trained(self.row, step + 1)(self._member.data.x_validation)
                value = macro_average_precision(scores, self._member.data.y_validation)
                best.offer(0, self.row, value, step=step + 1, progress=step / steps, final=step + 1 == steps)
        if not looks:
            best.take(flat, step=steps, progress=1.0)
        return self._trained(best.rows[0], int(best.steps[0]))

    def _rows(self, steps: int) -> Iterator[Tensor]:
        """(B,) positions of each step, drawn in the chunks in which a pack draws them: so they are the same rows."""
        size, chunk = self._networks.budget.batch_size, chunk_of(steps)
        for start in range(0, steps, chunk):
            if isinstance(self._stream, ClassStream):
                self._stream.set_probabilities(prior_at(self._stage, self._member.counts, start / steps)[0])
            ahead = min(chunk, steps - start)
            yield from self._stream.take(ahead * size).to(self._device).view(ahead, size)

    def _one_gradient(self, batch: StepBatch) -> Tensor:
        found = self._gradient(self, batch)
        shape = getattr(found, "shape", type(found).__name__)
        if shape != self.row.shape:
            raise ValueError(f"descend: expected a gradient of shape {tuple(self.row.shape)}, got {shape}")
        return found.detach()

    def _trained(self, selected: Tensor, step: int) -> Trained:
        steps = self._networks.budget.steps
        return Trained(
            backbone=self._backbone,
            head=None,
            loss=None,
            selected=selected,
            last=self.row,
            selected_step=step,
            notes={"selected_step": step, "steps": steps},
        )

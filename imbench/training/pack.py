"""A job of the engine, as a worker runs it: build, resample, train in lock step or alone, finish, report.

Work that is equal is done once: one resampling for all that share it, one training for all that differ only in what
happens afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import torch

from imbench.data.block import TrainingData
from imbench.errors import UsageError
from imbench.matrix.cell import Coordinates
from imbench.plugin.registry import Registry
from imbench.strategy.compose import Composed, build
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.parts import TransformHead
from imbench.strategy.recipe import Predictor, Recipe
from imbench.strategy.trial import Trial
from imbench.training.finish import Raw, finish, score
from imbench.training.loop import train_pack
from imbench.training.losses import same
from imbench.training.member import Member, Rows, after, resample, score_prior
from imbench.training.networks import Networks, alike
from imbench.training.places import backbone_for, device_of
from imbench.training.rehead import rehead
from imbench.training.request import CellRequest, Report, Request, Work
from imbench.training.shared import undisturbed
from imbench.training.trained import Trained

__all__ = ["fit_alone", "run"]


@dataclass(eq=False)
class _Training:
    """One distinct training and the cells that use it."""

    member: Member
    cells: list[tuple[int, Composed]] = field(default_factory=list)


def run(request: Request, items: Sequence[Work], report: Report) -> None:
    """Train and finish all items, pack by pack. Each item gets exactly one answer; what its code raises is its own."""
    registry = request.registry()
    for _, pack in groupby(items, key=lambda item: item.payload.pack):
        trainings = _prepare(request, registry, list(pack), report)
        for batch in alike([training.member for training in trainings]):
            _train(request, registry, [trainings[position] for position in batch], report)


def _prepare(request: Request, registry: Registry, items: Sequence[Work], report: Report) -> list[_Training]:
    """Build and resample the items of a pack; a Fit is answered at once, recipes are left to train."""
    memo: list[tuple[TrainingData, object, Rows]] = []
    trainings: list[_Training] = []
    for item in items:
        cell: CellRequest = item.payload
        data = request.blocks[cell.block]
        with _Answer(report, item.id, data.at) as answer:
            report.working(item.id, "building")
            composed = build(registry.strategies, cell.strategy)
            if composed.recipe.adapt:
                raise UsageError(
                    f"adapt={composed.recipe.adapt!r} needs a pretrained backbone, and {request.backbone!r} is none"
                )
            report.working(item.id, "resampling")
            rows = _resample_once(memo, data, composed.recipe)
            if composed.fit is not None:
                report.working(item.id, "fitting")
                tell = partial(report.working, item.id)
                predictor, prior = fit_alone(_for_cell(request, cell), registry, data, composed, rows, tell)
                header, arrays = finish(data, composed.recipe, score(data, predictor), prior)
                header["notes"] |= {**rows.notes, **getattr(predictor, "notes", {})}
                answer(header, arrays)
            else:
                member = Member(
                    recipe=composed.recipe.training(), data=data, rows=rows, learning_rate=cell.learning_rate
                )
                _join(trainings, item.id, composed, member)
    return trainings


def _train(request: Request, registry: Registry, trainings: list[_Training], report: Report) -> None:
    """Train a pack and answer for all its cells."""
    members = [training.member for training in trainings]
    only = trainings[0].cells[0][0] if len(trainings) == 1 and len(trainings[0].cells) == 1 else None
    report.working(only, "training")
    backbone = backbone_for(registry, request.backbone, members[0].data)
    tell = partial(report.working, only)
    outcomes: list[Trained | Exception] = []
    try:
        outcomes = train_pack(members, backbone, request.budget, device_of(request.device), tell=tell)
    except Exception as error:
        if not out_of_memory(error):
            raise
        if len(trainings) == 1:
            outcomes = [error]
    if not outcomes:  # outside the handler: its traceback would hold the memory that is wanted back
        # halves need half the memory, and what a cell computes does not depend on its neighbours
        middle = len(trainings) // 2
        for half in (trainings[:middle], trainings[middle:]):
            _train(request, registry, half, report)
        return
    for training, trained in zip(trainings, outcomes, strict=True):
        known: list[tuple[object, Raw]] = []
        for item_id, composed in training.cells:
            with _Answer(report, item_id, training.member.data.at) as answer:
                if isinstance(trained, Exception):
                    raise trained
                report.working(item_id, "finishing")
                raw = _score_trained(known, training.member, composed.recipe.transform_head, trained)
                answer(*_finish_trained(training.member, composed, trained, raw))


#: A plain RuntimeError of torch on the CPU.
_TORCH_SAYS = "DefaultCPUAllocator: "


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: Python's, CUDA's, or what torch's allocator says on the CPU."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or _TORCH_SAYS in str(error)


def _score_trained(
    known: list[tuple[object, Raw]], member: Member, transform: TransformHead | None, trained: Trained
) -> Raw:
    """Scores of the block's rows, once for all cells that use the same head."""
    for part, raw in known:
        if same(part, transform):
            return raw
    if transform is not None:
        trained = rehead(trained, member, transform)
    last = None
    if trained.selected_step != trained.notes["steps"]:
        last = partial(trained.scores, row=trained.last)
    known.append((transform, score(member.data, trained, last)))
    return known[-1][1]


def _finish_trained(
    member: Member, composed: Composed, trained: Trained, raw: Raw
) -> tuple[dict[str, Any], dict[str, Any]]:
    prior = score_prior(composed.recipe, member.counts, trained.progress, trained.reweighed)
    header, arrays = finish(member.data, composed.recipe, raw, prior)
    header["notes"] |= {**member.rows.notes, **trained.notes}
    nothing_else = (
        set(composed.recipe.parts()) - {"stages", "adjust", "adapt"} == {"resample"} and not composed.recipe.adjust
    )
    if member.rows.noop and nothing_else:
        header["noop"] = member.rows.notes["resample"].get("note") or "the resampler kept every row and made none"
    return header, arrays


def fit_alone(
    request: Request,
    registry: Registry,
    data: TrainingData,
    composed: Composed,
    rows: Rows,
    tell: Callable[[str], None] | None = None,
) -> tuple[Predictor, Prior]:
    """Run a Fit on the (resampled) training rows.

    Returns:
        Its predictor, and the prior (C,) that its scores stand for.
    """
    assert composed.fit is not None
    made = np.empty((0, data.x_train.shape[1]), np.float32) if rows.made_x is None else rows.made_x
    x = np.concatenate([data.x_train, made])[rows.index]
    x.setflags(write=False)
    rows.labels.setflags(write=False)
    own = replace(data, x_train=x, y_train=rows.labels, groups=None)

    backbone, device = backbone_for(registry, request.backbone, own), device_of(request.device)
    engine = Networks(data=own, backbone=backbone, budget=request.budget, device=device, tell=tell)
    trial = Trial(
        x=x,
        y=rows.labels,
        x_validation=data.x_validation,
        y_validation=data.y_validation,
        n_classes=data.n_classes,
        categorical=data.categorical,
        variable=data.variable,
        budget=request.budget,
        at=data.at,
        device=request.device,
        engine=engine,
    )
    return composed.fit.fit(trial), after(composed.fit, normalised(own.counts))


def _resample_once(memo: list[tuple[TrainingData, object, Rows]], data: TrainingData, recipe: Recipe) -> Rows:
    for known_data, part, rows in memo:
        if known_data is data and same(part, recipe.resample):
            return rows
    rows = resample(data, recipe)
    memo.append((data, recipe.resample, rows))
    return rows


def _for_cell(request: Request, cell: CellRequest) -> Request:
    """The request with the learning rate of one cell, if it has one of its own."""
    if cell.learning_rate is None:
        return request
    return replace(request, budget=replace(request.budget, learning_rate=cell.learning_rate))


def _join(trainings: list[_Training], item_id: int, composed: Composed, member: Member) -> None:
    """Put a cell beside the training it can share, or start a new one."""
    for training in trainings:
        known = training.member
        if (
            known.data is member.data
            and known.learning_rate == member.learning_rate
            and same(known.recipe, member.recipe)
        ):
            training.cells.append((item_id, composed))
            return
    trainings.append(_Training(member, [(item_id, composed)]))


class _Answer:
    """Guard around one item's own code: what it raises and what it changes is its own and nobody else's."""

    def __init__(self, report: Report, item_id: int, at: Coordinates) -> None:
        self._report, self._item_id = report, item_id
        self._undisturbed = undisturbed(at)

    def __enter__(self) -> Callable[[dict[str, Any], dict[str, Any]], None]:
        self._undisturbed.__enter__()
        return partial(self._report.outcome, self._item_id)

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        self._undisturbed.__exit__(None, None, None)
        if isinstance(error, Exception):
            self._report.error(self._item_id, error)
            return True
        return False

"""A new head for a trained network, after training (`imbench.strategy.parts.TransformHead`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from imbench.data.block import Floats
from imbench.strategy.parts import HeadView, TransformHead
from imbench.training.member import Member
from imbench.training.trained import INFER_ROWS, Trained

__all__ = ["rehead"]


@torch.no_grad()
def rehead(trained: Trained, member: Member, part: TransformHead) -> Trained:
    """The network under the head that the part makes, for the selected step and for the last.

    Raises:
        ValueError: the part returned a head of another shape, or one that is not finite.
    """
    made = member.rows.made_x
    x = member.data.x_train if made is None else np.concatenate([member.data.x_train, made])
    x = x[member.rows.index]

    def under(row: Tensor) -> Tensor:
        weight, bias = (tensor[0] for tensor in trained.backbone.head(row[None]))
        seen = HeadView(
            weight=weight.cpu().numpy().copy(),
            bias=bias.cpu().numpy().copy(),
            features=_features(trained, row, x),
            labels=member.rows.labels,
            validation_features=_features(trained, row, member.data.x_validation),
            validation_labels=member.data.y_validation,
        )
        found = [np.asarray(array) for array in part(seen)]
        shapes = [array.shape for array in found]
        if shapes != [weight.shape, bias.shape]:
            raise ValueError(f"transform_head: expected shapes {[*weight.shape]} and {[*bias.shape]}, got {shapes}")
        if not all(np.isfinite(array).all() for array in found):
            raise ValueError("transform_head: the new head holds NaN or infinite values")
        fresh = row.clone()
        for target, array in zip(trained.backbone.head(fresh[None]), found, strict=True):
            target[0].copy_(torch.from_numpy(array.astype(np.float32)))
        return fresh

    selected = under(trained.selected)
    same_step = trained.selected_step == trained.notes["steps"]
    return replace(trained, selected=selected, last=selected if same_step else under(trained.last))


def _features(trained: Trained, row: Tensor, x: Floats) -> Floats:
    """(n, h) features, so many rows at a time."""
    inputs = torch.tensor(np.asarray(x, dtype=np.float32))
    parts = [
        trained.backbone.infer(row, inputs[at : at + INFER_ROWS].to(row.device))
        for at in range(0, len(inputs), INFER_ROWS)
    ]
    return torch.cat(parts).cpu().numpy()

"""A trained network: a row of parameters and how inputs become scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from imbench.data.block import Floats
from imbench.strategy.parts import Head
from imbench.training.heads import head_logits
from imbench.training.losses import link
from imbench.training.stack import Backbone

__all__ = ["Trained"]

#: Rows per inference call, a constant: what a cell gets may not depend on who else is in its pack.
INFER_ROWS = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        backbone, head, loss: how inputs become scores.
        selected: (P,) the step that validation chose.
        last: (P,) the last step.
        selected_step: number of the chosen step.
        progress: of the last stage, in [0, 1): where the samplers and weights that were in force then had been read.
        reweighed: state of the ``reweight`` part at the chosen step, on the CPU; None without such a part.
        notes: what a result should record.
    """

    backbone: Backbone
    head: Head | None
    loss: object
    selected: Tensor
    last: Tensor
    selected_step: int
    progress: float = 1.0
    reweighed: Tensor | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def __call__(self, x: Floats) -> Floats:
        """Scores (n, C) of the selected step."""
        return self.scores(x, self.selected)

    @torch.no_grad()
    def scores(self, x: Floats, row: Tensor) -> Floats:
        """Scores (n, C) float32 under a row of parameters."""
        inputs = torch.from_numpy(np.array(x, dtype=np.float32))
        weight, bias = self.backbone.head(row[None])
        parts = []
        for start in range(0, max(len(inputs), 1), INFER_ROWS):
            features = self.backbone.infer(row, inputs[start : start + INFER_ROWS].to(row.device))
            logits = head_logits(self.head, features[None], weight, bias)[0]
            parts.append(link(self.loss, logits))
        return torch.cat(parts).float().cpu().numpy()

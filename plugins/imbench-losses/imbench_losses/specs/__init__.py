"""What this plugin offers, as data. Nothing here imports torch: factories are named by text."""

from __future__ import annotations

from imbench_losses.specs.batches import BATCHES
from imbench_losses.specs.heads import HEADS
from imbench_losses.specs.losses import LOSSES
from imbench_losses.specs.optimisation import OPTIMISATION
from imbench_losses.specs.posthoc import POST_HOC
from imbench_losses.specs.weighting import WEIGHTING

__all__ = ["SPECS"]

SPECS = WEIGHTING + LOSSES + HEADS + BATCHES + OPTIMISATION + POST_HOC

"""Metrics of plugins: called cell by cell, and what they raise is their outcome."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout

from imbench.data.block import Floats, Labels
from imbench.errors import one_line
from imbench.scoring.measured import Measured, Outcome

__all__ = ["ExtraMetric", "extra_metrics"]

#: Scores (n, C) float32 and labels (n,) int64, both read-only → a number, NaN where undefined.
ExtraMetric = Callable[[Floats, Labels], float]


def extra_metrics(extra: Mapping[str, ExtraMetric], scores: Floats, labels: Labels, taken: Collection[str]) -> Measured:
    """Metrics of plugins on read-only views: one metric cannot change what the next one sees.

    Args:
        extra: name → metric. One that raises, or returns no finite number, is undefined with a reason.
        scores: (n, C) float32.
        labels: (n,).
        taken: names that imbench uses itself; such a metric is reported as ``extra:name``, undefined.
    """
    if not extra:
        return Measured({}, {})
    scores, labels = scores.view(), labels.view()
    scores.flags.writeable = labels.flags.writeable = False
    outcomes: dict[str, Outcome] = {}
    for name, compute in extra.items():
        if name in taken:
            outcomes[f"extra:{name}"] = "imbench has a metric of that name"
        else:
            outcomes[name] = _extra_metric(compute, scores, labels)
    return Measured.of(outcomes)


def _extra_metric(compute: ExtraMetric, scores: Floats, labels: Labels) -> Outcome:
    try:
        with redirect_stdout(io.StringIO()):  # stdout of the parent is data
            value = float(compute(scores, labels))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code: whatever it raises, sys.exit() too, is its outcome; the cell goes on
        return one_line(error)
    return value if math.isfinite(value) else f"the metric returned {value}"

"""Where and with what a request trains: the torch device and the backbone it names."""

from __future__ import annotations

import torch

from imbench.data.block import TrainingData
from imbench.errors import UsageError
from imbench.matrix.expression import parse_expression
from imbench.plugin.registry import Registry
from imbench.plugin.specs import resolve
from imbench.training.stack import Backbone

__all__ = ["backbone_for", "device_of"]


def backbone_for(registry: Registry, text: str, data: TrainingData) -> Backbone:
    """Build the backbone that an expression names for the shape of a block. Raises UsageError for a bad expression."""
    terms = parse_expression(text)
    if len(terms) != 1:
        raise UsageError(f"backbone {text!r}: expected one name, got {len(terms)}")
    spec = registry.backbones.find(terms[0].name).spec
    values = {}
    for name, parameter in spec.params.items():
        values[name] = parameter.check(name, terms[0].params.get(name, parameter.default))
    if unknown := set(terms[0].params) - set(spec.params):
        raise UsageError(f"backbone {spec.name!r} has no parameter {sorted(unknown)[0]!r}")
    built: Backbone = resolve(spec.make)(data.x_train.shape[1], data.n_classes, **values)
    return built


def device_of(name: str) -> torch.device:
    """The torch device of a request; ``auto`` is CUDA where there is one. Raises UsageError if there is none."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: this machine offers no CUDA device to torch {torch.__version__}: use cpu")
    return torch.device(name)

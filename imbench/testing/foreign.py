"""A strategy whose every call is looked at: what it leaves behind, and what it draws from generators not its own."""

from __future__ import annotations

import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, replace
from itertools import count
from typing import Any

import numpy as np
import torch

from imbench.plugin.registry import Offer
from imbench.plugin.specs import StrategySpec
from imbench.strategy.parts import Stage
from imbench.strategy.recipe import Fit, Predictor, Recipe
from imbench.strategy.trial import Trial
from imbench.training.shared import Numerics

__all__ = ["Change", "disturbed", "watched"]

#: (name of the part, the part) → what is done around each of its calls.
Around = Callable[[str, object], AbstractContextManager[None]]
#: Methods that the engine calls, beside the call itself.
_CALLED = frozenset({"gradient", "start", "look", "ascent"})


@dataclass(frozen=True)
class Change:
    """Something that a call changed in the process.

    Attributes:
        topic: ``torch``, ``process`` or ``random``.
        what: what was changed, one line.
        name: of the part that was called.
        part: the part.
    """

    topic: str
    what: str
    name: str
    part: object


def watched(offer: Offer[StrategySpec], seen: list[Change]) -> Offer[StrategySpec]:
    """The same strategy; what its calls change in the process is added to ``seen``."""

    @contextmanager
    def around(name: str, part: object) -> Iterator[None]:
        before = _state()
        try:
            yield
        finally:
            for (topic, thing), (now, was) in _differences(_state(), before):
                told = thing if topic == "random" else f"{thing} from {was} to {now}"
                seen.append(Change(topic, told, name, part))

    return _within(offer, around)


def disturbed(offer: Offer[StrategySpec]) -> Offer[StrategySpec]:
    """The same strategy; before each of its calls somebody else has drawn from the global generators."""
    calls = count(1_000_000)

    @contextmanager
    def around(_name: str, _part: object) -> Iterator[None]:
        foreign = next(calls)
        random.seed(foreign)
        np.random.seed(foreign)
        torch.manual_seed(foreign)
        yield

    return _within(offer, around)


def _within(offer: Offer[StrategySpec], around: Around) -> Offer[StrategySpec]:
    def make(**arguments: Any) -> Recipe | Fit:
        with around("make", offer.spec.make):
            made = offer.spec.build(arguments)
        return _recipe(made, around) if isinstance(made, Recipe) else _Fit(made, around)

    return replace(offer, spec=replace(offer.spec, make=make))


def _recipe(made: Recipe, around: Around) -> Recipe:
    changed: dict[str, Any] = {name: _Part(name, part, around) for name, part in made.parts().items() if callable(part)}
    changed["adjust"] = tuple(_Part("adjust", part, around) for part in made.adjust)
    changed["stages"] = tuple(_stage(stage, around) for stage in made.stages)
    return replace(made, **changed)


def _stage(stage: Stage, around: Around) -> Stage:
    parts = {each.name: getattr(stage, each.name) for each in fields(stage)}
    changed: dict[str, Any] = {name: _Part(name, part, around) for name, part in parts.items() if callable(part)}
    return replace(stage, **changed)


class _Part:
    """A part with something around its calls, and around those of what it returns if that is a function."""

    def __init__(self, name: str, part: Any, around: Around) -> None:
        self._name, self._part, self._around = name, part, around

    def __call__(self, *arguments: Any) -> Any:
        with self._around(self._name, self._part):
            found = self._part(*arguments)
        return _Part(self._name, found, self._around) if callable(found) else found

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return _Part(self._name, found, self._around) if name in _CALLED and callable(found) else found


class _Fit(_Part):
    def __init__(self, fit: Fit, around: Around) -> None:
        super().__init__("fit", fit, around)

    def fit(self, trial: Trial) -> Predictor:
        with self._around("fit", self._part.fit):
            predictor = self._part.fit(trial)
        made: Predictor = _Part("predictor", predictor, self._around)
        return made


_State = dict[tuple[str, str], object]


def _state() -> _State:
    """All that code of a process shares: (topic, what) → value that can be compared."""
    numerics = Numerics()
    mask = os.umask(0o077)
    os.umask(mask)
    dtype, threads, deterministic, precision = numerics.torch
    return {
        ("torch", "default type"): dtype,
        ("torch", "threads"): threads,
        ("torch", "deterministic algorithms"): deterministic,
        ("torch", "precision of matrix products"): precision,
        ("torch", "default device"): str(torch.get_default_device()),
        ("torch", "gradient mode"): torch.is_grad_enabled(),
        ("process", "numpy's error handling"): tuple(numerics.numpy.items()),
        ("process", "working folder"): os.getcwd(),  # noqa: PTH109 (a string)
        ("process", "environment"): tuple(sorted(os.environ.items())),
        ("process", "file mode mask"): mask,
        ("process", "recursion limit"): sys.getrecursionlimit(),
        ("process", "warning filters"): tuple(map(str, warnings.filters)),
        ("process", "import path"): tuple(sys.path),
        ("process", "running threads"): tuple(each.name for each in threading.enumerate() if not each.daemon),
        ("random", "generator of the module random"): hash(random.getstate()),
        ("random", "global generator of numpy"): _digest(np.random.get_state(legacy=False)),
        ("random", "global generator of torch"): hash(torch.default_generator.get_state().numpy().tobytes()),
    }


def _digest(state: Any) -> int:
    inner = state["state"]
    return hash((inner["key"].tobytes(), inner["pos"], state["has_gauss"], state["gauss"]))


def _differences(now: _State, was: _State) -> list[tuple[tuple[str, str], tuple[object, object]]]:
    found: list[tuple[tuple[str, str], tuple[object, object]]] = []
    for key, value in now.items():
        if value == was[key]:
            continue
        if isinstance(value, tuple):
            new, old = set(value), set(was[key])  # type: ignore[call-overload]
            found.append((key, (sorted(map(str, new - old)), sorted(map(str, old - new)))))
        else:
            found.append((key, (value, was[key])))
    return found

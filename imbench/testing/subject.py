"""A strategy as the checks see it, with what several of them need worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import TrainingData
from imbench.plugin.registry import Offer
from imbench.plugin.specs import StrategySpec, resolve
from imbench.scoring.checks import check_scores
from imbench.strategy.parts import Loss
from imbench.strategy.recipe import Fit, Recipe
from imbench.testing.bench import Ran, run_alone
from imbench.testing.data import Problem, problem
from imbench.testing.finding import Broken, NotApplicable
from imbench.testing.foreign import Change, watched
from imbench.training.member import stages_of

__all__ = ["Strategy", "check_ran"]

_UNBUILT = "not checked: builds failed"


@dataclass(frozen=True, eq=False)
class Strategy:
    """A strategy under test.

    Attributes:
        offer: the record and who offers it.
    """

    offer: Offer[StrategySpec]

    @property
    def full_name(self) -> str:
        """``plugin/name``."""
        return self.offer.full_name

    @property
    def home(self) -> str:
        """Module that the entry point names."""
        return self.offer.origin.target

    @property
    def spec(self) -> StrategySpec:
        """Its record."""
        return self.offer.spec

    @cached_property
    def target(self) -> object:
        """Its factory."""
        try:
            return resolve(self.spec.make)
        except Exception:  # what is wrong with it, the check `builds` tells
            return None

    @cached_property
    def made(self) -> Recipe | Fit:
        """What the factory makes with the defaults. Raises NotApplicable if it fails: the check `builds` tells why."""
        try:
            made = self.spec.build({})
        except Exception as error:
            raise NotApplicable(_UNBUILT) from error
        if not isinstance(made, Recipe | Fit):
            raise NotApplicable(_UNBUILT)
        return made

    @property
    def recipe(self) -> Recipe | None:
        """The recipe, or None for a Fit."""
        return self.made if isinstance(self.made, Recipe) else None

    @property
    def losses(self) -> list[Loss]:
        """The losses that it brings, those of its stages included."""
        stages = stages_of(self.recipe) if self.recipe else ()
        return list({id(stage.loss): stage.loss for stage in stages if stage.loss is not None}.values())

    @property
    def at_fault(self) -> object:
        """The object to point at when the whole is at fault: the fit, the only part, or the factory."""
        if not isinstance(self.made, Recipe):
            return self.made.fit
        parts: list[object] = [part for part in self.made.parts().values() if callable(part)]
        return parts[0] if len(parts) == 1 else self.target

    def declared(self, name: str) -> str:
        """What a part says by an attribute of that name, as text; empty if it says nothing."""
        parts = [*self.recipe.parts().values(), *self.recipe.adjust, *self.losses] if self.recipe else [self.made]
        said = next((value for part in parts if (value := getattr(part, name, None))), "")
        return said if isinstance(said, str) else f"declared by {name} = {said!r}"

    @property
    def standard(self) -> str:
        """Name of the problem that it is mostly tried on: two classes if it supports that, else four."""
        return "two classes" if "binary" in self.spec.tasks else "four classes"

    @cached_property
    def problem(self) -> Problem:
        """That problem."""
        return problem(self.standard)

    @cached_property
    def first(self) -> Ran:
        """Its first training, whatever came of it."""
        return run_alone(self.offer, self.problem.data)

    @property
    def ran(self) -> Ran:
        """Its first training. Raises NotApplicable if it failed: the check `trains` tells that."""
        if self.first.error is not None:
            raise NotApplicable("not checked: trains failed")
        return self.first

    def must_build(self) -> None:
        """Raises NotApplicable if the factory failed."""
        assert isinstance(self.made, Recipe | Fit)

    def must_train(self) -> None:
        """Raises NotApplicable if the first training failed."""
        assert self.ran.error is None

    @cached_property
    def second(self) -> Ran:
        """The same training once more."""
        return run_alone(self.offer, self.problem.data)

    def must_repeat(self) -> None:
        """Raises NotApplicable unless a second training gives the same bits: the check `deterministic` tells that."""
        self.must_train()
        if self.second.error is not None or not np.array_equal(self.ran.test, self.second.test, equal_nan=True):
            raise NotApplicable("not checked: deterministic failed")

    @cached_property
    def changes(self) -> list[Change]:
        """What its calls change in the process while it trains."""
        seen: list[Change] = []
        if (failed := run_alone(watched(self.offer, seen), self.problem.data).error) is not None and not seen:
            raise NotApplicable(f"not checked: it does not train while it is watched ({failed})")
        return seen

    def on(self, name: str) -> tuple[Problem, Ran]:
        """A training on another problem. Raises what the strategy raises."""
        self.must_train()
        made = problem(name)
        return made, check_ran(run_alone(self.offer, made.data), made.data, self.at_fault)


def check_ran(ran: Ran, data: TrainingData, part: object) -> Ran:
    """The outcome if it is one. Raises what its code raised, or Broken for scores that are none."""
    if ran.error is not None:
        raise ran.error
    for name, x in (("validation", data.x_validation), ("test", data.x_test)):
        if reason := check_scores(_scores(ran, name), len(x), data.n_classes):
            raise Broken(f"{name} scores: {reason}", part)
    return ran


def _scores(ran: Ran, name: str) -> NDArray[np.float32]:
    return np.asarray(ran.arrays[name])

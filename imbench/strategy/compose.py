"""Composition: ``smote+focal+warmup`` → one composed strategy, with the rules that keep it honest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imbench.errors import PluginError, UsageError, blame
from imbench.plugin.naming import offers_of
from imbench.plugin.registry import Catalogue
from imbench.plugin.specs import StrategySpec
from imbench.strategy.parts import Adjust, TransductiveAdjust, prior_effect
from imbench.strategy.recipe import Fit, Recipe

__all__ = ["Composed", "build", "compose"]

#: Parts that a Fit can live with: its rows may be resampled before, its scores adjusted and decided after.
_BESIDE_A_FIT = frozenset({"resample", "adjust", "decide"})

#: Where a correction of the prior can happen, in the order in which the parts act.
_PRIOR_CHAIN = ("resample", "sample", "weight", "reweight", "loss", "transform_head")


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A composed strategy: either a recipe alone, or a Fit with the recipe's parts around it."""

    recipe: Recipe
    fit: Fit | None = None

    @property
    def packs(self) -> bool:
        """Whether its network can be trained together with others."""
        return self.fit is None


def build(catalogue: Catalogue[StrategySpec], text: str) -> Composed:
    """Call the factories of an expression and compose what they return. Runs plugin code: only a worker does this.

    Raises:
        UsageError: a rule of composition is broken.
        PluginError: a factory raised or returned something else than a Recipe or a Fit.
    """
    made: list[tuple[str, Recipe | Fit]] = []
    for offer, term in offers_of(catalogue, text):
        with blame(str(offer.origin), f"building strategy {offer.spec.name!r}"):
            strategy = offer.spec.build(term.params)
        if not isinstance(strategy, Recipe | Fit):
            raise PluginError(
                f"{offer.origin}: strategy {offer.spec.name!r}: expected make() to return a Recipe or an object with "
                f"fit(trial), got {type(strategy).__name__}"
            )
        made.append((str(term), strategy))
    return compose(made)


def compose(made: Sequence[tuple[str, Recipe | Fit]]) -> Composed:
    """Merge strategies in the order written.

    Raises:
        UsageError: two owners of one part, two Fits, a part that a Fit cannot live with, a loss of the whole batch with
            weights of examples, or a prior corrected twice.
    """
    owners: dict[str, str] = {}
    parts: dict[str, object] = {}
    adjusts: list[tuple[str, Adjust | TransductiveAdjust]] = []
    fit: Fit | None = None
    for name, strategy in made:
        offered = strategy.parts() if isinstance(strategy, Recipe) else {"fit": strategy}
        for part, value in offered.items():
            if part == "adjust" and isinstance(value, tuple):
                adjusts += [(name, each) for each in value]
                continue
            if part in owners:
                raise UsageError(f"{owners[part]!r} and {name!r} both bring the part {part!r}: leave one of them out")
            owners[part] = name
            parts[part] = value
    fit = parts.pop("fit", None)  # type: ignore[assignment]
    if fit is not None and (refused := sorted(set(parts) - _BESIDE_A_FIT)):
        raise UsageError(
            f"{owners['fit']!r} trains by itself and cannot take the part {refused[0]!r} of {owners[refused[0]]!r}"
        )
    # temperature is fitted on the prior it was trained for, so it comes first: temperature, prior, threshold
    adjusts.sort(key=lambda pair: getattr(pair[1], "kind", "prior") != "calibration")
    _refuse_double_correction(owners, parts, adjusts, fit)
    _refuse_weights_of_a_batch(owners, parts)
    recipe = replace(Recipe(), **parts, adjust=tuple(each for _, each in adjusts))  # type: ignore[arg-type]
    return Composed(recipe=recipe, fit=fit)


def _refuse_weights_of_a_batch(owners: Mapping[str, str], parts: Mapping[str, object]) -> None:
    """A loss of the whole batch has no examples that could be weighted or mixed."""
    others = [part for part in ("augment", "weight", "reweight") if part in parts]
    if others and getattr(parts.get("loss"), "batchwise", False):
        raise UsageError(
            f"{owners['loss']!r} is a loss of the whole batch and cannot take the part {others[0]!r} of "
            f"{owners[others[0]]!r}: leave one of them out"
        )


def _at_the_end(owners: Mapping[str, str], parts: Mapping[str, object]) -> list[tuple[str, object]]:
    """(owner, part) of what the scores' prior comes from, in the order in which it acts: that of the last stage."""
    stages = parts.get("stages")
    last = stages[-1] if isinstance(stages, tuple) else None
    found = []
    for part in _PRIOR_CHAIN:
        if (own := getattr(last, part, None)) is not None:
            found.append((owners["stages"], own))
        elif part in parts:
            found.append((owners[part], parts[part]))
    return found


def _refuse_double_correction(
    owners: Mapping[str, str],
    parts: Mapping[str, object],
    adjusts: Sequence[tuple[str, Adjust | TransductiveAdjust]],
    fit: Fit | None,
) -> None:
    chain = _at_the_end(owners, parts)
    if fit is not None:
        chain.append((owners["fit"], fit))
    chain += adjusts
    corrected_by = ""
    for name, part in chain:
        effect = prior_effect(part)
        if effect == "corrects" and corrected_by:
            raise UsageError(
                f"{corrected_by!r} and {name!r} both correct the prior: twice is too much; leave one of them out, "
                "or use one that reads the effective prior"
            )
        if effect != "keeps":
            corrected_by = name

"""A strategy as a record and as a page: `imbench show strategy`, `imbench list strategies`, the gallery in docs/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbench.plugin.registry import Offer
    from imbench.plugin.specs import Parameter, StrategySpec

__all__ = ["page", "parameter_rows", "record", "short_paper"]

#: Shown where a strategy has no paper.
FOLKLORE = "folklore"


def short_paper(spec: StrategySpec) -> str:
    """Authors and year: what stands up to the first year."""
    found = re.match(r".*?\b\d{4}\b", spec.paper)
    return found[0] if found else spec.paper or FOLKLORE


def allowed(parameter: Parameter) -> str:
    """Choices or bounds in words; empty if anything goes."""
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    low, high = parameter.low, parameter.high
    if low is None and high is None:
        return ""
    return f"{'-inf' if low is None else f'{low:g}'} … {'inf' if high is None else f'{high:g}'}"


def record(offer: Offer[StrategySpec]) -> dict[str, Any]:
    """All that a spec says, ready for JSON."""
    spec = offer.spec
    return {
        "name": spec.name,
        "summary": spec.summary,
        "family": spec.family,
        "paper": spec.paper or FOLKLORE,
        "packs": not spec.alone,
        "alone": spec.alone,
        "notes": spec.notes,
        "tasks": list(spec.tasks),
        "modalities": list(spec.modalities),
        "plugin": offer.origin.plugin,
        "distribution": f"{offer.origin.dist} {offer.origin.version}",
    }


def parameter_rows(params: Mapping[str, Parameter]) -> list[tuple[str, object, str, str, str]]:
    """(name, default, allowed, tried when tuned, meaning) of each parameter."""
    return [
        (name, each.default, allowed(each), ", ".join(map(str, each.grid)), each.summary)
        for name, each in params.items()
    ]


def page(offer: Offer[StrategySpec]) -> str:
    """The strategy as a section of Markdown, made from its spec alone."""
    spec = offer.spec
    lines = [f"### {spec.name}", "", f"{_sentence(spec.summary)}", ""]
    facts = {
        "Paper": spec.paper or FOLKLORE,
        "Trains": f"alone: {spec.alone}" if spec.alone else "in a pack with others",
        "Tasks": "" if len(spec.tasks) == 2 else f"{spec.tasks[0]} alone",
        "Plugin": f"`{offer.full_name}` of {offer.origin.dist}",
    }
    lines += [f"- {name}: {value}" for name, value in facts.items() if value]
    if spec.params:
        lines += ["", "| parameter | default | allowed | tried when tuned | meaning |", "|---|---|---|---|---|"]
        lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in parameter_rows(spec.params)]
    if spec.notes:
        lines += ["", _sentence(spec.notes)]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _sentence(text: str) -> str:
    if text.split(maxsplit=1)[0].isalpha():  # a name such as logit_adjusted stays as it is
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."

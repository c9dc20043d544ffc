"""``imbench list``: what there is."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from imbench.cli.options import Json
from imbench.cli.text import out_json, out_table

__all__ = ["list_"]

Row = dict[str, Any]


class Kind(StrEnum):
    """What can be listed."""

    strategies = "strategies"
    datasets = "datasets"
    backbones = "backbones"
    metrics = "metrics"
    matrices = "matrices"


def list_(kind: Annotated[Kind, typer.Argument(help="What to list.")], as_json: Json = False) -> None:
    """List strategies, datasets, backbones, metrics or matrices."""
    rows = _LISTERS[kind]()
    if as_json:
        out_json(rows)
    else:
        columns = [column for column in (rows[0] if rows else {"name": ""}) if column not in ("plugin", "dist")]
        out_table(columns, [[row[column] for column in columns] for row in rows])
        if kind is Kind.strategies:
            _say_families(rows)


def _strategies() -> list[Row]:
    from imbench.cli.strategies import record, short_paper

    return [
        {
            "name": name,
            "family": offer.spec.family,
            "packs": "no" if offer.spec.alone else "yes",
            "paper": short_paper(offer.spec),
            "parameters": ", ".join(f"{key}={value.default}" for key, value in offer.spec.params.items()),
            "summary": offer.spec.summary,
            "plugin": offer.origin.plugin,
            "dist": record(offer)["distribution"],
        }
        for name, offer in _offers("strategies")
    ]


def _say_families(rows: list[Row]) -> None:
    """How many strategies each family has."""
    from collections import Counter

    from imbench.cli.text import say

    counts = Counter(str(row["family"]) for row in rows)
    packed = sum(row["packs"] == "yes" for row in rows)
    say(
        f"{len(rows)} strategies, {packed} of them pack: "
        + ", ".join(f"{n} {each}" for each, n in counts.most_common())
    )


def _datasets() -> list[Row]:
    return [
        {
            "name": name,
            "domain": offer.spec.card.domain,
            "rows": offer.spec.card.rows,
            "classes": offer.spec.card.classes,
            "ratio": f"{offer.spec.card.natural_ratio:.4g}",
            "MB": offer.spec.card.download_mb,
            "summary": offer.spec.summary,
            "plugin": offer.origin.plugin,
            "dist": f"{offer.origin.dist} {offer.origin.version}",
        }
        for name, offer in _offers("datasets")
    ]


def _backbones() -> list[Row]:
    return [
        {
            "name": name,
            "modalities": ", ".join(offer.spec.modalities),
            "summary": offer.spec.summary,
            "plugin": offer.origin.plugin,
            "dist": f"{offer.origin.dist} {offer.origin.version}",
        }
        for name, offer in _offers("backbones")
    ]


def _metrics() -> list[Row]:
    from imbench.cli.metrics import DECISION_METRICS, SCORE_METRICS

    rows = [{"name": name, "reads": "scores", "summary": summary} for name, summary in SCORE_METRICS.items()]
    rows += [{"name": name, "reads": "decisions", "summary": summary} for name, summary in DECISION_METRICS.items()]
    extra = [{"name": name, "reads": "plugin", "summary": offer.spec.summary} for name, offer in _offers("metrics")]
    return rows + extra


def _matrices() -> list[Row]:
    from imbench.matrix.loading import builtin_names, load_matrix

    matrices = [load_matrix(name, requirements=False) for name in builtin_names()]
    return [
        {
            "name": matrix.name,
            "datasets": len(matrix.datasets),
            "seeds": len(matrix.seeds),
            "strategies": len(matrix.strategies),
            "summary": matrix.summary,
        }
        for matrix in matrices
    ]


def _offers(kind: str) -> list[tuple[str, Any]]:
    from imbench.cli.text import clean, say
    from imbench.plugin.loading import load

    registry = load()
    for plugin in registry.plugins:
        if plugin.status == "BROKEN":
            say(f"imbench: plugin {clean(plugin.origin.plugin)} is BROKEN and offers nothing: imbench plugins list")
    catalogue = getattr(registry, kind)
    return [(catalogue.short_name(offer), offer) for offer in catalogue]


_LISTERS: dict[Kind, Callable[[], list[Row]]] = {
    Kind.strategies: _strategies,
    Kind.datasets: _datasets,
    Kind.backbones: _backbones,
    Kind.metrics: _metrics,
    Kind.matrices: _matrices,
}

"""``imbench show``: everything about one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imbench.cli.options import DEFAULT_STORE, Json, StoreFolder
from imbench.cli.text import clean, fields, out, out_json, out_table

if TYPE_CHECKING:
    from imbench.plugin.registry import Offer

__all__ = ["show"]


class Thing(StrEnum):
    """What can be shown."""

    strategy = "strategy"
    dataset = "dataset"
    matrix = "matrix"
    cell = "cell"


def show(
    thing: Annotated[Thing, typer.Argument(help="What to show.")],
    name: Annotated[str, typer.Argument(help="Its name; of a cell: its text (dataset/ratio/seed/strategy) or key.")],
    store: StoreFolder = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Show one strategy, dataset, matrix or cell.

    A dataset comes with its card, a matrix as TOML to copy, a cell with its log.
    """
    match thing:
        case Thing.strategy:
            _strategy(name, as_json=as_json)
        case Thing.dataset:
            _dataset(name, as_json=as_json)
        case Thing.matrix:
            _matrix(name, as_json=as_json)
        case Thing.cell:
            _cell(name, store, as_json=as_json)


def _origin(offer: Offer[Any]) -> dict[str, str]:
    return {"plugin": offer.origin.plugin, "distribution": f"{offer.origin.dist} {offer.origin.version}"}


def _strategy(name: str, *, as_json: bool) -> None:
    from imbench.cli.strategies import parameter_rows, record
    from imbench.plugin.loading import load

    offer = load().strategies.find(name)
    spec, shown = offer.spec, record(offer)
    if as_json:
        out_json({**shown, "params": {key: asdict(parameter) for key, parameter in spec.params.items()}})
        return
    packs = shown.pop("packs")
    words = {key: ", ".join(value) if isinstance(value, list) else value for key, value in shown.items()}
    fields({**words, "alone": f"trains alone: {spec.alone}" if not packs else "", "packs": "yes" if packs else "no"})
    if spec.params:
        out("")
        out_table(("parameter", "default", "allowed", "tried when tuned", "meaning"), parameter_rows(spec.params))


def _dataset(name: str, *, as_json: bool) -> None:
    from imbench.plugin.loading import load

    offer = load().datasets.find(name)
    spec, card = offer.spec, offer.spec.card
    # not asdict: it cannot copy a mapping proxy
    record: dict[str, Any] = {key: getattr(card, key) for key in card.__dataclass_fields__ if key != "dropped"}
    record = {"name": spec.name, "summary": spec.summary, "modality": spec.modality, **record, **_origin(offer)}
    if as_json:
        out_json({**record, "dropped": dict(card.dropped)})
        return
    shown = {
        **record,
        "natural_ratio": f"{card.natural_ratio:.4g}",
        "redistributable": "yes" if card.redistributable else "no",
        "download_mb": f"{card.download_mb:g}" if card.download_mb else "",
    }
    fields({key.replace("_", " "): value for key, value in shown.items()})
    if card.dropped:
        out("")
        out_table(("dropped column", "why"), list(card.dropped.items()))


def _matrix(name: str, *, as_json: bool) -> None:
    from imbench.matrix.loading import load_matrix, matrix_text

    matrix = load_matrix(name, requirements=False)
    if as_json:
        out_json(matrix.model_dump(mode="json"))
    else:
        out("\n".join(clean(line.replace("\t", "    ")) for line in matrix_text(name).splitlines()))


def _cell(name: str, folder: Path, *, as_json: bool) -> None:
    from imbench.cli.attempts import find_attempts

    attempts = find_attempts(folder, name)
    if as_json:
        out_json([result.to_json() for result in attempts])
        return
    result = attempts[-1]
    record = {**result.to_json(), "cell": str(result.cell), "attempts": len(attempts)}
    for key, value in record.items():
        if isinstance(value, Mapping):
            record[key] = ", ".join(f"{inner}={_short(each)}" for inner, each in value.items())
    log = record.pop("log")
    fields(record)
    if log:
        out("\nlog:")
        out("\n".join(clean(line) for line in str(log).splitlines()))


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""Matrix + registry + store → what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imbench.data.dataset import Dataset
from imbench.data.files import read_file
from imbench.errors import NothingSelected, PluginError, UsageError, blame
from imbench.matrix.cell import Cell
from imbench.matrix.plan import entry_of, plan
from imbench.matrix.problems import FieldFault
from imbench.matrix.schema import DatasetEntry, Matrix
from imbench.matrix.select import select as select_cells
from imbench.matrix.tuning import Space
from imbench.plugin.naming import canonical, offers_of
from imbench.plugin.registry import Catalogue, Origin, Registry
from imbench.plugin.specs import StrategySpec, resolve
from imbench.results.result import Result
from imbench.runner.provenance import provenance

__all__ = [
    "Planned",
    "Source",
    "load_source",
    "plan_run",
    "size_note",
    "sources_of",
    "space_of",
    "still_to_do",
    "strategy_fault",
    "unsupported",
]

#: More cells than this are worth a word before they run.
MANY_CELLS = 20_000


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a dataset of the matrix comes from: a plugin's offer or the user's file.

    Attributes:
        entry: the table of the matrix.
        position: its place among the datasets of the matrix.
        origins: the plugin that offers it.
        modality: of its rows.
        cluster: datasets of one cluster count once.
    """

    entry: DatasetEntry
    position: int = 0
    origins: tuple[Origin, ...] = ()
    modality: str = "tabular"
    cluster: str = ""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Cells of a run in order, before anything is loaded.

    Attributes:
        matrix: what was asked.
        cells: selected cells.
        sources: dataset → where it comes from.
        origins: strategy or backbone → the plugins that run in it.
    """

    matrix: Matrix
    cells: tuple[Cell, ...]
    sources: Mapping[str, Source]
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)

    def plugins_of(self, cell: Cell) -> dict[str, str]:
        """Distribution → version of all that runs in a cell."""
        source = self.sources[cell.at.dataset]
        return provenance((*self.origins[cell.strategy], *self.origins[cell.backbone], *source.origins))


def plan_run(
    matrix: Matrix,
    registry: Registry,
    *,
    select: str | None = None,
    seeds: Sequence[int] | None = None,
    limit: int | None = None,
) -> Planned:
    """Resolve every name of a matrix and expand it.

    Raises:
        UsageError: an unknown or ambiguous name, a wrong parameter, a strategy that no plugin offers.
        PluginError: the name belongs to a plugin that is broken.
        NothingSelected: the selection leaves no cell.
    """
    if seeds is not None:
        matrix = matrix.model_copy(update={"seeds": tuple(seeds)})
    sources = sources_of(matrix, registry)
    try:
        backbone = registry.backbones.find(matrix.backbone)
    except UsageError as error:
        raise FieldFault(("backbone",), error) from None
    cells = plan(
        matrix,
        canonical=lambda text: canonical(registry.strategies, text),
        space=lambda text: space_of(registry.strategies, text),
    )
    cells = select_cells(cells, select)
    cells = cells if limit is None else cells[:limit]
    if not cells:
        raise NothingSelected(f"no cell is left: expected -k {select!r} to match some, see imbench run --dry-run")
    origins = {
        strategy: tuple(offer.origin for offer, _ in offers_of(registry.strategies, strategy))
        for strategy in {cell.strategy for cell in cells}
    }
    origins[matrix.backbone] = (backbone.origin,)
    return Planned(matrix=matrix, cells=tuple(cells), sources=sources, origins=origins)


def space_of(catalogue: Catalogue[StrategySpec], text: str) -> Space:
    """What of a canonical expression is tuned: the grids of parameters that it does not give, and the learning rate."""
    offers = offers_of(catalogue, text)
    grids = [
        (position, name, (parameter.default, *(value for value in parameter.grid if value != parameter.default)))
        for position, (offer, term) in enumerate(offers)
        for name, parameter in offer.spec.params.items()
        if len(parameter.grid) > 1 and name not in term.params
    ]
    rate = all(offer.spec.budgeted for offer, _ in offers)
    return Space(terms=tuple(term for _, term in offers), grids=tuple(grids), rate=rate)


def sources_of(matrix: Matrix, registry: Registry) -> dict[str, Source]:
    """Dataset → where it comes from. Raises UsageError for an unknown name."""
    found = {}
    for number, entry in enumerate(matrix.datasets):
        if entry.file:
            found[entry.label] = Source(entry=entry, position=number, cluster=entry.label)
            continue
        try:
            offer = registry.datasets.find(entry.name)
        except UsageError as error:
            raise FieldFault(("datasets", number), error) from None
        cluster = offer.spec.card.origin or offer.spec.name
        found[entry.label] = Source(
            entry=entry, position=number, origins=(offer.origin,), modality=offer.spec.modality, cluster=cluster
        )
    return found


def load_source(source: Source, registry: Registry) -> Dataset:
    """Load a dataset.

    Raises:
        FieldFault: the user's file is not usable.
        PluginError: the plugin's loader failed or returned something else than a Dataset.
        EnvironmentFault: an archive could not be fetched or checked.
    """
    entry = source.entry
    if entry.file:
        try:
            return read_file(
                entry.file,
                target=entry.target,
                name=entry.label,
                positive=entry.positive,
                time=entry.time or None,
                group=entry.group or None,
                drop=entry.drop,
            )
        except UsageError as error:
            raise FieldFault(("datasets", source.position), error) from None
    offer = registry.datasets.find(entry.name)
    try:
        dataset = resolve(offer.spec.load)()
    except (OSError, UsageError, PluginError):
        raise
    except Exception as error:
        if hasattr(error, "exit_code"):
            raise
        with blame(str(offer.origin), f"loading dataset {offer.spec.name!r}"):
            raise
    if not isinstance(dataset, Dataset):
        raise PluginError(
            f"{offer.origin}: dataset {offer.spec.name!r}: expected load() to return a Dataset, "
            f"got {type(dataset).__name__}"
        )
    return dataset


def strategy_fault(matrix: Matrix, registry: Registry, strategy: str, reason: str) -> UsageError:
    """The error that a strategy of the matrix is, with the field that names it."""
    problem = f"strategy {strategy!r}: {reason}"
    index = entry_of(matrix, strategy, canonical=lambda text: canonical(registry.strategies, text))
    return UsageError(problem) if index is None else FieldFault(("strategies", index), problem)


def size_note(planned: Planned) -> str:
    """A word on a run that is far larger than most, or an empty string."""
    if len(planned.cells) <= MANY_CELLS:
        return ""
    return (
        f"{len(planned.cells):,} cells; how long they take is unknown until some are done: --dry-run lists them, "
        "-k or --limit runs a part of them"
    )


def unsupported(strategy: str, registry: Registry, task: str, modality: str) -> str:
    """Why a strategy does not run on such data, or an empty string."""
    for offer, _ in offers_of(registry.strategies, strategy):
        if task not in offer.spec.tasks:
            return f"{offer.spec.name} supports {' and '.join(offer.spec.tasks)} tasks, this one is {task}"
        if modality not in offer.spec.modalities:
            return f"{offer.spec.name} supports {', '.join(offer.spec.modalities)} data, this is {modality}"
    return ""


def still_to_do(results: Mapping[str, Result], key: str, retry: str) -> bool:
    """Whether a cell has to run, by its latest result and the retry policy (``failed``, ``none``, ``all``)."""
    result = results.get(key)
    if result is None or retry == "all":
        return True
    if result.done or result.status == "skipped":
        return False
    return retry == "failed"

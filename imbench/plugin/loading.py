"""Entry points → Registry. The only module that touches a PluginManager.

Plugins are loaded one by one, each guarded, each in a fresh manager: what one does wrong is blamed on it by name
and stops nothing else. Two distributions with one plugin name are both refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from importlib import metadata
from typing import Any

import pluggy

from imbench.errors import PluginError, blame
from imbench.matrix.expression import check_name
from imbench.plugin import hookspecs
from imbench.plugin.hookspecs import GROUP
from imbench.plugin.registry import Catalogue, Offer, Origin, Plugin, Registry
from imbench.plugin.specs import BackboneSpec, DatasetSpec, MetricSpec, StrategySpec, TrackerSpec

__all__ = ["KINDS", "discover", "entries_of", "load", "load_one"]

#: hook → (kind, type of its records)
KINDS: dict[str, tuple[str, type]] = {
    "imbench_strategies": ("strategy", StrategySpec),
    "imbench_datasets": ("dataset", DatasetSpec),
    "imbench_backbones": ("backbone", BackboneSpec),
    "imbench_metrics": ("metric", MetricSpec),
    "imbench_trackers": ("tracker", TrackerSpec),
}

Records = dict[str, list[Any]]


def discover() -> list[metadata.EntryPoint]:
    """The installed entry points of the group, sorted by name and distribution; imports no plugin."""
    # a distribution may be on the path twice (an editable install beside a wheel): the first one wins, as in import
    seen: dict[tuple[str, str], metadata.EntryPoint] = {}
    for entry in metadata.entry_points(group=GROUP):
        seen.setdefault((entry.name, _origin(entry).dist), entry)
    return [seen[key] for key in sorted(seen)]


def load(entries: Iterable[metadata.EntryPoint] | None = None, *, only: Collection[str] | None = None) -> Registry:
    """Load plugins and gather what they offer.

    Args:
        entries: entry points; by default the installed ones.
        only: names of the plugins to load; by default all.

    Returns:
        A registry in which a plugin that failed is listed as BROKEN with its reason.
    """
    by_name: dict[str, list[metadata.EntryPoint]] = defaultdict(list)
    for entry in discover() if entries is None else entries:
        if only is None or entry.name in only:
            by_name[entry.name].append(entry)
    plugins: list[Plugin] = []
    records: dict[str, list[Offer[Any]]] = {kind: [] for kind, _ in KINDS.values()}
    for same_name in by_name.values():
        for entry in same_name:
            origin = _origin(entry)
            try:
                if len(same_name) > 1:
                    dists = " and ".join(f"{_origin(each).dist} {_origin(each).version}" for each in same_name)
                    raise PluginError(f"plugin name {entry.name!r} is used by {dists}: uninstall one; both are refused")
                offered = load_one(entry)
            except PluginError as error:
                plugins.append(Plugin(origin, "BROKEN", str(error)))
                continue
            for kind, specs in offered.items():
                records[kind] += [Offer(spec, origin) for spec in specs]
            names = {kind: tuple(spec.name for spec in specs) for kind, specs in offered.items() if specs}
            plugins.append(Plugin(origin, "ok", offers=names))
    broken = {plugin.origin.plugin: plugin.reason for plugin in plugins if plugin.status == "BROKEN"}
    catalogues = [Catalogue(kind, offers, broken) for kind, offers in records.items()]
    return Registry(tuple(plugins), *catalogues)


def load_one(entry: metadata.EntryPoint) -> Records:
    """Import one plugin and call its hooks: kind → records. Raises PluginError that names the plugin."""
    origin = _origin(entry)
    with blame(str(origin), "checking its name"):
        check_name(entry.name, "plugin")
    _check_requirement(origin, entry)
    with blame(str(origin), f"importing {entry.value}"):
        module = entry.load()
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    with blame(str(origin), "registering its hooks"):
        manager.register(module, entry.name)
        manager.check_pending()
    offered: Records = {}
    for hook, (kind, record_type) in KINDS.items():
        with blame(str(origin), f"calling {hook}"):
            # a list inside the guard: a generator hook fails only while it is read
            offered[kind] = [
                _checked(record, record_type) for group in getattr(manager.hook, hook)() for record in group
            ]
            _refuse_twins(kind, offered[kind])
    if not any(offered.values()) and not manager.get_hookcallers(module):
        raise PluginError(
            f"{origin} implements no hook: decorate a function named like {next(iter(KINDS))} with @hookimpl"
        )
    return offered


def _origin(entry: metadata.EntryPoint) -> Origin:
    dist = entry.dist
    return Origin(entry.name, entry.value, dist.name if dist else "unknown", dist.version if dist else "0")


def _checked(record: object, wanted: type) -> object:
    if not isinstance(record, wanted):
        raise PluginError(f"expected {wanted.__name__} objects, got {record!r:.80}")
    return record


def _refuse_twins(kind: str, records: list[Any]) -> None:
    names = [record.name for record in records]
    for name in names:
        if names.count(name) > 1:
            raise PluginError(f"{kind} {name!r} is offered twice by one plugin")


def _check_requirement(origin: Origin, entry: metadata.EntryPoint) -> None:
    """Compare the plugin's declared need (``imbench>=0.1,<0.2``) with the imbench that runs."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        ours = metadata.version("imbench")
    except metadata.PackageNotFoundError:  # running from a source folder
        return
    for text in (entry.dist.requires if entry.dist else None) or []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            # metadata that old build tools wrote need not follow the standard. What cannot be read says nothing about
            # imbench that could be checked; it is no reason to refuse a plugin that pip has installed
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue  # for an extra or another system
        ours_is_meant = canonicalize_name(requirement.name) == "imbench"
        if ours_is_meant and not requirement.specifier.contains(ours, prereleases=True):
            raise PluginError(
                f"{origin} needs imbench{requirement.specifier}, but {ours} is installed: update one of them"
            )


def entries_of(origins: Iterable[Origin]) -> list[metadata.EntryPoint]:
    """The entry points behind origins, found through their distributions (quicker than a scan of all of them)."""
    return [
        entry
        for origin in sorted(set(origins))
        for entry in metadata.distribution(origin.dist).entry_points
        if entry.group == GROUP and entry.name == origin.plugin
    ]

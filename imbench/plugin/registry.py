"""Registry: what the installed plugins offer, as plain read-only data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from imbench.errors import PluginError, UsageError, did_you_mean
from imbench.plugin.specs import BackboneSpec, DatasetSpec, MetricSpec, StrategySpec, TrackerSpec

__all__ = ["Catalogue", "Offer", "Origin", "Plugin", "Registry"]


@dataclass(frozen=True, order=True)
class Origin:
    """Where a plugin comes from: entry point ``plugin`` with ``target``, of distribution ``dist`` at ``version``."""

    plugin: str
    target: str
    dist: str
    version: str

    def __str__(self) -> str:
        return f"plugin {self.plugin!r} ({self.dist} {self.version})"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


SpecT = TypeVar("SpecT", bound=_Named)


@dataclass(frozen=True)
class Offer(Generic[SpecT]):
    """A spec together with who offers it."""

    spec: SpecT
    origin: Origin

    @property
    def full_name(self) -> str:
        """``plugin/name``, unique in a registry."""
        return f"{self.origin.plugin}/{self.spec.name}"


class Catalogue(Generic[SpecT]):
    """All offers of one kind. A short name is enough where it is unique; otherwise ``plugin/name`` is needed."""

    def __init__(self, kind: str, offers: Iterable[Offer[SpecT]], broken: Mapping[str, str]) -> None:
        self.kind = kind
        self._offers = {offer.full_name: offer for offer in sorted(offers, key=lambda offer: offer.full_name)}
        self._broken = broken

    def __iter__(self) -> Iterator[Offer[SpecT]]:
        return iter(self._offers.values())

    def __len__(self) -> int:
        return len(self._offers)

    def short_names(self) -> list[str]:
        """Names as a user would type them: short where unique."""
        return [self.short_name(offer) for offer in self._offers.values()]

    def short_name(self, offer: Offer[SpecT]) -> str:
        """The shortest unique name of an offer."""
        return offer.spec.name if len(self._matches(offer.spec.name)) == 1 else offer.full_name

    def find(self, name: str) -> Offer[SpecT]:
        """The offer of that name.

        Raises:
            UsageError: no such name (with the nearest one), or a short name that several plugins share.
            PluginError: the name belongs to a plugin that is broken.
        """
        matches = self._matches(name)
        if len(matches) == 1:
            return matches[0]
        if matches:
            choices = ", ".join(f"{offer.full_name} ({offer.origin.dist})" for offer in matches)
            raise UsageError(f"{self.kind} {name!r} is offered by several plugins: write one of {choices}")
        plugin = name.partition("/")[0]
        if "/" in name and plugin in self._broken:
            raise PluginError(f"{self.kind} {name!r} is not available: {self._broken[plugin]}")
        hint = did_you_mean(name, self.short_names())
        if self._broken:
            hint += f" (broken plugins: {', '.join(sorted(self._broken))}; see imbench plugins list)"
        raise UsageError(f"unknown {self.kind} {name!r}{hint}")

    def _matches(self, name: str) -> list[Offer[SpecT]]:
        if "/" in name:
            return [self._offers[name]] if name in self._offers else []
        return [offer for offer in self._offers.values() if offer.spec.name == name]


@dataclass(frozen=True)
class Plugin:
    """One line of ``imbench plugins list``."""

    origin: Origin
    status: Literal["ok", "BROKEN"]
    reason: str = ""
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """What the loaded plugins offer."""

    plugins: tuple[Plugin, ...]
    strategies: Catalogue[StrategySpec]
    datasets: Catalogue[DatasetSpec]
    backbones: Catalogue[BackboneSpec]
    metrics: Catalogue[MetricSpec]
    trackers: Catalogue[TrackerSpec]

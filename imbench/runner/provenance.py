"""What ran: versions and source digests of plugins, and the machine."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from imbench import __version__
from imbench.plugin.registry import Origin

__all__ = ["machine", "packages", "provenance"]

_PACKAGES = ("imbench", "torch", "numpy", "scipy", "scikit-learn", "imbalanced-learn", "pandas")


def provenance(origins: Iterable[Origin]) -> dict[str, str]:
    """Distribution → ``version+source digest`` of all that runs in a cell.

    The digest lets an author edit a strategy and run again: changed code is another cell, even at the same version.
    """
    found = {origin.dist: f"{origin.version}+{_source_digest(origin)}" for origin in sorted(set(origins))}
    return {"imbench": __version__, **found}


@cache
def _source_digest(origin: Origin) -> str:
    """First 12 hex digits of the sha256 over the Python files of the plugin's top-level package."""
    spec = importlib.util.find_spec(origin.target.partition(":")[0].partition(".")[0])
    files: list[Path] = []
    if spec is not None and spec.submodule_search_locations:
        for folder in spec.submodule_search_locations:
            files += sorted(Path(folder).rglob("*.py"))
    elif spec is not None and spec.origin:
        files = [Path(spec.origin)]
    state = hashlib.sha256()
    for file in files:
        state.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def packages() -> dict[str, str]:
    """Versions of the packages that decide the numbers."""
    return {name: _version(name) for name in _PACKAGES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


@cache
def machine() -> dict[str, Any]:
    """Processor model, cores, memory and system; no host or user name."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
    }

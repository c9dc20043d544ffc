"""``imbench doctor``: what this installation consists of and what is wrong with it."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from imbench.cli.options import DEFAULT_STORE, Json, StoreFolder
from imbench.cli.text import fields, out_json, say
from imbench.errors import Exit, ImbenchError, one_line

__all__ = ["doctor"]

_PACKAGES = ("numpy", "scikit-learn", "imbalanced-learn", "pandas", "pyarrow", "pluggy", "pydantic")


def doctor(store: StoreFolder = DEFAULT_STORE, as_json: Json = False) -> int:
    """Report on this installation, and its problems.

    Python, torch, device, threads, cache, plugins, store; exit 8 if something is wrong.
    """
    from imbench import __version__

    problems: list[str] = []
    report: dict[str, Any] = {
        "imbench": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        **{name: _version(name) for name in _PACKAGES},
        **_torch(problems),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set"),
        **_cache(problems),
        **_plugins(problems),
        "store": _store(store, problems),
    }
    if as_json:
        out_json({**report, "problems": problems})
    else:
        fields({**report, "plugins": ", ".join(report["plugins"])})
        for problem in problems:
            say(f"imbench: problem: {problem}")
    return Exit.ENVIRONMENT if problems else Exit.OK


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _torch(problems: list[str]) -> dict[str, Any]:
    try:
        import torch
    except Exception as error:  # a broken installation is what we are here to report
        problems.append(f"torch cannot be imported: {one_line(error)}")
        return {"torch": _version("torch"), "device": "none"}
    device = f"cuda ({torch.cuda.get_device_name(0)})" if torch.cuda.is_available() else "cpu"
    return {"torch": torch.__version__, "device": device, "torch threads": torch.get_num_threads()}


def _cache(problems: list[str]) -> dict[str, Any]:
    from imbench.data.cache import cache_dir

    try:
        folder = cache_dir()
    except ImbenchError as error:
        problems.append(str(error))
        folder = cache_dir(write=False)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    names = ", ".join(path.name for path in files[:20]) + (", …" if len(files) > 20 else "")
    return {"cache": str(folder), "cached": f"{len(files)} files, {size / 1e6:.1f} MB{': ' if names else ''}{names}"}


def _plugins(problems: list[str]) -> dict[str, Any]:
    from imbench.plugin.loading import load

    plugins = load().plugins
    problems += [f"{plugin.origin} is BROKEN: {plugin.reason}" for plugin in plugins if plugin.status == "BROKEN"]
    if not plugins:
        problems.append("no plugin is installed: pip install one, the README lists those of imbench")
    return {"plugins": [f"{plugin.origin.plugin} {plugin.origin.version} {plugin.status}" for plugin in plugins]}


def _store(folder: Path, problems: list[str]) -> str:
    if not folder.exists():
        return f"{folder}: none yet"
    from imbench.results.store import Store

    try:
        with Store.open(folder, create=False, readonly=True) as store:
            return f"{folder}: {len(store.latest())} results"
    except ImbenchError as error:
        problems.append(str(error))
        return f"{folder}: unusable"

"""A new plugin: a small distribution from templates, that installs, passes its own tests and shows in a leaderboard."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from string import Template

from imbench.errors import EnvironmentFault, UsageError
from imbench.plugin.loading import discover

__all__ = ["KINDS", "new_plugin"]

#: Kind → (module that holds the code, what it is).
KINDS: Mapping[str, tuple[str, str]] = {
    "recipe": ("strategy", "A remedy in declarative parts"),
    "fit": ("strategy", "A remedy that trains by itself"),
    "dataset": ("table", "A dataset"),
    "backbone": ("network", "A network"),
    "metric": ("measure", "A metric"),
}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PREFIX = "imbench-"


def new_plugin(name: str, kind: str, into: Path) -> list[Path]:
    """Write a distribution into the folder ``into / name``.

    Args:
        name: what its users call the plugin, such as ``my-remedy``; the distribution is ``imbench-my-remedy``.
        kind: one of `KINDS`.
        into: an existing folder.

    Returns:
        The files that were written.

    Raises:
        UsageError: a name that cannot be, or is taken; a folder that exists already, or one that does not.
        EnvironmentFault: the files cannot be written.
    """
    plugin = _checked(name)
    dist = _PREFIX + plugin
    package = dist.replace("-", "_")
    home = into / name
    if not into.is_dir():
        raise UsageError(f"--into {str(into)!r}: expected an existing folder")
    if home.exists():
        raise UsageError(f"{str(home)!r} exists already: choose another name, or another folder with --into")
    _refuse_taken(plugin, package)
    module, summary = KINDS[kind]
    values = {
        "plugin": plugin, "dist": dist, "package": package, "name": plugin, "module": module, "summary": summary,
        **_versions(),
    }  # fmt: skip
    places = {
        "common/pyproject.toml": "pyproject.toml",
        "common/README.md": "README.md",
        f"{kind}/try.toml": "try.toml",
        f"{kind}/hook.py": f"{package}/__init__.py",
        f"{kind}/code.py": f"{package}/{module}.py",
        f"{kind}/test.py": f"tests/test_{package.removeprefix('imbench_')}.py",
    }
    written = []
    try:
        for template, place in places.items():
            text = resources.files("imbench.testing").joinpath("templates", f"{template}.txt").read_text("utf-8")
            file = home / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(text).substitute(values), encoding="utf-8")
            written.append(file)
        (home / package / "py.typed").touch()
    except OSError as error:
        raise EnvironmentFault(f"cannot write {error.filename}: {error.strerror}") from None
    return [*written, home / package / "py.typed"]


def _checked(name: str) -> str:
    """The plugin name, without the prefix that every distribution gets."""
    plugin = name.removeprefix(_PREFIX)
    if not _NAME.fullmatch(plugin) or len(name) > 40:
        raise UsageError(
            f"plugin {name[:60]!r}: expected lower-case letters and digits, words joined by '-', starting with a "
            "letter, at most 40 characters"
        )
    if keyword.iskeyword(plugin):
        raise UsageError(f"plugin {name!r}: a word of Python: choose another name")
    return plugin


def _refuse_taken(plugin: str, package: str) -> None:
    """Two distributions with one plugin name are both refused, and two packages of one name hide each other."""
    for entry in discover():
        if entry.name == plugin:
            dist = entry.dist.name if entry.dist else "another distribution"
            raise UsageError(f"plugin {plugin!r} is installed already, by {dist}: choose another name")
    if find_spec(package) is not None:
        raise UsageError(f"plugin {plugin!r}: a package {package!r} is installed already: choose another name")


def _versions() -> dict[str, str]:
    """Which imbench the plugin is written for: this minor release and no later."""
    major, minor, *_ = metadata.version("imbench").split(".")
    return {"this": f"{major}.{minor}", "next": f"{major}.{int(minor) + 1}"}

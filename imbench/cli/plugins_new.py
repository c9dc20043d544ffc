"""``imbench plugins new``: begin a plugin."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from imbench.cli.text import clean, out, say

__all__ = ["Kind", "new"]


class Kind(StrEnum):
    """What a new plugin offers."""

    recipe = "recipe"
    fit = "fit"
    dataset = "dataset"
    backbone = "backbone"
    metric = "metric"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the plugin is called, such as my-remedy.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What it offers.")],
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where to put its folder.")] = Path(),
) -> None:
    """Begin a plugin: a distribution that installs, passes its own tests and shows in a leaderboard."""
    from imbench.testing.new import new_plugin

    for file in new_plugin(name, kind.value, into):
        out(clean(file))
    home = into / name
    plugin = name.removeprefix("imbench-")
    say(f"imbench: next: pip install --editable {clean(home)}, then: imbench plugins check {clean(plugin)}, then:")
    say(f"imbench: imbench run --matrix {clean(home / 'try.toml')}")

"""``imbench plugins``: what is installed and what is broken, a new one, a check of one."""

from __future__ import annotations

from dataclasses import asdict

import typer

from imbench.cli.options import Json
from imbench.cli.plugins_check import check
from imbench.cli.plugins_new import new
from imbench.cli.text import out_json, out_table, say

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None, help="Look at installed plugins, begin one, check one.")
app.command("new")(new)
app.command("check")(check)


@app.callback()
def _plugins() -> None:
    """Look at installed plugins, begin one, check one."""


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List plugins, what they offer, and why one is BROKEN."""
    from imbench.plugin.loading import load

    plugins = load().plugins
    if as_json:
        out_json(
            [
                {
                    **asdict(plugin.origin),
                    "status": plugin.status,
                    "reason": plugin.reason,
                    "offers": dict(plugin.offers),
                }
                for plugin in plugins
            ]
        )
        return
    rows = [
        (
            plugin.origin.plugin,
            plugin.origin.dist,
            plugin.origin.version,
            plugin.status,
            plugin.reason or "; ".join(_offered(kind, names) for kind, names in plugin.offers.items()),
        )
        for plugin in plugins
    ]
    if not rows:
        say("imbench: no plugin is installed: pip install one, the README lists those of imbench")
    out_table(("plugin", "distribution", "version", "status", "offers, or what is wrong"), rows)


_PLURALS = {"strategy": "strategies"}


def _offered(kind: str, names: tuple[str, ...]) -> str:
    kinds = kind if len(names) == 1 else _PLURALS.get(kind, f"{kind}s")
    return f"{len(names)} {kinds}: {', '.join(names)}"

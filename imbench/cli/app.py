"""The command tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from imbench.cli import bench, doctor, leaderboard, listing, plugins, run, schema, show, status, validate
from imbench.cli.text import out

__all__ = ["app", "invoke"]

_EPILOG = (
    "Exit codes: 0 ok, 1 finished with failed cells, 2 usage or matrix, 3 internal, 4 plugin, 5 nothing selected, "
    "8 store or environment, 130 interrupted."
)

# plain help: half the start-up time of the framed one, and it can be piped and copied
app = typer.Typer(rich_markup_mode=None, epilog=_EPILOG)


def _version(wanted: bool) -> None:
    if wanted:
        from imbench import __version__

        out(f"imbench {__version__}")
        raise typer.Exit


@app.callback(epilog=_EPILOG)
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Benchmark remedies for class imbalance, fairly measured.

    Start with: imbench run --matrix quickstart
    """


app.command("run")(run.run)
app.command("list")(listing.list_)
app.command("show")(show.show)
app.command("status")(status.status)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("validate")(validate.validate)
app.command("schema")(schema.schema)
app.add_typer(plugins.app, name="plugins")
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)


def invoke(arguments: Sequence[str] | None) -> int:
    """Parse and run; returns the exit code. Raises what the command raises: `imbench.cli.guard` deals with it."""
    import sys

    command = typer.main.get_command(app)
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if "_IMBENCH_COMPLETE" in os.environ:  # a shell asks for completions
        command.main(words, prog_name="imbench")
    try:
        # not command.main(): it turns a broken pipe and an interrupt into exits of its own
        with command.make_context("imbench", words) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as stop:
        return int(stop.exit_code)

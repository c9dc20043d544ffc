"""``imbench leaderboard``: rank what a store holds."""

from __future__ import annotations

from typing import Annotated

import typer

from imbench.cli.options import DEFAULT_STORE, By, Format, IncludeFlagged, StoreFolder
from imbench.cli.text import out, say
from imbench.errors import NothingSelected

__all__ = ["leaderboard"]


def leaderboard(
    store: StoreFolder = DEFAULT_STORE,
    matrix: Annotated[
        str | None, typer.Option("--matrix", "-m", metavar="FILE", help="Only the cells of this matrix.")
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Rank by this instead of the matrix's.")] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Decision policy for label metrics: argmax, prior, tuned, own.")
    ] = None,
    by: Annotated[
        By, typer.Option("--by", help="Rank strategies as the matrix has them, or tuned on validation.")
    ] = By.default,
    include_flagged: IncludeFlagged = False,
    form: Annotated[Format, typer.Option("--format", help="Format of the table.")] = Format.terminal,
) -> None:
    """Rank the results in a store; runs nothing."""
    from imbench.cli.boards import as_text, say_if_all_flagged
    from imbench.cli.metrics import check_metric, check_policy
    from imbench.cli.stored import read_store
    from imbench.leaderboard.rank import boards
    from imbench.matrix.schema import Matrix

    if policy is not None:
        check_policy(policy)
    stored = read_store(store, matrix)
    if not stored.results:
        raise NothingSelected(f"store {store} has no result of this matrix: imbench run makes some")
    if metric is not None:
        check_metric(metric, {name for result in stored.results for name in result.metrics})
    defaults = Matrix.model_fields
    primary = metric or (stored.matrix.primary if stored.matrix else str(defaults["primary"].default))
    rule = policy or (stored.matrix.policy if stored.matrix else str(defaults["policy"].default))
    ranked = boards(
        stored.results,
        stored.costs,
        primary=primary,
        policy=rule,
        lower=stored.lower,
        include_flagged=include_flagged,
        by=by.value,
    )
    out(as_text(ranked, form))
    say_if_all_flagged(ranked)
    if stored.left:
        say(f"imbench: {len(stored.left)} cells of the matrix have no result yet")

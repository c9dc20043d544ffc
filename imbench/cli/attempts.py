"""Find the attempts of one cell in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imbench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from imbench.results.result import Result

__all__ = ["find_attempts"]

#: A shorter start of a key is no name.
SHORTEST_KEY = 6


def find_attempts(folder: Path, name: str) -> list[Result]:
    """All attempts of the cell of that text or (start of a) key, oldest first.

    Raises:
        UsageError: no such cell (with the nearest one), or several.
        EnvironmentFault: no store there.
    """
    from imbench.results.store import Store

    with Store.open(folder, create=False, readonly=True) as store:
        results = store.latest()
        keys = [key for key, result in results.items() if name in (str(result.cell), key)]
        if not keys and len(name) >= SHORTEST_KEY:
            keys = [key for key in results if key.startswith(name)]
        if not keys:
            known = [str(result.cell) for result in results.values()]
            raise UsageError(f"store {folder} has no cell {name!r}{did_you_mean(name, known)}")
        if len(keys) > 1:
            # of one text there may be several: other data, plugin version or device
            found = ", ".join(f"{key[:12]} ({results[key].device})" for key in keys[:5])
            raise UsageError(f"{len(keys)} cells are called {name!r}: give the key of one, e.g. {found}")
        return store.attempts(keys[0])

"""Where fetched archives live between runs."""

from __future__ import annotations

import os
from pathlib import Path

from imbench.errors import EnvironmentFault

__all__ = ["CACHE_VARIABLE", "cache_dir"]

#: Environment variable that names the cache folder.
CACHE_VARIABLE = "IMBENCH_CACHE"


def cache_dir(*, write: bool = True) -> Path:
    """The cache folder: ``$IMBENCH_CACHE``, else the user's cache folder of this system.

    Args:
        write: create the folder and prove that it can be written. A warm cache may be read-only (a shared disk),
            so readers pass False and get the path as it is.

    Raises:
        EnvironmentFault: ``write`` is asked for and the folder cannot be created or written.
    """
    given = os.environ.get(CACHE_VARIABLE, "").strip()
    if given:
        folder = Path(given).expanduser()
    else:
        from platformdirs import user_cache_dir

        folder = Path(user_cache_dir("imbench", appauthor=False))
    if write:
        import tempfile

        try:
            folder.mkdir(parents=True, exist_ok=True)
            # a real write: permission bits say nothing to root, and nothing about full or read-only disks
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"imbench")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise EnvironmentFault(
                f"cache folder {folder} cannot be written ({reason}): set {CACHE_VARIABLE} to a folder that can"
            ) from error
    return folder

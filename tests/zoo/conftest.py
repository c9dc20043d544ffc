from __future__ import annotations

from pathlib import Path

import pytest

from tests.dists import Bench, lay


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A folder with the distribution `zoo` on its path."""
    folder = tmp_path_factory.mktemp("zoo")
    return Bench(folder, lay(folder / "site", "zoo", Path(__file__).parent / "beasts"))

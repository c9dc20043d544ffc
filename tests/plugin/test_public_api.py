"""Promise 8: what first-party plugins use is what everyone may use."""

from __future__ import annotations

import re
from pathlib import Path

import imbench

ROOT = Path(__file__).parents[2]
INSIDE = re.compile(r"^\s*(?:from|import) imbench\.", re.MULTILINE)


def test_first_party_plugins_import_only_the_public_api():
    files = sorted((ROOT / "plugins").glob("*/imbench_*/**/*.py"))
    assert len(files) > 20
    inside = {str(file.relative_to(ROOT)) for file in files if INSIDE.search(file.read_text())}
    assert inside == set()


def test_every_public_name_exists_and_is_listed():
    for name in imbench.__all__:
        assert getattr(imbench, name) is not None
    assert set(imbench.__all__) <= set(dir(imbench))
    assert imbench.__all__ == sorted(imbench.__all__, key=lambda name: (not name[0].isupper(), name))


def test_nothing_in_imbench_knows_a_first_party_plugin():
    names = [folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir()]
    assert "imbench-losses" in names
    for file in (ROOT / "imbench").rglob("*.py"):
        text = file.read_text()
        assert not [name for name in names if name in text or name.replace("-", "_") in text], file

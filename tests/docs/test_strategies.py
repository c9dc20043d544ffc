"""The gallery of strategies is what the plugins say."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from .blocks import ROOT


def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_strategies", ROOT / "docs" / "make_strategies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gallery_is_what_the_plugins_say():
    made = gallery().pages()
    folder = ROOT / "docs" / "strategies"
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert found.keys() == made.keys()
    for name, text in made.items():
        assert found[name] == text, f"{name}: run python docs/make_strategies.py"


def test_every_strategy_says_what_it_rests_on_and_whether_it_packs():
    from imbench.plugin.loading import load

    ours = {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")}
    specs = [offer.spec for offer in load().strategies if offer.origin.dist in ours]
    assert len(specs) >= 90
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        assert spec.paper or spec.family == "baseline", spec.name
        for name, parameter in spec.params.items():
            bounded = (
                parameter.choices or isinstance(parameter.default, bool) or None not in (parameter.low, parameter.high)
            )
            assert bounded, f"{spec.name}.{name}"
            assert parameter.summary, f"{spec.name}.{name}"

"""Loading: what one plugin does wrong is blamed on it by name and stops nothing else."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from imbench.errors import PluginError, UsageError
from imbench.plugin.hookspecs import GROUP
from imbench.plugin.loading import KINDS, load

GOOD = """
from imbench import Recipe, StrategySpec, hookimpl

@hookimpl
def imbench_strategies():
    yield StrategySpec(name="{name}", summary="plain", family="baseline", make=Recipe)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Lay real distributions (module + dist-info) into a folder on the path; returns a function that adds one."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(dist: str, code: str, *, plugin: str = "", version: str = "1.0", requires: str = "") -> None:
        module = dist.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        need = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n{need}")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{plugin or dist} = {module}\n")

    yield add
    for name in [
        name for name, module in sys.modules.items() if str(tmp_path) in (getattr(module, "__file__", "") or "")
    ]:
        del sys.modules[name]


def loaded(tmp_path: Path):
    entries = [
        entry
        for dist in metadata.distributions(path=[str(tmp_path)])
        for entry in dist.entry_points
        if entry.group == GROUP
    ]
    return load(entries)


def test_a_good_plugin_is_listed_with_its_version_and_offers(install, tmp_path):
    install("good", GOOD.format(name="plain"), version="2.3")
    registry = loaded(tmp_path)
    (plugin,) = registry.plugins
    assert (plugin.status, plugin.origin.version, plugin.offers) == ("ok", "2.3", {"strategy": ("plain",)})
    assert registry.strategies.find("plain") is registry.strategies.find("good/plain")


HOOK = "from imbench import hookimpl\n@hookimpl\ndef imbench_strategies():\n    "

BROKEN = {
    "an import error": ("import no_such_module_anywhere", "importing"),
    "a syntax error": ("def (:", "importing"),
    "a misspelt hook": (HOOK.replace("strategies", "strategis") + "return []", "imbench_strategis"),
    "no hook": ("x = 1", "implements no hook"),
    "a script without a guard": ("import sys\nsys.exit(0)\n", "SystemExit"),
    "a hook that raises": (HOOK + "raise KeyError('lr')", "lr"),
    "a generator that raises late": (GOOD.format(name="early") + "    raise KeyError('late')", "late"),
    "records of the wrong type": (HOOK + "return ['focal']", "expected StrategySpec objects, got 'focal'"),
    "a text instead of a list": (HOOK + "return 'focal'", "expected StrategySpec"),
    "a hook with an argument": (HOOK.replace("()", "(config)") + "return []", "registering"),
    "a name with markup": (GOOD.format(name="<b>"), "lower-case"),
    "one name twice": (GOOD.format(name="twin") + GOOD.format(name="twin").splitlines()[-1], "offered twice"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_blamed_and_stops_nothing(install, tmp_path, case):
    code, told = BROKEN[case]
    install("bad", code, version="0.7")
    install("good", GOOD.format(name="plain"))
    registry = loaded(tmp_path)
    status = {plugin.origin.plugin: plugin for plugin in registry.plugins}
    assert (status["bad"].status, status["good"].status) == ("BROKEN", "ok")
    assert "plugin 'bad' (bad 0.7)" in status["bad"].reason
    assert told in status["bad"].reason
    assert "\n" not in status["bad"].reason
    assert registry.strategies.find("plain").origin.dist == "good"
    with pytest.raises(PluginError, match="bad"):
        registry.strategies.find("bad/anything")


def test_two_distributions_with_one_plugin_name_are_both_refused(install, tmp_path):
    install("first", GOOD.format(name="a"), plugin="same", version="1.1")
    install("second", GOOD.format(name="b"), plugin="same", version="2.2")
    registry = loaded(tmp_path)
    assert [plugin.status for plugin in registry.plugins] == ["BROKEN", "BROKEN"]
    for plugin in registry.plugins:
        assert "first 1.1" in plugin.reason
        assert "second 2.2" in plugin.reason
    assert len(registry.strategies) == 0


def test_a_short_name_that_two_plugins_share_has_to_be_written_in_full(install, tmp_path):
    install("one", GOOD.format(name="plain"))
    install("two", GOOD.format(name="plain"))
    strategies = loaded(tmp_path).strategies
    with pytest.raises(UsageError, match=r"one/plain.*two/plain"):
        strategies.find("plain")
    assert strategies.find("two/plain").origin.dist == "two"
    assert strategies.short_names() == ["one/plain", "two/plain"]


def test_an_unknown_name_gets_the_nearest(install, tmp_path):
    install("good", GOOD.format(name="smote"))
    with pytest.raises(UsageError, match="unknown strategy 'smot'; did you mean 'smote'"):
        loaded(tmp_path).strategies.find("smot")


def test_a_plugin_for_another_imbench_is_refused(install, tmp_path):
    install("old", GOOD.format(name="plain"), requires="imbench<0.0.1")
    (plugin,) = loaded(tmp_path).plugins
    assert plugin.status == "BROKEN"
    assert "needs imbench<0.0.1" in plugin.reason


@pytest.mark.parametrize(
    "requires", ['imbench>=9; extra == "dev"', "imbench>=9; python_version < '3'", "not a ~~ need"]
)
def test_a_need_that_does_not_apply_refuses_nothing(install, tmp_path, requires):
    install("fine", GOOD.format(name="plain"), requires=requires)
    (plugin,) = loaded(tmp_path).plugins
    assert plugin.status == "ok", plugin.reason


def test_order_never_matters(install, tmp_path):
    for dist in ("zulu", "alpha", "mike"):
        install(dist, GOOD.format(name=f"from-{dist}"))
    entries = [entry for dist in metadata.distributions(path=[str(tmp_path)]) for entry in dist.entry_points]
    forward, backward = load(entries), load(entries[::-1])
    assert forward.strategies.short_names() == backward.strategies.short_names() == [
        "from-alpha", "from-mike", "from-zulu",
    ]  # fmt: skip


def test_every_hook_has_a_record_type_and_a_docstring():
    from imbench.plugin import hookspecs

    hooks = [name for name in vars(hookspecs) if name.startswith("imbench_")]
    assert sorted(hooks) == sorted(KINDS)
    assert all(getattr(hookspecs, name).__doc__ for name in hooks)


def test_the_installed_plugins_all_load():
    assert [plugin.reason for plugin in load().plugins if plugin.status != "ok"] == []

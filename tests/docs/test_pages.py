"""Pages against the code: links, hooks, options, keys, figures, and what must not be in any file."""

from __future__ import annotations

import ast
import re
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import typer

from imbench.cli.app import app
from imbench.cli.listing import Kind
from imbench.cli.options import By, Device, Format, Retry
from imbench.cli.show import Thing
from imbench.errors import Exit
from imbench.matrix.loading import parse_matrix
from imbench.plugin.loading import KINDS, load
from imbench.results.result import STATUSES
from imbench.runner.planning import plan_run
from imbench.strategy.recipe import Recipe

from .blocks import ROOT, blocks_of
from .matrix_tables import with_tables

PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md"))
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in _LINK.findall(re.sub(r"`[^`\n]*`", "", read(page))):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target), f"{page}: {link}"


def test_every_hook_and_every_part_is_documented():
    text = read("docs/writing-a-plugin.md")
    for hook in KINDS:
        assert f"def {hook}():" in text, hook
        assert f"| `{hook}` |" in text, hook
    for part in Recipe.__dataclass_fields__:
        assert f"| `{part}` |" in text, part
    for status in STATUSES:
        assert f"| `{status}` |" in text, status


def test_the_keys_of_a_matrix_are_those_of_the_schema():
    page = read("docs/matrix.md")
    assert page == with_tables(page), "run python tests/docs/matrix_tables.py"


@pytest.mark.parametrize("number", range(sum(block.language == "toml" for block in blocks_of("docs/matrix.md"))))
def test_the_examples_of_a_matrix_are_right(number):
    block = [block for block in blocks_of("docs/matrix.md") if block.language == "toml"][number]
    assert plan_run(parse_matrix(block.text), load()).cells


def commands(command: Any, name: str) -> list[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    return [(name, command), *(found for key, each in inner.items() for found in commands(each, f"{name} {key}"))]


COMMANDS = dict(commands(typer.main.get_command(app), "imbench"))
CHOICES: dict[str, list[type[StrEnum]]] = {
    "imbench run": [Device, Retry, Format],
    "imbench list": [Kind],
    "imbench show": [Thing],
    "imbench leaderboard": [Format, By],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_under_its_verb(name):
    pattern = re.compile(r"^## `(imbench[^`]*)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    sections = dict(pattern.findall(read("docs/cli.md")))
    assert sections.keys() == COMMANDS.keys()
    options = {option for each in COMMANDS[name].params if each.param_type_name == "option" for option in each.opts} - {
        "--help"
    }
    assert set(re.findall(r"`(--?[a-z][a-z-]*)`", sections[name])) == options
    for choice in [each for kind in CHOICES.get(name, ()) for each in kind]:
        assert f"`{choice.value}`" in sections[name], choice


def test_every_exit_code_is_documented():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", read("docs/cli.md"), re.MULTILINE)
    assert {(int(code), name) for code, name in rows} == {(each.value, each.name) for each in Exit}
    for code in re.findall(r"(\d+) [a-z]", read("README.md").partition("Exit codes:")[2].partition(". All verbs")[0]):
        assert int(code) in set(Exit)


def test_the_tests_that_guard_the_promises_exist():
    named = re.findall(r"`((?:tests|plugins)/[\w/-]+\.py)`", read("docs/architecture.md"))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_modules_that_the_flow_names_exist():
    text = read("docs/architecture.md")
    named = {name for name in re.findall(r"`([a-z]+/\w+\.py)`", text) if not name.startswith("tests")}
    assert len(named) > 20
    assert [name for name in sorted(named) if not any((top / name).is_file() for top in (ROOT / "imbench", ROOT))] == []


def test_figures_of_the_code_are_those_of_the_pages():
    from imbench.runner.jobs import PACK_CELLS
    from imbench.training.cost import PREDICT_CALLS, PREDICT_ROWS, TIMED_STEPS
    from imbench.training.schedule import CHUNK, LOOKS
    from imbench.training.stack import ALIGNMENT

    architecture = " ".join(read("docs/architecture.md").split())
    assert f"packs of up to {PACK_CELLS['cpu']}" in architecture
    for page in ("docs/architecture.md", "docs/writing-a-plugin.md"):
        assert f"at most every {CHUNK} steps and at least {LOOKS} times a stage" in " ".join(read(page).split()), page
    assert f"multiple of {ALIGNMENT} examples" in architecture
    protocol = " ".join(read("docs/protocol.md").split())
    assert f"timed over at most {TIMED_STEPS} steps" in protocol
    assert f"({PREDICT_ROWS:,} rows, the median of {PREDICT_CALLS} calls)" in protocol


def test_the_readme_counts_what_the_plugins_offer():
    rows = dict(re.findall(r"^\| \[(imbench-[\w-]+)\]\([^)]*\) \| (.*) \|$", read("README.md"), re.MULTILINE))
    ours = {plugin.origin.dist: plugin for plugin in load().plugins if plugin.origin.dist in rows}
    assert {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")} == rows.keys()
    installed = re.findall(r"^-e ./plugins/(.+)$", read("requirements.txt"), re.MULTILINE)
    assert {*installed} <= ours.keys()  # adapters of other libraries are installed on request
    for dist, row in rows.items():
        if dist not in ours:
            continue
        for number, _ in re.findall(r"(\d+) (\w+)", row):
            assert int(number) in {len(names) for names in ours[dist].offers.values()}, f"{dist}: {row}"


def imported(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0}
    return found | {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}


def test_plugins_import_only_what_is_open_to_all_and_imbench_imports_no_plugin():
    open_to_all = {"imbench", *re.findall(r"`(imbench\.[\w.]+)`", read("docs/writing-a-plugin.md"))}
    for file in (ROOT / "plugins").glob("*/imbench_*/**/*.py"):
        ours = {name for name in imported(file) if name == "imbench" or name.startswith("imbench.")}
        assert ours <= open_to_all, f"{file.relative_to(ROOT)}: {ours - open_to_all}"
    for file in (ROOT / "imbench").rglob("*.py"):
        assert not [name for name in imported(file) if name.startswith("imbench_")], file


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to it")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry():
    # put together here, so that this file does not hold what it looks for
    wrong = [
        "/" + "work/",
        "/" + "root/",
        "/tmp/" + "bash",
        "pypi.org/" + "simple",
        "index-" + "url=",
        "extra-index" + "-url",
    ]
    wrong += ["issues " + "show", "shared/" + "reference", "design" + ".md"]
    found = []
    for file in tracked():
        text = file.read_bytes().decode("utf-8", "replace")
        found += [f"{file.relative_to(ROOT)}: {word}" for word in wrong if word in text]
    assert found == []

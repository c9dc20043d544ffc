"""The table of parity: what it gathers, what it leaves out, and that its page knows every strategy."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from xml.etree import ElementTree

import pytest

from .blocks import ROOT


@pytest.fixture(scope="module")
def parity():
    spec = importlib.util.spec_from_file_location("imbench_parity_table", ROOT / "benchmarks" / "parity.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def report(*cases):
    """A JUnit report of tests, each with what it recorded and perhaps an outcome other than passed."""
    root = ElementTree.Element("testsuites")
    for records, outcome in cases:
        case = ElementTree.SubElement(root, "testcase")
        properties = ElementTree.SubElement(case, "properties")
        for strategy, reference, value, gradient in records:
            text = json.dumps({"strategy": strategy, "reference": reference, "value": value, "gradient": gradient})
            ElementTree.SubElement(properties, "property", name="parity", value=text)
        ElementTree.SubElement(properties, "property", name="other", value="no JSON")
        if outcome:
            ElementTree.SubElement(case, outcome, message="because")
    return root


def test_the_largest_over_tests_counts_and_failed_tests_do_not(parity):
    rows = parity.gather(
        report(
            ([("focal", "formula", 1e-9, None), ("smote", "library", 0, None)], ""),
            ([("focal", "formula", 3e-9, 2e-7)], ""),
            ([("focal", "formula", 2e-9, 1e-7), ("focal", "golden", None, 0.0)], ""),
            ([("focal", "formula", 1.0, 1.0)], "failure"),
            ([("smote", "library", 5, None)], "error"),
        )
    )
    assert [row.cells() for row in rows] == [
        ["focal", "formula", "3.0e-09", "2.0e-07", "3"],
        ["smote", "library", "0 rows", "", "1"],
        ["focal", "golden", "", "0", "1"],
    ]


def test_gaps_are_listed_and_counted_and_unknown_names_refused(parity):
    rows, known = (
        parity.gather(report(([("focal", "formula", 1e-9, None)], ""))),
        {"focal": "loss", "sam": "optimisation"},
    )
    text = parity.render(rows, known, ["no catboost"])
    assert "1 of 2 strategies against 1 references" in text
    before, after = text.split("No parity: identities/properties only (1 of 2):")
    assert "| focal " in before
    assert re.search(r"^\| sam +\| optimisation +\|$", after, re.MULTILINE)
    assert "Not run here: no catboost" in after
    with pytest.raises(ValueError, match=r"got \['focal'\]"):
        parity.render(rows, {"sam": "optimisation"})


def test_it_finds_what_the_tests_of_a_plugin_record(parity, capfd):
    assert parity.main(["--in", "plugins/imbench-baselines", "-k", "prior_predicts or gbdt_is"]) == 0
    out, err = capfd.readouterr()
    assert "3 passed" in err
    table = out.split("No parity")[0]
    assert re.findall(r"^\| (\w+) .*\| ([\d.e+-]+) +\| +\| (\d) +\|$", table, re.MULTILINE) == [
        ("gbdt", "0", "2"),
        ("prior", "0", "1"),
    ]


def test_a_failed_run_writes_no_page_and_says_so(parity, tmp_path, monkeypatch, capsys):
    page, old = tmp_path / "parity.md", tmp_path / "old.xml"
    monkeypatch.setattr(parity, "PAGE", page)
    ElementTree.ElementTree(report(([("focal", "formula", 1.0, None)], "failure"))).write(old)
    assert parity.main(["--from", str(old), "--write"]) == 1
    assert "1 tests failed" in capsys.readouterr().err
    assert not page.exists()
    ElementTree.ElementTree(report(([("focal", "formula", 1.0, None)], ""))).write(old)
    assert parity.main(["--from", str(old), "--write"]) == 0
    assert "| focal " in page.read_text()
    with pytest.raises(SystemExit):
        parity.main(["--write", "-k", "focal"])


def test_the_page_knows_every_strategy_and_no_other(parity):
    rows = re.findall(r"^\| (\w+) +\|", parity.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) - {"strategy"} == set(parity.catalogue()), "run python -m benchmarks.parity --write"

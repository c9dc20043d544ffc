from __future__ import annotations

import json

import numpy as np
import pytest

from imbench.cli.metrics import DECISION_METRICS, SCORE_METRICS

HOSTILE = """
from imbench import Card, DatasetSpec, Parameter, StrategySpec, hookimpl

@hookimpl
def imbench_strategies():
    yield StrategySpec(
        name="sneaky", summary="[link=http://x]\\x1b[31mred\\u202e", family="loss", make="nowhere:make",
        params={"k": Parameter(default=5, low=1, high=9, summary="[bold]n[/bold]")}, notes="a\\nb",
    )

@hookimpl
def imbench_datasets():
    card = Card(
        domain="credit", source="here", licence="MIT", citation="me", rows=10, classes=2, natural_ratio=9.0,
        dropped={"id": "identifier", "outcome": "leaks the label"}, group="household", download_mb=1.5,
    )
    yield DatasetSpec(name="carded", summary="a card", load="nowhere:load", card=card)
"""


@pytest.mark.parametrize("kind", ["strategies", "datasets", "backbones", "metrics", "matrices"])
def test_lists_are_tables_or_json(cli, kind: str) -> None:
    code, out, _ = cli("list", kind)
    names = [row["name"] for row in json.loads(cli("list", kind, "--json")[1])]
    assert code == 0
    assert names
    assert [line.split()[0] for line in out.splitlines()[2:]] == names


def test_every_metric_is_described_and_every_description_is_of_a_metric() -> None:
    from imbench.scoring import decision_metrics, score_metrics

    rng = np.random.default_rng(0)
    scored, decided = set(), set()
    for classes in (2, 3):
        scores = rng.dirichlet(np.ones(classes), 200).astype(np.float32)
        labels = rng.integers(0, classes, 200)
        counts = np.array([1000, 50, 5])[:classes]
        for measured, names in (
            (score_metrics(scores, labels, training_counts=counts), scored),
            (decision_metrics(scores.argmax(1), labels, training_counts=counts), decided),
        ):
            names |= {*measured.values, *measured.undefined}
    assert scored == set(SCORE_METRICS)
    by_class = {name for name in decided if name.removeprefix("recall_").isdigit()}
    assert decided - by_class | {"recall_N"} == set(DECISION_METRICS)


def test_a_strategy_is_shown_with_parameters_bounds_and_paper(cli) -> None:
    code, out, _ = cli("show", "strategy", "focal")
    assert code == 0
    assert "Lin et al. 2017" in out
    assert "0 … 10" in out
    record = json.loads(cli("show", "strategy", "losses/focal", "--json")[1])
    assert record["params"]["gamma"]["high"] == 10
    assert record["family"] == "loss"


@pytest.mark.parametrize(
    ("thing", "name", "near"),
    [("strategy", "foccal", "focal"), ("dataset", "lendin_club", "lending_club"), ("matrix", "smoky", "smoke")],
)
def test_unknown_names_are_told_with_the_nearest(cli, thing: str, name: str, near: str) -> None:
    code, out, err = cli("show", thing, name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"did you mean '{near}'?" in err


def test_a_dataset_is_shown_with_its_whole_card(cli, install) -> None:
    install("imbench-demo", HOSTILE)
    code, out, _ = cli("show", "dataset", "carded")
    assert code == 0
    for text in ("household", "MIT", "outcome", "leaks the label", "imbench-demo 1.0", "1.5"):
        assert text in out
    record = json.loads(cli("show", "dataset", "carded", "--json")[1])
    assert record["dropped"] == {"id": "identifier", "outcome": "leaks the label"}
    assert record["natural_ratio"] == 9.0


@pytest.mark.parametrize("words", [["list", "strategies"], ["show", "strategy", "sneaky"], ["plugins", "list"]])
def test_names_of_strangers_are_shown_and_not_obeyed(cli, install, words: list[str]) -> None:
    install("imbench-demo", HOSTILE)
    code, out, _ = cli(*words)
    assert code == 0
    assert "sneaky" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert words[0] == "plugins" or "[link=http://x]" in out
    assert "[bold]n[/bold]" in out or words[0] != "show"


def test_a_broken_plugin_is_listed_and_stops_nothing(cli, install) -> None:
    install("imbench-demo", HOSTILE)
    install("imbench-sick", "raise ImportError('no module\\x1b[2J named x')")
    code, out, err = cli("plugins", "list")
    assert (code, err) == (0, "")
    line = next(line for line in out.splitlines() if line.startswith("imbench-sick"))
    assert "BROKEN" in line
    assert "ImportError" in line
    assert "\x1b" not in out
    records = {record["plugin"]: record for record in json.loads(cli("plugins", "list", "--json")[1])}
    assert records["imbench-sick"]["status"] == "BROKEN"
    assert records["imbench-demo"]["offers"] == {"strategy": ["sneaky"], "dataset": ["carded"]}
    code, out, err = cli("list", "strategies")
    assert code == 0
    assert "sneaky" in out
    assert "plugin imbench-sick is BROKEN" in err


def test_a_strategy_of_a_broken_plugin_is_exit_4(cli, install) -> None:
    install("imbench-sick", "1 / 0")
    code, _, err = cli("show", "strategy", "imbench-sick/any")
    assert code == 4
    assert "ZeroDivisionError" in err


def test_the_doctor_names_what_is_there_and_what_is_wrong(cli, install, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("IMBENCH_CACHE", str(tmp_path / "cache"))
    code, out, _ = cli("doctor", "--json")
    report = json.loads(out)
    assert (code, report["problems"]) == (0, [])
    assert {"python", "torch", "device", "torch threads", "cache", "plugins", "store"} <= set(report)
    install("imbench-sick", "1 / 0")
    (tmp_path / "imbench-results").write_text("a file, no folder")
    monkeypatch.setenv("IMBENCH_CACHE", "/dev/null/cache")
    code, out, err = cli("doctor")
    assert code == 8
    assert "imbench-sick 1.0 BROKEN" in out
    assert err.count("imbench: problem: ") == 3

"""Promise 1: a strategy that looks for the test labels finds none.

Not tried here: tracing the parent or reading its memory through ``/proc`` (the system's permissions decide that), and
looking up a dataset that is public anyway or a user's file whose path it guesses.
"""

from __future__ import annotations

from typing import Any

import pytest

from imbench.data.prepare import prepare
from imbench.matrix.loading import parse_matrix
from imbench.plugin.loading import load
from imbench.results.result import Result
from imbench.runner.planning import load_source, plan_run
from tests.dists import Bench

MATRIX = """
datasets = ["breast_cancer"]
seeds = 1
strategies = ["spy"]
budget = {steps = 20, batch_size = 32}
limits = {timeout = 200}
"""


@pytest.fixture(scope="module")
def spy(zoo: Bench) -> Result:
    answer = zoo.run(zoo.matrix(MATRIX), "store", "-j", 1)
    assert answer.code == 0, answer.err
    return zoo.results()["breast_cancer/natural/0/spy"]


@pytest.fixture(scope="module")
def truth(spy: Result) -> dict[str, str]:
    """What there was to find, as texts of 0 and 1."""
    registry = load()
    planned = plan_run(parse_matrix('datasets = ["breast_cancer"]'), registry)
    dataset = load_source(planned.sources["breast_cancer"], registry)
    block = prepare(dataset, spy.cell.at)
    labels: dict[str, Any] = {
        "training": block.data.y_train,
        "validation": block.data.y_validation,
        "test": block.y_test,
        "all": dataset.labels,
    }
    return {name: "".join(map(str, each)) for name, each in labels.items()}


def test_it_hands_in_nothing(spy: Result) -> None:
    assert spy.notes["found"] == []
    assert spy.metrics["roc_auc"] == 0.5
    counts = spy.realised["test"]
    assert spy.metrics["ap"] == pytest.approx(counts[1] / sum(counts))


def test_it_knows_how_to_search(spy: Result, truth: dict[str, str]) -> None:
    """What it may have, it finds in its memory by the same way: the search works."""
    assert any(truth["training"] in stretch for stretch in spy.notes["stretches"])
    assert any(truth["validation"] in stretch for stretch in spy.notes["stretches"])
    paths = spy.notes["paths"]
    assert any(path.endswith("results.db") for path in paths)
    assert sum(path.endswith("/environ") for path in paths) == 3, "its own, the fork server's, the parent's"


def test_test_labels_are_nowhere(spy: Result, truth: dict[str, str]) -> None:
    """Not in its memory, nor in a file that it could think of: in the block's order, or in that of the dataset."""
    for stretch in spy.notes["stretches"]:
        assert truth["test"] not in stretch
        assert truth["test"][:60] not in stretch
        assert truth["all"][:60] not in stretch

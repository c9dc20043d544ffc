"""A pack against its cells one by one: the same to the last bit, whatever the neighbours."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbench.errors import UsageError
from imbench.scoring import assess, assess_pack, score_metrics
from imbench.scoring.columns import columns_of
from imbench.scoring.probability import pack_score_metrics
from tests.scoring.packs import cell_of, packs, scores_of, subset

quick = settings(max_examples=100, deadline=None)


def laid_out(assessment):
    """With the order of names, and floats told apart to the last bit."""
    return repr(dataclasses.asdict(assessment))


@quick
@given(packs())
def test_a_cell_of_a_pack_is_assessed_as_it_is_alone(pack):
    together = assess_pack(**pack)
    for k, found in enumerate(together):
        assert laid_out(found) == laid_out(assess(**cell_of(pack, k)))


@quick
@given(packs(), st.randoms())
def test_neither_order_nor_neighbours_change_a_cell(pack, random):
    before = assess_pack(**pack)
    order = [random.randrange(len(before)) for _ in range(len(before) + 1)]
    after = assess_pack(**subset(pack, order))
    assert [laid_out(found) for found in after] == [laid_out(before[k]) for k in order]


def many_cells(cells, rows, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.sort(rng.choice(n_classes, rows, p=np.r_[0.9, np.full(n_classes - 1, 0.1 / (n_classes - 1))]))
    kinds = ("fine", "ties", "skilled")
    return {
        "scores": np.stack([scores_of(rng, kinds[k % 3], labels, n_classes) for k in range(cells)]),
        "labels": labels,
        "validation_scores": np.stack([scores_of(rng, kinds[k % 3], labels, n_classes) for k in range(cells)]),
        "validation_labels": labels,
        "priors": rng.dirichlet(np.full(n_classes, 9.0), cells),
        "training_counts": np.bincount(labels, minlength=n_classes) * 3,
        "decided": [None] * cells,
    }


@pytest.mark.parametrize(("cells", "rows", "n_classes"), [(70, 2048, 2), (24, 1999, 2), (9, 3001, 12)])
def test_many_cells_of_many_rows_are_assessed_as_they_are_alone(cells, rows, n_classes):
    """The first and the last have more scores than are worked on at once; uneven rows end inside vector registers."""
    pack = many_cells(cells, rows, n_classes)
    together = assess_pack(**pack)
    assert len(together) == cells
    for k in range(0, cells, 5):
        assert laid_out(together[k]) == laid_out(assess(**cell_of(pack, k)))
    assert len({laid_out(found) for found in together}) == cells


def test_one_array_and_a_list_of_arrays_in_either_precision_are_the_same():
    pack = many_cells(3, 200, 3)
    wide = {
        name: [each.astype(np.float64) for each in pack[name]] for name in ("scores", "validation_scores", "priors")
    }
    assert assess_pack(**pack) == assess_pack(**(pack | wide))


def test_only_cells_that_decided_themselves_report_it():
    pack = many_cells(3, 200, 2)
    found = assess_pack(**(pack | {"decided": [None, pack["labels"].astype(np.uint8), None]}))
    assert ["own" in each.decisions for each in found] == ["own" in each.policies for each in found]
    assert ["own" in each.decisions for each in found] == [False, True, False]
    assert found[1].decisions["own"]["mcc"] == 1.0
    alone = assess_pack(**(pack | {"decided": None}), policies=())
    assert [each.decisions for each in alone] == [{}, {}, {}]


def test_own_decisions_in_a_narrow_type_among_more_classes_than_it_holds():
    pack = many_cells(2, 900, 200)
    narrow = (pack["labels"] % 100).astype(np.int8)
    as_int8, as_int64 = (
        assess_pack(**(pack | {"decided": [own, None]}), policies=("argmax",)) for own in (narrow, narrow.astype(int))
    )
    assert as_int8 == as_int64


def test_metrics_of_plugins_are_called_for_each_cell():
    pack = many_cells(3, 200, 2)
    found = assess_pack(**pack, extra={"first": lambda scores, labels: scores[0, 1]})
    assert [each.metrics["first"] for each in found] == pack["scores"][:, 0, 1].tolist()


def test_no_cells_are_no_assessments():
    pack = many_cells(1, 20, 2)
    assert assess_pack(**subset(pack, [])) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_score_metrics_of_a_pack_are_those_of_each_cell(dtype):
    pack = many_cells(4, 333, 3)
    counts = pack["training_counts"]
    scores = pack["scores"].astype(dtype)
    found = pack_score_metrics(columns_of(scores), pack["labels"], training_counts=counts)
    for metrics, each in zip(found.cells(), scores, strict=True):
        assert metrics == dict(score_metrics(each, pack["labels"], training_counts=counts).values)


def with_cell(arrays, k, change):
    changed = [np.array(each) for each in arrays]
    changed[k] = change(changed[k])
    return changed


def with_nan(scores):
    scores[7, 1] = np.nan
    return scores


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scores", with_nan, "^cell 2: scores: expected finite scores, got 1 NaN or infinite, first in row 7"),
        ("scores", lambda scores: scores[1:], r"^cell 2: scores: expected scores of shape \(200, 2\), got \(199, 2\)"),
        ("validation_scores", with_nan, "^cell 2: validation scores: expected finite scores"),
        (
            "validation_scores",
            lambda scores: scores * 2,
            "^cell 2: validation scores: expected rows of scores that sum",
        ),
        ("validation_scores", lambda scores: scores - 0.5, "^cell 2: validation scores: expected scores ≥ 0"),
        ("priors", lambda prior: prior * np.nan, "^cell 2: prior: expected two or more non-negative numbers"),
        ("priors", lambda prior: prior[:1], "^cell 2: prior: expected 2 numbers"),
    ],
)
def test_the_malformed_cell_is_named(name, change, message):
    pack = many_cells(4, 200, 2)
    with pytest.raises(ValueError, match=message):
        assess_pack(**(pack | {name: with_cell(pack[name], 2, change)}))


def test_a_pack_of_unequal_numbers_wrong_decisions_or_unknown_policies_is_refused():
    pack = many_cells(3, 200, 2)
    with pytest.raises(ValueError, match="of as many cells"):
        assess_pack(**(pack | {"priors": pack["priors"][:2]}))
    with pytest.raises(ValueError, match=r"^cell 1: own decisions: expected labels in 0 … 1"):
        assess_pack(**(pack | {"decided": [None, pack["labels"] + 1, None]}))
    with pytest.raises(ValueError, match=r"^validation labels: expected labels in 0 … 1"):
        assess_pack(**(pack | {"validation_labels": pack["labels"] + 1}))
    with pytest.raises(UsageError, match="did you mean 'tuned'"):
        assess_pack(**pack, policies=("tune",))


@quick
@given(packs())
def test_validation_is_measured_as_the_test_is(pack):
    """With the policies that were fitted on it; nothing else changes, and a strategy's own decisions are not there."""
    plain = assess_pack(**pack)
    found = assess_pack(**pack, with_validation=True)
    swapped = {"scores": pack["validation_scores"], "labels": pack["validation_labels"], "decided": None}
    for one, both, other in zip(plain, found, assess_pack(**(pack | swapped)), strict=True):
        assert (both.validation, both.validation_decisions) == (other.metrics, other.decisions)
        assert laid_out(dataclasses.replace(both, validation={}, validation_decisions={})) == laid_out(one)


def test_metrics_of_plugins_see_validation_too():
    pack = many_cells(2, 50, 3)
    shapes = lambda scores, labels: float(len(labels) + scores[0, 0])  # noqa: E731
    half = {"validation_scores": pack["validation_scores"][:, :20], "validation_labels": pack["labels"][:20]}
    for k, found in enumerate(assess_pack(**(pack | half), extra={"rows": shapes}, with_validation=True)):
        assert found.metrics["rows"] == pytest.approx(50 + pack["scores"][k, 0, 0])
        assert found.validation["rows"] == pytest.approx(20 + pack["validation_scores"][k, 0, 0])

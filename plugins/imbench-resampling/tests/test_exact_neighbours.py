"""Found with less work, and equal to scikit-learn and imbalanced-learn bit for bit: ties, duplicates, rounding."""

from __future__ import annotations

import numpy as np
import pytest
from exact_data import KINDS, hard, indices
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.under_sampling import (
    AllKNN,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    OneSidedSelection,
    RepeatedEditedNearestNeighbours,
    TomekLinks,
)
from resampling_views import part, view
from sklearn.neighbors import NearestNeighbors

from imbench_resampling import neighbours, reference, tomek
from imbench_resampling.common import rows
from imbench_resampling.condensing import condensed, one_sided
from imbench_resampling.enn import edited
from imbench_resampling.neighbours import build, nearest
from imbench_resampling.reference import Reference
from imbench_resampling.repeating import all_neighbours, repeated
from imbench_resampling.tomek import without_tomek_links

many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hard_data = st.builds(
    hard,
    st.sampled_from(KINDS),
    st.sampled_from([40, 255, 256, 257, 511, 700, 1300]),
    st.sampled_from([2, 3, 9, 15, 16, 20, 33, 200]),
    st.integers(2, 5),
    st.integers(0, 2**20),
)
strategies = st.sampled_from(["auto", "all"])


@pytest.fixture(params=["fallback when tied", "never gives up"])
def at_any_size(monkeypatch, request):
    """Our own search even where data are so small, of so few features, or so full of ties that it does not pay."""
    monkeypatch.setattr(neighbours, "PAIRS", 0)
    monkeypatch.setattr(neighbours, "QUERIES", 0)
    monkeypatch.setattr(neighbours, "TREE_IS_FINE", 0)
    monkeypatch.setattr(tomek, "TREE_IS_FINE", 0)
    monkeypatch.setattr(tomek, "_ROWS", 0)
    if request.param == "never gives up":
        monkeypatch.setattr(Reference, "hopeless", lambda self, unsure, asked: False)


@many
@given(data=hard_data, strategy=strategies)
def test_tomek_links_are_those_of_imbalanced_learn(at_any_size, data, strategy):
    x, y = data
    wanted = indices(TomekLinks(sampling_strategy=strategy), x, y)
    np.testing.assert_array_equal(without_tomek_links(x, y, strategy), wanted)


@many
@given(data=hard_data, strategy=strategies, k=st.sampled_from([1, 3, 5, 10]), kind_sel=st.sampled_from(["all", "mode"]))
def test_edited_neighbours_are_those_of_imbalanced_learn(at_any_size, data, strategy, k, kind_sel):
    x, y = data
    sampler = EditedNearestNeighbours(sampling_strategy=strategy, n_neighbors=k, kind_sel=kind_sel)
    np.testing.assert_array_equal(edited(x, y, k, kind_sel, strategy), indices(sampler, x, y))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=hard_data, k=st.sampled_from([1, 3, 5]), kind_sel=st.sampled_from(["all", "mode"]))
def test_repeated_editing_is_that_of_imbalanced_learn(data, k, kind_sel):
    x, y = data
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "PAIRS", 0)
        patch.setattr(neighbours, "QUERIES", 0)
        patch.setattr(neighbours, "TREE_IS_FINE", 0)
        ours = [repeated(x, y, k, kind_sel, 100), all_neighbours(x, y, k, kind_sel)]
    theirs = RepeatedEditedNearestNeighbours, AllKNN
    for kept, sampler in zip(ours, theirs, strict=True):
        # as sets: where a round removes nothing, imbalanced-learn applies its order twice to the indices
        try:
            wanted = indices(sampler(n_neighbors=k, kind_sel=kind_sel), x, y)
        except ValueError as error:
            assert "n_neighbors" in str(error)  # noqa: PT017  fewer rows than neighbours are left: ours go on
            continue
        np.testing.assert_array_equal(np.sort(kept), np.sort(wanted))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=hard_data, seed=st.integers(0, 2**20))
@pytest.mark.parametrize(
    ("ours", "theirs"), [(condensed, CondensedNearestNeighbour), (one_sided, OneSidedSelection)], ids=["cnn", "oss"]
)
def test_condensed_sets_are_those_of_imbalanced_learn(ours, theirs, data, seed):
    x, y = data
    x, y = x[:257], y[:257]  # imbalanced-learn fits anew for each row added
    codes, sizes = np.unique(y, return_counts=True)
    shrink = codes[sizes > sizes.min()].tolist()
    assume(shrink)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomek, "_ROWS", 0)
        patch.setattr(tomek, "TREE_IS_FINE", 0)
        kept = ours(x, y, shrink, seed)
    np.testing.assert_array_equal(kept, indices(theirs(sampling_strategy=shrink, random_state=seed), x, y))


@pytest.fixture(params=["scan", "blocks"])
def one_search(monkeypatch, request):
    """Every question goes to one of the two searches."""
    monkeypatch.setattr(neighbours, "scan_pays", lambda *_: request.param == "scan")


@many
@given(data=hard_data, k=st.sampled_from([1, 2, 6, 11, 31]), double=st.booleans())
def test_neighbours_are_those_of_scikit_learn_in_their_order(at_any_size, one_search, data, k, double):
    x, y = data
    if double:
        x = x.astype(np.float64) / 3
    asked = x[y == y[-1]]
    wanted = NearestNeighbors(n_neighbors=k).fit(x).kneighbors(asked, return_distance=False)
    np.testing.assert_array_equal(neighbours.neighbours(x, asked, k), wanted)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["integers", "duplicates across", "offset"])
def test_a_few_queries_alone_come_out_as_among_all(kind, threads):
    """Ties go by chunk, by strategy and by threads; asked in their chunks they fall the same way."""
    from threadpoolctl import threadpool_limits

    x, _ = hard(kind, 2900, 20, 2, seed=1)
    with threadpool_limits(threads, user_api="openmp"):
        wanted = NearestNeighbors(n_neighbors=4).fit(x).kneighbors(x, return_distance=False)
        some = np.sort(np.random.default_rng(0).choice(2900, 9, replace=False))
        np.testing.assert_array_equal(Reference(x, x, 4).neighbours(some), wanted[some])


def test_few_queries_go_to_the_reference_on_continuous_data(monkeypatch):
    """The search is a search of its own, not a detour to scikit-learn."""
    asked = []
    whole = reference.Reference.neighbours
    monkeypatch.setattr(
        reference.Reference, "neighbours", lambda self, places: asked.append(len(places)) or whole(self, places)
    )
    x, y = hard("clusters", 4000, 20, 2, seed=3)
    blocks = build(x)
    nearest(blocks, Reference(x, x, 4))
    without_tomek_links(x, y)
    edited(x, y, 3, "all")
    neighbours.neighbours(x, x[y == 1], 11)
    assert sum(asked) == 0
    assert len(asked) == 4  # nearest, twice for Tomek, and the scan; edited does not even ask


def test_it_does_not_matter_how_rows_are_sorted_into_blocks(monkeypatch):
    from imbench_resampling import blocks

    x, y = hard("clusters", 3000, 20, 3, seed=5)
    first = edited(x, y, 3, "all"), without_tomek_links(x, y)
    monkeypatch.setattr(blocks, "_ROWS", 40)
    second = edited(x, y, 3, "all"), without_tomek_links(x, y)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def unequal(kind, n, d, classes, seed):
    """Overlapping classes, large enough for every method."""
    x, _ = hard(kind, n, d, classes, seed)
    rng = np.random.default_rng(seed)
    y = np.minimum(rng.geometric(0.7, n) - 1, classes - 1)
    return (x + 0.3 * y[:, np.newaxis]).astype(np.float32), y


SAMPLERS = {
    "smote": SMOTE,
    "borderline_smote": BorderlineSMOTE,
    "adasyn": ADASYN,
    "smote_tomek": SMOTETomek,
    "smote_enn": SMOTEENN,
}

#: What makes rows only: strategy, its parameters, imbalanced-learn's object for a random_state.
MAKING = [
    ("smote", {}, lambda seed: SMOTE(random_state=seed)),
    ("borderline_smote", {}, lambda seed: BorderlineSMOTE(random_state=seed)),
    ("borderline_smote", {"kind": 2}, lambda seed: BorderlineSMOTE(random_state=seed, kind="borderline-2")),
    ("adasyn", {}, lambda seed: ADASYN(random_state=seed)),
]


@pytest.mark.parametrize(
    ("name", "params", "make"), MAKING, ids=[f"{name}{params or ''}" for name, params, _ in MAKING]
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=hard_data, seed=st.integers(0, 2**20))
def test_rows_made_of_hard_data_are_those_of_imbalanced_learn(name, params, make, data, seed):
    """Ties, duplicates, one point: the same rows, or the same refusal."""
    x, y = data
    on = view(x, y)
    assume(min(on.counts[on.counts > 0]) >= 7)  # below, k is lowered, which imbalanced-learn does not do
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "scan_pays", lambda *_: True)
        outcome = part(name, **params)(on, np.random.default_rng(seed))
    sampler = make(int(np.random.default_rng(seed).integers(2**31 - 1)))
    try:
        wanted_x, wanted_y = sampler.fit_resample(x, y)
    except (RuntimeError, ValueError) as error:
        refused = str(error)
        wanted_x, wanted_y = x, y
    else:
        refused = ""
    if refused:
        assert ("neigbours" in refused or "No samples" in refused) == (name == "adasyn")
        assert "left as before" in outcome.note
        assume(outcome.made_y is None)  # classes that could grow do
    ours_x, ours_y = rows(on, outcome)
    np.testing.assert_array_equal(ours_y, wanted_y)
    np.testing.assert_array_equal(ours_x, wanted_x)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("n", "d", "classes", "kind"), [(5000, 20, 2, "clusters"), (3000, 9, 4, "gauss")])
@pytest.mark.parametrize("name", SAMPLERS)
def test_rows_made_and_kept_are_those_of_imbalanced_learn(monkeypatch, name, n, d, classes, kind, seed):
    monkeypatch.setattr(neighbours, "QUERIES", 200)
    monkeypatch.setattr(neighbours, "PAIRS", 0)
    monkeypatch.setattr(neighbours, "scan_pays", lambda rows, features, k, asked: asked > 500)
    x, y = unequal(kind, n, d, classes, seed)
    outcome = part(name)(view(x, y), np.random.default_rng(seed))
    random_state = int(np.random.default_rng(seed).integers(2**31 - 1))
    wanted_x, wanted_y = SAMPLERS[name](random_state=random_state).fit_resample(x, y)
    ours_x, ours_y = rows(view(x, y), outcome)
    if "_" in name and name != "borderline_smote":  # kept before made: the order within a class is the same
        ours, theirs = np.argsort(ours_y, kind="stable"), np.argsort(wanted_y, kind="stable")
        ours_x, ours_y, wanted_x, wanted_y = ours_x[ours], ours_y[ours], wanted_x[theirs], wanted_y[theirs]
    np.testing.assert_array_equal(ours_y, wanted_y)
    np.testing.assert_array_equal(ours_x, wanted_x)


def test_memory_stays_bounded():
    """40,000 rows of which many are equal: all pairs would be 12 GB."""
    import tracemalloc

    x, _ = hard("few values", 40_000, 3, 2, seed=0)
    x = np.hstack([x, np.zeros((40_000, 17), dtype=np.float32)])
    tracemalloc.start()
    blocks = build(x)
    nearest(blocks, Reference(x, x[:300], 4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400e6

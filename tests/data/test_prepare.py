"""A block end to end: truth (no leak, natural test prior), fairness (same bits for all), guard."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from imbench.data.block import Block, TrainingData
from imbench.data.dataset import Dataset
from imbench.data.prepare import MIN_TEST_ROWS, MIN_TRAINING_ROWS, UnreachableRatio, prepare
from imbench.data.preprocess import CLIP, MAX_CATEGORIES
from imbench.errors import UsageError
from imbench.matrix.cell import PROTOCOL_VERSION, Budget, Coordinates, Profile


def at(name="toy", ratio="natural", seed=0, **profile) -> Coordinates:
    return Coordinates(dataset=name, ratio=ratio, seed=seed, profile=Profile(**profile))


def shop(n=2000, positives=300, seed=0, **extra) -> Dataset:
    rng = np.random.default_rng(seed)
    labels = np.zeros(n, dtype=np.int64)
    labels[rng.permutation(n)[:positives]] = 1
    features = pd.DataFrame(
        {
            "amount": rng.lognormal(size=n) + labels,
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 9, n)),
            "country": rng.choice(["at", "be", "ch"], n),
        }
    )
    return Dataset(name="toy", features=features, labels=labels, classes=("ok", "fraud"), **extra)


def bits(block: Block) -> list[bytes]:
    arrays = [getattr(block.data, one.name) for one in fields(TrainingData)]
    return [array.tobytes() for array in [*arrays, block.y_test] if isinstance(array, np.ndarray)]


def nearest_neighbour_auc(x_train, y_train, x_test, y_test) -> float:
    scores = KNeighborsClassifier(1).fit(x_train, y_train).predict_proba(x_test)[:, 1]
    return float(roc_auc_score(y_test, scores))


class TestNoLeak:
    """Labels are noise, so that on honest test rows nothing beats .5."""

    def aucs(self, dataset: Dataset) -> tuple[float, float]:
        """Mean AUC of one nearest neighbour over five seeds: our split, and a plain stratified one."""
        ours, plain = [], []
        for seed in range(5):
            block = prepare(dataset, at(seed=seed))
            data = block.data
            ours.append(nearest_neighbour_auc(data.x_train, data.y_train, data.x_test, block.y_test))
            x_train, x_test, y_train, y_test = train_test_split(
                dataset.features, dataset.labels, test_size=0.2, stratify=dataset.labels, random_state=seed
            )
            plain.append(nearest_neighbour_auc(x_train, y_train, x_test, y_test))
        return float(np.mean(ours)), float(np.mean(plain))

    def test_duplicate_rows(self):
        rng = np.random.default_rng(0)
        source = np.repeat(np.arange(600), 5)
        features = pd.DataFrame(rng.normal(size=(600, 6))[source])
        labels = (rng.random(600) < 0.3).astype(np.int64)[source]
        ours, plain = self.aucs(Dataset(name="toy", features=features, labels=labels, classes=("a", "b")))
        assert ours == pytest.approx(0.5, abs=0.05)
        assert plain > 0.95

    def test_rows_of_one_patient(self):
        rng = np.random.default_rng(1)
        source = np.repeat(np.arange(600), 5)
        features = pd.DataFrame(rng.normal(size=(600, 6))[source] + rng.normal(scale=0.05, size=(3000, 6)))
        labels = (rng.random(600) < 0.3).astype(np.int64)[source]
        groups = np.array([f"patient {code}" for code in source], dtype=object)
        dataset = Dataset(name="toy", features=features, labels=labels, classes=("a", "b"), groups=groups)
        ours, plain = self.aucs(dataset)
        assert ours == pytest.approx(0.5, abs=0.05)
        assert plain > 0.95


def test_training_data_holds_no_test_label():
    assert not [one.name for one in fields(TrainingData) if "test" in one.name and one.name != "x_test"]


@given(
    seed=st.integers(0, 10**6),
    ratio=st.sampled_from(["natural", 8.0, 25.0]),
    size=st.sampled_from(["free", "fixed"]),
)
@settings(deadline=None, max_examples=25)
def test_the_same_coordinates_give_the_same_bits(seed, ratio, size):
    where = at(ratio=ratio, seed=seed, size=size)
    first, again = prepare(shop(), where), prepare(shop(), where)
    assert bits(first) == bits(again)
    assert first.realised == again.realised


@pytest.mark.parametrize("ratio", [6.0, 20.0, 200.0])
def test_the_test_part_is_the_same_at_every_ratio_and_keeps_the_natural_prior(ratio):
    dataset = shop()
    natural, thinned = prepare(dataset, at()), prepare(dataset, at(ratio=ratio))
    np.testing.assert_array_equal(natural.y_test, thinned.y_test)
    assert thinned.y_test.mean() == pytest.approx(dataset.labels.mean(), abs=0.002)
    assert thinned.realised.ratio == pytest.approx(ratio, rel=0.05)
    assert thinned.realised.test == natural.realised.test == (340, 60)
    assert thinned.realised.train[0] == natural.realised.train[0]


def test_preprocessing_is_fitted_after_thinning():
    block = prepare(shop(), at(ratio=100.0))
    numbers = block.data.x_train[:, ~block.data.categorical]
    assert len(numbers) < 1100
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=0.02)  # clipping moves it a little
    assert numbers[:, 1].std() == pytest.approx(1, abs=1e-4)


def test_shapes_and_types_of_a_block():
    dataset = shop(groups=np.array([f"h{i % 700}" for i in range(2000)], dtype=object))
    block = prepare(dataset, at(ratio=10.0))
    data = block.data
    for x, y in ((data.x_train, data.y_train), (data.x_validation, data.y_validation), (data.x_test, block.y_test)):
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert x.flags.c_contiguous
        assert len(x) == len(y)
        assert x.shape[1] == len(data.categorical)
    assert data.groups.dtype == np.int64
    assert len(data.groups) == len(data.y_train)
    assert data.task == "binary"
    assert block.realised.train == tuple(data.counts)
    assert block.realised.flags == ()
    assert prepare(shop(), at()).data.groups is None


def test_group_codes_tell_training_groups_apart():
    groups = np.array([f"h{i % 700}" for i in range(2000)], dtype=object)
    features = pd.DataFrame({"x": np.arange(2000.0), "household": np.arange(2000) % 700})
    dataset = Dataset(name="toy", features=features, labels=np.arange(2000) % 2, classes=("a", "b"), groups=groups)
    data = prepare(dataset, at()).data
    assert len({*zip(data.groups, data.x_train[:, 1], strict=True)}) == len(set(data.groups))


class TestGuard:
    def test_few_test_rows_are_flagged_and_nothing_is_raised(self):
        block = prepare(shop(400, 40), at())
        assert block.realised.flags == ("the test part has 8 rows of class 'fraud', fewer than 20",)

    def test_few_training_rows_are_flagged(self):
        block = prepare(shop(), at(ratio=300.0))
        assert block.realised.train == (1020, 3)
        assert block.realised.flags == ("the training part has 3 rows of class 'fraud', fewer than 5",)

    def test_a_single_positive_is_flagged_twice(self):
        block = prepare(shop(200, 1), at())
        assert [flag.split(" part")[0] for flag in block.realised.flags] == ["the test", "the training"]
        assert block.realised.train[1] == 1

    def test_a_class_that_appears_late_is_flagged(self):
        dataset = shop()
        late = Dataset(
            name="toy", features=dataset.features, labels=np.sort(dataset.labels), classes=dataset.classes,
            time=np.arange(2000),
        )  # fmt: skip
        block = prepare(late, at())
        assert block.realised.train[1] == 0
        assert block.realised.flags == ("the training part has 0 rows of class 'fraud', fewer than 5",)
        assert np.isfinite(block.realised.ratio)


def test_what_was_left_out_is_noted():
    dataset = shop()
    features = dataset.features.assign(constant=1)
    features.iloc[:3] = features.iloc[-3:].to_numpy()
    official = np.arange(2000) >= 1500
    block = prepare(
        Dataset(name="toy", features=features, labels=dataset.labels, classes=dataset.classes, test=official), at()
    )
    assert block.realised.notes == (
        "dropped as constant: 'constant'",
        "left out 3 rows that share a group or their features with another part",
    )


def test_an_unreachable_ratio_is_a_usage_error_of_one_line():
    with pytest.raises(UnreachableRatio, match="at most 1,020 can be reached") as caught:
        prepare(shop(), at(ratio=5000.0))
    assert isinstance(caught.value, UsageError)


def test_real_data_end_to_end():
    bunch = load_breast_cancer(as_frame=True)
    labels = (bunch.target == 0).to_numpy().astype(np.int64)  # malignant is the positive
    dataset = Dataset(name="breast_cancer", features=bunch.data, labels=labels, classes=("benign", "malignant"))
    for ratio in ("natural", 10.0):
        block = prepare(dataset, at("breast_cancer", ratio=ratio))
        model = LogisticRegression(max_iter=1000).fit(block.data.x_train, block.data.y_train)
        assert roc_auc_score(block.y_test, model.predict_proba(block.data.x_test)[:, 1]) > 0.97
        assert block.realised.flags == ()


def test_the_protocol_page_states_the_figures_of_the_code():
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    budget = Budget()
    for stated in (
        f"Protocol version: **{PROTOCOL_VERSION}**",
        f"**{MIN_TEST_ROWS} test rows**",
        f"**{MIN_TRAINING_ROWS} training rows**",
        f"cut off at ±{CLIP:g}",
        f"each of the {MAX_CATEGORIES} most frequent",
        f"default {budget.steps} \N{MULTIPLICATION SIGN} {budget.batch_size}",
        f"default {budget.evaluations}; 0 turns selection off",
    ):
        assert stated in page

"""Cost columns: intervals from repeats, tie groups of those that cannot be told apart, old records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.leaderboard.cost import MARGIN, Cost, cost_by_strategy, cost_notes, tie_groups
from imbench.results.result import CostRecord

NAMES = ["erm", "focal", "gbdt", "mixup", "smote", "tomek"]


def record(strategy: str, train: list[float], dataset: str = "a", **more: object) -> CostRecord:
    """Timed so many times: seconds of the strategy where `erm` takes one second to train and 0.1 s to predict."""
    middle = sorted(train)[len(train) // 2]
    values: dict[str, object] = {
        "key": strategy + dataset, "dataset": dataset, "strategy": strategy, "device": "cpu", "rows": 1000,
        "seconds": {"resample": 0.0, "fit": middle, "predict": 0.1, "predict_one": 1e-4},
        "baseline": {"resample": 0.0, "fit": 1.0, "predict": 0.1, "predict_one": 2e-4},
        "ratios": {"train": train, "predict": [1.0, 1.0, 1.0], "predict_one": [0.5, 0.5, 0.5]},
        "latency_p95": 3e-4, "peak_bytes": 2**20, "repeats": len(train),
    }  # fmt: skip
    return CostRecord(**(values | more))  # type: ignore[arg-type]


def ties(records: list[CostRecord]) -> dict[str, str]:
    return {name: cost.train_tie for name, cost in cost_by_strategy(records, "cpu").items()}


def test_groups_by_hand() -> None:
    records = [
        record("erm", [1.0, 0.98, 1.05]),
        record("focal", [1.06, 1.08, 1.12]),  # apart from erm by the ratios, not by the margin: 1.08 / 1.03 < 1.05
        record("mixup", [1.4, 1.45, 1.41]),
        record("smote", [1.3, 1.42, 2.0]),  # one repeat was held up
        record("gbdt", [4.0, 4.2, 4.1]),
        record("prior", [0.01, 0.012, 0.011]),
    ]
    assert ties(records) == {"prior": "a", "erm": "b", "focal": "b", "mixup": "c", "smote": "c", "gbdt": "d"}
    erm = cost_by_strategy(records, "cpu")["erm"]
    assert (erm.train_low, erm.train_speed, erm.train_high) == pytest.approx((1 / 1.05, 1.0, 1 + MARGIN))
    assert {cost.predict_tie for cost in cost_by_strategy(records, "cpu").values()} == {"a"}


def test_waiting_for_a_core_widens_an_interval() -> None:
    calm = [record("erm", [1.0, 1.0, 1.0]), record("mixup", [1.2, 1.2, 1.2])]
    assert ties(calm) == {"erm": "a", "mixup": "b"}
    for machine in ({"waited": 0.25, "others": 0.25}, {"waited": None, "others": 0.25}):
        held_up = [replace(each, machine=machine, contended=True) for each in calm]
        assert ties(held_up) == {"erm": "a", "mixup": "a"}
    # what others did on cores that we did not need changes nothing
    assert ties([replace(each, machine={"waited": None, "others": 0.9}) for each in calm]) == {"erm": "a", "mixup": "b"}


def test_intervals_over_datasets_are_geometric_means() -> None:
    records = [record("smote", [1.0, 2.0, 4.0], "a"), record("smote", [8.0, 8.0, 8.0], "b")]
    found = cost_by_strategy(records, "cpu")["smote"]
    assert found.train_speed == pytest.approx(1 / 4)
    assert found.train_low == pytest.approx((1 / 4 / (8 * (1 + MARGIN))) ** 0.5)
    assert found.train_high == pytest.approx((1 / 1 / (8 / (1 + MARGIN))) ** 0.5)


def test_no_interval_no_letter() -> None:
    old = record("old", [1.0], ratios={})
    records = [record("erm", [1.0, 1.0]), record("once", [1.0]), old, record("nan", [1.0, float("nan")])]
    assert ties(records) == {"erm": "a", "once": "", "old": "", "nan": ""}
    # one dataset without repeats is enough: what is not known of it is not known of the mean
    assert ties([record("erm", [1.0, 1.0]), record("erm", [1.0], "b")]) == {"erm": ""}


def test_a_record_of_an_earlier_version_is_read_and_gives_way() -> None:
    old = {
        "format": 1, "key": "k", "dataset": "a", "strategy": "smote", "device": "cpu", "rows": 4096, "repeats": 3,
        "seconds": {"resample": 0.5, "fit": 1.5, "predict": 0.2}, "baseline": {"fit": 1.0, "predict": 0.1},
        "spread": {"fit": 0.1}, "peak_bytes": 3 * 2**20, "contended": False, "reason": "",
        "machine": {"cpu": "some", "threads": 1, "load_before": 0.5, "load_after": 0.7},
    }  # fmt: skip
    read = CostRecord.from_json(json.loads(json.dumps(old)))
    assert cost_by_strategy([read], "cpu")["smote"] == Cost(
        train_speed=0.5, predict_speed=0.5, rows_per_second=pytest.approx(20480.0), peak_mib=3.0
    )
    assert cost_notes([read], "cpu") == []
    both = cost_by_strategy([read, record("smote", [4.0, 4.0, 4.0])], "cpu")["smote"]
    assert both.train_speed == pytest.approx(0.25), "the record with repeats alone counts"


def test_a_record_survives_the_store_format() -> None:
    full = record("smote", [1.0, 1.1, 1.2], peak_device_bytes=5 * 2**20, joules={"fit": 12.0, "predict": 0.5})
    assert CostRecord.from_json(json.loads(json.dumps(full.to_json()))) == full
    found = cost_by_strategy([full], "cpu")["smote"]
    assert (found.peak_mib, found.peak_device_mib) == (1.0, 5.0)
    assert (found.fit_joules, found.predict_joules) == pytest.approx((12.0, 0.5))
    assert (found.latency_us, found.latency_p95_us, found.latency_speed) == pytest.approx((100.0, 300.0, 2.0))


def test_what_is_not_known_is_said() -> None:
    blind = record("erm", [1.0, 1.0], machine={"unknown": "the system does not tell"})
    assert cost_notes([blind], "cpu") == [
        "cost: whether something else was running is not known of 1 measurements (the system does not tell)"
    ]


RATIOS = st.lists(st.floats(0.01, 100), min_size=2, max_size=5)
TIMED = st.dictionaries(st.sampled_from(NAMES), RATIOS, min_size=1)


@given(timed=TIMED, data=st.data())
def test_the_order_of_records_and_repeats_does_not_matter(timed: dict[str, list[float]], data: st.DataObject) -> None:
    records = [record(name, ratios) for name, ratios in timed.items()]
    shuffled = [
        replace(each, ratios={**each.ratios, "train": data.draw(st.permutations(list(each.ratios["train"])))})
        for each in data.draw(st.permutations(records))
    ]
    assert cost_by_strategy(shuffled, "cpu") == cost_by_strategy(records, "cpu")


@given(timed=TIMED, factor=st.sampled_from([2.0**-20, 0.5, 2.0, 2.0**10]))
def test_a_machine_of_another_speed_has_the_same_groups(timed: dict[str, list[float]], factor: float) -> None:
    """The strategies' times are scaled and `erm`'s are not, which asks more than scaling all: then no ratio changes."""
    groups = ties([record(name, ratios) for name, ratios in timed.items()])
    assert ties([record(name, [ratio * factor for ratio in ratios]) for name, ratios in timed.items()]) == groups


@given(timed=TIMED)
def test_letters_follow_speed_and_part_what_is_apart(timed: dict[str, list[float]]) -> None:
    found = cost_by_strategy([record(name, ratios) for name, ratios in timed.items()], "cpu")
    for one in found.values():
        for other in found.values():
            assert None not in (one.train_low, one.train_high, other.train_low, other.train_high)
            if one.train_tie < other.train_tie:
                assert one.train_low > other.train_high  # type: ignore[operator]
    linked = sorted(found.values(), key=lambda cost: cost.train_high or 0.0, reverse=True)
    assert [cost.train_tie for cost in linked] == sorted(cost.train_tie for cost in linked)


@given(st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1))
def test_groups_are_the_connected_parts_of_overlap(spans: dict[str, tuple[int, int]]) -> None:
    intervals = {name: (float(low), float(low + length)) for name, (low, length) in spans.items()}
    reached = {name: {name} for name in intervals}
    for _ in intervals:
        for one, (low, high) in intervals.items():
            for other, (left, right) in intervals.items():
                if low <= right and left <= high:
                    reached[one] |= reached[other]
    groups = tie_groups(intervals)
    for one in intervals:
        assert {other for other in intervals if groups[other] == groups[one]} == reached[one]

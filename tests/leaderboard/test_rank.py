"""Golden leaderboards, checked by hand, and what an option or a missing cell does to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imbench.errors import NothingSelected, UsageError
from imbench.leaderboard.board import Leaderboard, Row
from imbench.leaderboard.rank import boards, rank
from imbench.results.result import CostRecord, Result

Make = Callable[..., Result]
BASE = "erm+threshold"


def row(board: Leaderboard, strategy: str) -> Row:
    return next(row for row in board.rows if row.strategy == strategy)


def note(board: Leaderboard, words: str) -> str:
    found = [note for note in board.notes if words in note]
    assert len(found) == 1, board.notes
    return found[0]


def golden(make: Make) -> list[Result]:
    """Two datasets; a has two ratios, one of them with two seeds; values chosen so that the nesting shows."""
    table = {  # strategy: a/10/0, a/10/1, a/100/0, b/10/0
        BASE: (0.5, 0.7, 0.2, 0.8),
        "smote": (0.6, 0.6, 0.4, 0.8),
        "erm": (0.4, 0.6, 0.1, 0.9),
    }
    where = [("a", 10.0, 0), ("a", 10.0, 1), ("a", 100.0, 0), ("b", 10.0, 0)]
    return [
        make(strategy, dataset, seed, value, ratio=ratio)
        for strategy, values in table.items()
        for value, (dataset, ratio, seed) in zip(values, where, strict=True)
    ]


def test_golden_means_and_differences(make: Make) -> None:
    """By hand: baseline a/10 = 0.6, a = (0.6 + 0.2)/2 = 0.4, mean (0.4 + 0.8)/2 = 0.6.

    smote: a/10 = 0.6, a = (0.6 + 0.4)/2 = 0.5, mean (0.5 + 0.8)/2 = 0.65. erm: a = (0.5 + 0.1)/2 = 0.3, mean 0.6.
    """
    board = rank(golden(make))
    assert [(r.rank, r.strategy) for r in board.rows] == [(1, "smote"), (2, "erm"), (2, BASE)]
    assert [r.mean for r in board.rows] == pytest.approx([0.65, 0.6, 0.6])
    assert [r.difference for r in board.rows] == pytest.approx([0.05, 0.0, 0.0])
    assert [r.secondary["balanced_accuracy"] for r in board.rows] == pytest.approx([0.65, 0.6, 0.6])
    assert [r.secondary["brier"] for r in board.rows] == pytest.approx([0.35, 0.4, 0.4])
    assert [(r.done, r.expected) for r in board.rows] == [(4, 4)] * 3
    assert (board.datasets, board.blocks, board.labelled) == (2, 4, {"balanced_accuracy", "worst_recall"})
    assert note(board, "effects only") == "effects only: 2 datasets are too few for a test"
    assert row(board, BASE).low is None


def test_interval_by_hand(make: Make) -> None:
    """Two datasets of one seed: the bootstrap draws (a, a), (a, b) or (b, b); the ends have probability 1/4 each."""
    results = [make(s, d, 0, v) for s, d, v in ((BASE, "a", 0.5), (BASE, "b", 0.5), ("x", "a", 0.6), ("x", "b", 0.9))]
    best = rank(results).rows[0]
    wide = 0.15 * 12.706 / 1.96 * 2**0.5  # half of the percentile interval, for one degree of freedom
    assert (best.difference, best.low, best.high) == pytest.approx((0.25, 0.25 - wide, 0.25 + wide))
    one = rank([make(BASE, "a"), make("x", "a", 0, 0.9)]).rows[0]
    assert (one.low, one.high, one.tie) == (None, None, "a"), "one block: no interval, nothing can be told apart"
    assert rank(results, bootstrap=0).rows[0].low is None


def test_datasets_of_one_origin_count_once(make: Make) -> None:
    values = {"a1": 0.2, "a2": 0.4, "b": 0.9}
    results = [make(BASE, d, 0, v, origin="a" if d[0] == "a" else "") for d, v in values.items()]
    board = rank(results)
    assert board.rows[0].mean == pytest.approx((0.3 + 0.9) / 2)
    assert board.datasets == 2


def test_tie_groups_walk_down_from_the_best(make: Make) -> None:
    """x always beats the baseline by the same amount; y differs from the baseline only by noise that cancels."""
    noise = [0.02, -0.02, 0.01, -0.01, 0.03, -0.03, 0.0]
    results = []
    for index, wiggle in enumerate(noise):
        results += [
            make(BASE, f"d{index}", 0, 0.5),
            make("x", f"d{index}", 0, 0.6),
            make("y", f"d{index}", 0, 0.501 + wiggle),
        ]
    board = rank(results)
    assert [(r.strategy, r.tie) for r in board.rows] == [("x", "a"), ("y", "b"), (BASE, "b")]
    assert not any("effects only" in note for note in board.notes)
    assert (board.rows[0].low, board.rows[0].high) == pytest.approx((0.1, 0.1))


def test_equal_strategies_share_rank_and_group(make: Make) -> None:
    results = [
        make(s, f"d{d}", k, 0.1 * d + 0.01 * k) for s in (BASE, "noop1", "noop2") for d in range(6) for k in range(3)
    ]
    assert {(r.rank, r.tie) for r in rank(results).rows} == {(1, "a")}


@pytest.mark.parametrize("primary", ["brier", "log_loss", "minority_ece"])
def test_lower_is_better(make: Make, primary: str) -> None:
    results = [make(s, d, metrics={primary: v}) for d in "ab" for s, v in ((BASE, 0.3), ("good", 0.1), ("bad", 0.6))]
    board = rank(results, primary=primary)
    assert [r.strategy for r in board.rows] == ["good", BASE, "bad"]
    assert board.rows[0].difference == pytest.approx(-0.2)
    assert board.lower_is_better


def test_missing_cells_do_not_shift_a_mean(make: Make) -> None:
    """x fails on the easy dataset: its own mean (0.3) would be below the baseline's (0.5), though it is better."""
    results = [make(BASE, "easy", 0, 0.8), make(BASE, "hard", 0, 0.2), make("x", "hard", 0, 0.3)]
    results += [make("x", "easy", status="failed", reason="ValueError: too few neighbours")]
    board = rank(results)
    best = board.rows[0]
    assert (best.strategy, best.incomplete, best.done, best.expected) == ("x", True, 1, 2)
    assert (best.mean, best.difference) == pytest.approx((0.6, 0.1))
    assert note(board, "x:") == "x: 1/2 cells; 1 failed (ValueError: too few neighbours)"
    assert note(board, "* cells are missing").startswith(f"* cells are missing: mean of {BASE} plus")
    assert not row(board, BASE).incomplete


def test_one_failing_strategy_changes_no_other_row(make: Make) -> None:
    results = golden(make)
    before = {r.strategy: r for r in rank(results).rows}
    results += [make("broken", "a", 0, 0.99, ratio=100.0), make("broken", "b", status="oom", reason="")]
    for new in rank(results).rows:
        if new.strategy != "broken":
            assert (new.mean, new.difference, new.low, new.high) == (
                before[new.strategy].mean,
                before[new.strategy].difference,
                before[new.strategy].low,
                before[new.strategy].high,
            )


def test_nothing_worked(make: Make) -> None:
    board = rank([make("x", d, status="timeout", reason="60 s") for d in "ab"], expected={"x": 3, "y": 3})
    assert [(r.rank, r.mean, r.done, r.expected) for r in board.rows] == [(None, None, 0, 3), (None, None, 0, 3)]
    assert note(board, "x:") == "x: 0/3 cells; 2 timeout (60 s), 1 without a result"
    assert note(board, "y: 0") == "y: 0/3 cells; 3 without a result"
    assert note(board, "no differences") == f"no differences: the baseline {BASE} is not among the results"


def test_expected_counts_what_was_never_run(make: Make) -> None:
    board = rank(golden(make), expected={BASE: 6, "smote": 4, "erm": 4})
    assert (row(board, BASE).done, row(board, BASE).expected) == (4, 6)
    assert note(board, f"{BASE}:") == f"{BASE}: 4/6 cells; 2 without a result"


def test_flagged_blocks_are_left_out_for_all_and_said(make: Make) -> None:
    flagged = {"flags": ["12 test positives"]}
    results = golden(make) + [make(s, "tiny", 0, 0.99, realised=flagged) for s in (BASE, "smote")]
    results += [make("erm", "tiny", status="crashed", reason="signal 11")]
    board = rank(results)
    assert [(r.done, r.expected) for r in board.rows] == [(4, 4)] * 3
    assert board.datasets == 2
    assert note(board, "left out") == "3 cells of 1 flagged blocks are left out (12 test positives)"
    assert rank(results, expected=dict.fromkeys((BASE, "smote", "erm"), 5)).rows[0].expected == 4
    kept = rank(results, include_flagged=True)
    assert (row(kept, "smote").done, row(kept, "erm").done, row(kept, "erm").expected) == (5, 4, 5)
    alone = rank([make(BASE, "tiny", realised=flagged)])
    assert (alone.rows[0].mean, alone.rows[0].done, alone.datasets) == (None, 0, 0)
    assert (alone.all_flagged, alone.left_out) == (True, 1)


def test_flagged_blocks_that_count_are_marked_row_by_row(make: Make) -> None:
    flagged = {"flags": ["12 test positives"]}
    results = golden(make) + [make(s, "tiny", 0, 0.99, realised=flagged) for s in (BASE, "smote")]
    results += [make("erm", "tiny", status="crashed", reason="signal 11")]
    board = rank(results, include_flagged=True)
    assert {r.strategy: r.flagged for r in board.rows} == {BASE: 1, "smote": 1, "erm": 0}, "erm has no scores there"
    assert note(board, "12 test positives").startswith("1 of 5 blocks are flagged and count all the same")
    assert (board.left_out, board.all_flagged) == (0, False)
    assert {r.flagged for r in rank(results).rows} == {0}
    assert not rank(results).all_flagged


def test_a_board_of_flagged_and_unreachable_blocks_is_all_flagged(make: Make) -> None:
    results = [make(BASE, "a", realised={"flags": ["2 test positives"]})]
    results += [make(BASE, "a", ratio=1e6, status="skipped", reason="ratio 1000000: at most 30 can be reached")]
    assert rank(results).all_flagged
    assert not rank(results[1:]).all_flagged, "nothing was flagged, so that including it is no way out"


def test_a_ratio_out_of_reach_is_one_note_for_its_dataset(make: Make) -> None:
    """Two seeds and three strategies: six cells, one line, which ends with what can be reached; no line a strategy."""
    why = "ratio 5000: the training part of 'a' has 214 rows of its largest class, so at most 214 can be reached"
    results = golden(make)
    for strategy in (BASE, "smote", "erm"):
        results += [make(strategy, "a", seed, ratio=5e3, status="skipped", reason=why) for seed in (0, 1)]
    board = rank(results)
    assert note(board, "5000") == f"a: 6 cells skipped: {why}"
    assert not any(text.startswith(("smote:", "erm:", f"{BASE}:")) for text in board.notes)
    assert [(r.done, r.expected) for r in board.rows] == [(4, 6)] * 3, "and n/N still counts them"
    results += [make("smote", "b", 9, status="failed", reason="ValueError"), make(BASE, "b", 9)]
    assert note(rank(results), "smote:") == "smote: 4/7 cells; 1 failed (ValueError)"


def test_each_dataset_and_ratio_out_of_reach_has_its_note(make: Make) -> None:
    results = golden(make)
    for dataset, ratio in (("a", 50.0), ("a", 60.0), ("b", 50.0)):
        reason = f"ratio {ratio:g}: too high for {dataset}"
        results += [make(s, dataset, 0, ratio=ratio, status="skipped", reason=reason) for s in (BASE, "smote", "erm")]
    found = [text for text in rank(results).notes if "skipped" in text]
    assert found == [
        "a: 3 cells skipped: ratio 50: too high for a",
        "a: 3 cells skipped: ratio 60: too high for a",
        "b: 3 cells skipped: ratio 50: too high for b",
    ]


def test_what_only_one_strategy_skips_is_told_of_that_strategy(make: Make) -> None:
    reason = "smote supports binary tasks, this one is multiclass"
    board = rank([*golden(make), make("smote", "c", status="skipped", reason=reason), make(BASE, "c")])
    assert note(board, "smote:") == f"smote: 4/5 cells; 1 skipped ({reason})"


def test_one_tie_letter_for_all_is_explained_where_the_data_are_few(make: Make) -> None:
    one = [make(s, "a", 0, v, ratio=ratio) for s, v in ((BASE, 0.5), ("x", 0.9)) for ratio in (5.0, 50.0)]
    assert note(rank(one), "tie").startswith("all rows share tie a: one seed of one dataset gives no interval")
    noise = [make(s, d, k, 0.5 + 0.1 * (s == "x") * (-1) ** k) for s in (BASE, "x") for d in "ab" for k in range(2)]
    assert note(rank(noise), "tie") == (
        "all rows share tie a: 2 datasets and 2 seeds are too few to tell any two apart, which does not make them equal"
    )
    assert not any("tie" in text for text in rank(one[:2]).notes), "one row has nobody to be tied with"
    six = [make(s, f"d{d}", k, 0.1 * d) for s in (BASE, "noop") for d in range(6) for k in range(3)]
    assert not any("tie" in text for text in rank(six).notes), "six datasets could have told them apart"


def test_undefined_metrics_and_noops_are_said(make: Make) -> None:
    results = golden(make)
    results += [make(BASE, "c"), make("smote", "c", 0, None, undefined={"ap": "one class in the test"})]
    results += [make("erm", "c", status="noop", reason="no neighbours")]
    board = rank(results)
    assert note(board, "undefined") == "smote: ap is undefined in 1 cells (one class in the test)"
    assert note(board, "noop") == "erm: changed nothing in 1 of 5 cells (noop)"
    assert (row(board, "smote").done, row(board, "smote").incomplete) == (5, True)


def test_policies(make: Make) -> None:
    def decisions(tuned: float, own: float | None) -> dict[str, dict[str, float]]:
        policies = {"argmax": {"g_mean": 0.4}, "tuned": {"g_mean": tuned}}
        return policies | ({"own": {"g_mean": own}} if own is not None else {})

    results = [make(BASE, "a", decisions=decisions(0.6, 0.9)), make("erm", "a", decisions=decisions(0.7, None))]
    tuned = rank(results, primary="g_mean")
    assert [(r.strategy, r.mean) for r in tuned.rows] == [("erm", 0.7), (BASE, 0.6)]
    assert tuned.labelled >= {"g_mean"}
    own = rank(results, primary="g_mean", policy="own")
    assert [(r.strategy, r.mean) for r in own.rows] == [(BASE, 0.9), ("erm", 0.4)]


def test_bad_questions(make: Make) -> None:
    results = golden(make)
    with pytest.raises(NothingSelected, match="no results to rank"):
        rank([])
    with pytest.raises(
        UsageError, match=r"no result has the metric 'balanced_acuracy'; did you mean 'balanced_accuracy'"
    ):
        rank(results, primary="balanced_acuracy")
    with pytest.raises(UsageError, match=r"unknown decision policy 'tunned'; did you mean 'tuned'"):
        rank(results, policy="tunned")


def test_devices_are_never_mixed(make: Make) -> None:
    results = [make(s, d, device=device) for s in (BASE, "erm") for d in "ab" for device in ("cpu", "cuda")]
    with pytest.raises(UsageError, match="one device class, got cpu, cuda: rank each apart"):
        rank(results)
    made = boards(results, primary="brier")
    assert [(b.device, b.primary, b.blocks) for b in made] == [("cpu", "brier", 2), ("cuda", "brier", 2)]
    assert boards([]) == []


def test_baseline_missing_or_thin_takes_another_reference(make: Make) -> None:
    results = [make("full", f"d{d}", 0, 0.1 * d) for d in range(6)] + [make(BASE, "d0", 0, 0.2)]
    board = rank(results)
    assert row(board, "full").mean == pytest.approx(0.25)
    assert not row(board, "full").incomplete
    assert row(board, BASE).mean == pytest.approx(0.45)
    assert row(board, BASE).incomplete
    assert row(rank(results, baseline="none"), "full").difference is None


def test_no_shared_block_no_rank(make: Make) -> None:
    board = rank([make(BASE, "a"), make(BASE, "b"), make("x", "c", 0, 0.9)])
    assert (row(board, "x").rank, row(board, "x").mean) == (None, None)
    assert note(board, f"{BASE}:") == f"{BASE}: 2/3 cells; 1 without a result"


def test_costs_by_hand(make: Make) -> None:
    def cost(dataset: str, fit: float, resample: float, predict: float, **more: object) -> CostRecord:
        values = {
            "key": dataset, "dataset": dataset, "strategy": "smote", "device": "cpu", "rows": 1000, "peak_bytes": 2**20,
            "seconds": {"fit": fit, "resample": resample, "predict": predict}, "baseline": {"fit": 1.0, "predict": 0.1},
        }  # fmt: skip
        return CostRecord(**(values | more))  # type: ignore[arg-type]

    costs = [
        cost("a", 1.5, 0.5, 0.1),  # train 1/2, predict 1, 10,000 rows/s
        cost("b", 6.0, 2.0, 0.4, peak_bytes=3 * 2**20, contended=True),  # train 1/8, predict 1/4, 2,500 rows/s
        cost("c", 9.0, 9.0, 9.0, reason="timeout"),
        cost("a", 1e-9, 0.0, 1e-9, device="cuda"),
    ]
    board = rank(golden(make), costs)
    found = row(board, "smote")
    speeds = (found.train_speed, found.predict_speed, found.rows_per_second, found.peak_mib)
    assert speeds == pytest.approx((0.25, 0.5, 5000.0, 3.0)), "geometric means over datasets"
    assert row(board, "erm").train_speed is None
    assert note(board, "something else") == "cost: 1 of 3 measurements were taken while something else was running"
    assert note(board, "cost of smote") == "cost of smote on c: none (timeout)"


def test_multiclass_and_mixed_tasks(make: Make) -> None:
    decisions = {"tuned": {"balanced_accuracy": 0.5, "macro_f1": 0.4, "worst_recall": 0.1}}
    board = rank([make(BASE, "a", task="multiclass", decisions=decisions)], primary="balanced_accuracy")
    assert board.secondary == ("macro_f1", "worst_recall", "brier")
    mixed = rank([make(BASE, "a"), make(BASE, "b", task="multiclass", decisions=decisions)])
    assert "binary and multiclass datasets are averaged together" in note(mixed, "averaged together")


def test_duplicates_are_replaced_by_one_with_scores(make: Make) -> None:
    failed = make("erm", "a", status="failed", reason="x", key="zzz")
    board = rank([*golden(make), failed])
    assert row(board, "erm").done == 4
    assert "1 results are replaced" in note(board, "replaced")

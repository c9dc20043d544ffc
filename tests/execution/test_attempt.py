"""The rules of limits and guilt, without processes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.execution.attempt import LOG_BYTES, Attempt, Limits
from imbench.execution.failures import classify, describe_exit, trimmed_traceback
from imbench.execution.job import Item, Job
from imbench.execution.wire import encode


def say(attempt: Attempt, kind: str, **rest: Any) -> list[Any]:
    header = {"kind": kind, **rest}
    return attempt.read(b"".join(encode(header, {} if kind == "outcome" else None)))


def attempt_of(n: int, **limits: Any) -> Attempt:
    return Attempt(Job("a:b", None, tuple(Item(at, f"item-{at}") for at in range(n))), Limits(**limits))


def test_an_item_alone_has_the_timeout_and_all_together_n_times_it():
    attempt = attempt_of(3, timeout=10.0)
    attempt.spend(29.0)
    say(attempt, "working", item=1, doing="fitting")
    attempt.spend(9.0)
    say(attempt, "working", item=None, doing="stepping")
    attempt.spend(0.9)
    say(attempt, "working", item=1, doing="predicting")  # its clock goes on where it stopped
    attempt.spend(0.9)
    assert attempt.verdict is None
    attempt.spend(0.2)
    assert attempt.verdict is not None
    outcomes, back = attempt.end(-9, starved=False)
    assert [(each.item_id, each.status, each.reason) for each in outcomes] == [
        (1, "timeout", "took longer than 10 s (predicting)")
    ]
    assert outcomes[0].seconds == pytest.approx(9 + 0.9 + 0.2 + (29 + 0.9) / 3)
    assert [[item.id for item in job.items] for job in back] == [[0, 2]]


def test_all_together_over_time_is_bisected():
    attempt = attempt_of(5, timeout=10.0)
    say(attempt, "outcome", item=4, header={})
    attempt.spend(50.1)
    outcomes, back = attempt.end(-9, starved=False)
    assert outcomes == []
    assert [[item.id for item in job.items] for job in back] == [[0, 1], [2, 3]]


def test_the_last_of_many_is_not_guilty_of_what_another_may_have_done():
    attempt = attempt_of(2)
    say(attempt, "outcome", item=0, header={})
    assert [[item.id for item in job.items] for job in attempt.end(-11, starved=False)[1]] == [[1]]


def test_memory_and_the_kernel_s_killer():
    attempt = attempt_of(1, memory=500)
    attempt.use(500)
    assert attempt.verdict is None
    attempt.use(501)
    assert attempt.end(-9, starved=False)[0][0].status == "oom"
    assert attempt_of(1).end(-9, starved=True)[0][0].status == "oom"
    assert attempt_of(1).end(-9, starved=False)[0][0].status == "crashed"
    assert attempt_of(1).end(-11, starved=False)[0][0].reason == "killed by SIGSEGV (segmentation fault) (starting)"


def test_nothing_is_believed_after_a_malformed_frame():
    attempt = attempt_of(2)
    assert attempt.read(b"\xff\xff\xff\xff") == []
    assert say(attempt, "outcome", item=0, header={}) == []
    assert len(attempt.unfinished) == 2


def test_only_the_end_of_the_output_is_kept():
    attempt = attempt_of(1)
    for at in range(100):
        attempt.read_log(f"{at} {'x' * 9000}\n".encode())
    log = attempt.end(1, starved=False)[0][0].log
    assert log.startswith("x" * 100)
    assert log.splitlines()[-1].startswith("99 ")
    assert len(log) <= LOG_BYTES


@given(
    n=st.integers(1, 12),
    guilty=st.sets(st.integers(0, 11)),
    early=st.sets(st.integers(0, 11)),
    announce=st.booleans(),
)
def test_bisection_ends_with_exactly_the_guilty(n, guilty, early, announce):
    """A model of lock step: `early` items report first; then the first guilty one kills the worker."""
    todo = [attempt_of(n)]
    statuses: dict[int, str] = {}
    runs = 0
    while todo:
        attempt = todo.pop()
        runs += 1
        came = []
        items = [item.id for item in attempt.job.items]
        for item in items:
            came += say(attempt, "outcome", item=item, header={}) if item in early else []
        killers = [item for item in items if item in guilty - early]
        for item in killers[:1]:
            if announce:
                say(attempt, "working", item=item, doing="loss")
        for item in items if not killers else []:
            came += say(attempt, "outcome", item=item, header={}) if item not in early else []
        outcomes, back = attempt.end(-11 if killers else 0, starved=False)
        for each in (*came, *outcomes):
            assert each.item_id not in statuses
            statuses[each.item_id] = each.status
        todo += [Attempt(job, Limits()) for job in back]
    assert statuses == {item: "crashed" if item in guilty - early else "ok" for item in range(n)}
    assert runs <= 2 * n + 1


def test_exit_codes_in_words():
    assert describe_exit(3) == "exited with code 3"
    assert describe_exit(-11) == "killed by SIGSEGV (segmentation fault)"
    assert describe_exit(-250) == "killed by signal 250"


def test_what_counts_as_out_of_memory():
    of_torch = type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})
    lookalike = type("OutOfMemoryError", (RuntimeError,), {"__module__": "elsewhere"})
    errors = [MemoryError(), of_torch(), lookalike(), ValueError()]
    assert [classify(error) for error in errors] == ["oom", "oom", "failed", "failed"]


def test_the_traceback_starts_where_foreign_code_starts():
    def foreign():
        Job("no function", None, ())

    with pytest.raises(ValueError, match="items") as caught:
        foreign()
    inside = trimmed_traceback(caught.value)
    assert "in foreign" in inside
    assert "job.py" in inside  # what foreign code called is kept
    assert "in foreign" not in trimmed_traceback(caught.value, own=__file__)

"""The executor, through its public door, with real processes and real signals."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench.errors import EnvironmentFault, UsageError
from imbench.execution.job import Job
from imbench.execution.local import LocalExecutor


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_outcomes_carry_headers_and_arrays(job, outcomes):
    found = outcomes(job("double", [1.0, 2.5], shared={"a": (1, 2)}), job("double", [4.0], first=2))
    assert {item: outcome.status for item, outcome in found.items()} == {0: "ok", 1: "ok", 2: "ok"}
    np.testing.assert_array_equal(found[1].arrays["twice"], [5.0, 5.0, 5.0])
    assert found[0].header["shared"] == {"a": [1, 2]}
    assert found[0].header["pid"] == found[1].header["pid"] != found[2].header["pid"]
    assert found[0].log == found[0].reason == ""


def test_large_arrays_arrive_unchanged_both_ways(job, outcomes):
    matrix = np.random.default_rng(0).normal(size=(300, 1000))
    frozen = np.arange(50_000)
    frozen.setflags(write=False)
    sent = [np.asfortranarray(matrix), matrix[::3, ::2], frozen]  # 2.4 MB: many times what a socket holds
    found = outcomes(job("weigh", [None], shared=sent))
    assert found[0].status == "ok", found[0].reason
    for name, array in zip("abc", sent, strict=True):
        np.testing.assert_array_equal(found[0].arrays[name], array)


@pytest.mark.parametrize(
    ("payload", "status", "reason"),
    [
        ("segfault", "crashed", "killed by SIGSEGV (segmentation fault) (running segfault)"),
        ("abort", "crashed", "killed by SIGABRT (aborted) (running abort)"),
        ("leave", "crashed", "exited with code 0 (running leave)"),
        ("suicide", "crashed", "killed by SIGKILL (killed) (running suicide)"),
        ("sys_exit", "failed", "SystemExit: 3"),
        ("memory_error", "oom", "MemoryError: no room for the kernel matrix"),
        ("raise_error", "failed", "ValueError: the remedy needs two classes"),
        ("garbage", "crashed", "sent a header of 4294967295 bytes: at most 4194304 are allowed"),
        ("huge_claim", "crashed", "sent array 'x': not a shape: [1000000000000]"),
        ("unknown_item", "crashed", "sent word of item 12345, which is unknown or was already reported"),
        ("forbidden_array", "failed", "TypeError: array 'x': expected one of float32, float64, int32, int64, bool"),
    ],
)
def test_the_guilty_item_fails_and_the_others_finish(job, outcomes, payload, status, reason):
    found = outcomes(job("misbehave", [None, None, payload, None, None]))
    assert [found[item].status for item in range(5)] == ["ok", "ok", status, "ok", "ok"]
    assert found[2].reason.startswith(reason)


def test_the_log_shows_output_and_where_it_crashed(job, outcomes):
    found = outcomes(job("misbehave", ["segfault"]), job("misbehave", ["raise_error"], first=1))
    assert "about to touch address 0" in found[0].log
    assert "in segfault" in found[0].log
    assert "in raise_error" in found[1].log
    assert "worker.py" not in found[1].log


def test_output_without_end_neither_blocks_nor_is_kept(job, outcomes):
    found = outcomes(job("misbehave", ["chatter", None]))
    assert [found[0].status, found[1].status] == ["crashed", "ok"]
    assert "the last line\n\ufffd\ufffd not text\nFatal Python error: Aborted" in found[0].log
    assert len(found[0].log) <= 64 << 10


def test_a_pickle_from_a_worker_is_never_opened(job, outcomes, tmp_path, monkeypatch):
    bomb = tmp_path / "exploded"
    monkeypatch.setenv("IMBENCH_TEST_BOMB", str(bomb))
    with LocalExecutor(workers=1, timeout=10, preload=("numpy",)) as fresh:
        found = outcomes(job("misbehave", ["pickle_bomb", None]), on=fresh)
    assert [found[0].status, found[1].status] == ["crashed", "ok"]
    assert found[0].reason == "sent a header that is not JSON (UnicodeDecodeError)"
    assert not bomb.exists()


def test_an_item_reported_twice_counts_once(job, outcomes):
    found = outcomes(job("misbehave", ["twice", None]))
    assert [found[0].status, found[1].status] == ["ok", "ok"]


def test_time_limit_kills_what_hangs(job, outcomes):
    hangs = ["sleep", "sleep_in_c", "ignore_signals", "stop_itself", "half_a_frame"]
    with LocalExecutor(workers=2, timeout=0.4, preload=("numpy",)) as impatient:
        begin = time.monotonic()
        found = outcomes(
            *[job("misbehave", [None, hang, None], first=3 * at) for at, hang in enumerate(hangs)], on=impatient
        )
        assert time.monotonic() - begin < 8
    for at, hang in enumerate(hangs):
        assert [found[3 * at + each].status for each in range(3)] == ["ok", "timeout", "ok"]
        assert found[3 * at + 1].reason == f"took longer than 0.4 s (running {hang})"
        assert 0.4 <= found[3 * at + 1].seconds < 2


def test_time_before_any_announcement_counts(job, outcomes):
    with LocalExecutor(workers=1, timeout=0.3, preload=("numpy",)) as impatient:
        found = outcomes(job("unannounced", [None, None]), on=impatient)
    assert [found[0].status, found[1].status] == ["timeout", "timeout"]
    assert "(starting)" in found[0].reason


def test_limits_hold_while_the_consumer_is_busy(job):
    with LocalExecutor(workers=2, timeout=0.3, preload=("numpy",)) as impatient:
        running = impatient.run([job("misbehave", [None, "sleep"]), job("misbehave", ["sleep"], first=2)])
        assert next(running).status == "ok"
        time.sleep(1.5)  # scoring, say
        begin = time.monotonic()
        assert [next(running).status, next(running).status] == ["timeout", "timeout"]
        assert time.monotonic() - begin < 0.1


def test_memory_limit_kills_the_eater(job, outcomes):
    with LocalExecutor(workers=1, timeout=20, memory=500_000_000, preload=("numpy",)) as tight:
        found = outcomes(job("misbehave", [None, "eat", None]), on=tight)
    assert [found[item].status for item in range(3)] == ["ok", "oom", "ok"]
    # either the watch saw it, or the allocator refused what comes between two looks of the watch
    assert "where 500 MB are allowed" in found[1].reason or "Unable to allocate" in found[1].reason


def test_each_job_finds_a_clean_process(job, outcomes):
    first, second = (outcomes(job("pollute", [None]))[0].header for _ in range(2))
    assert first == second
    assert first == {
        "cwd": str(Path.cwd()),
        "spoilt": None,
        "threads": "1",
        "stdin": "",
        "leader": True,
        "gpus": "",
        "term": True,
    }


@pytest.mark.parametrize("end", [None, "segfault", "sleep"])
def test_children_go_with_their_worker(job, outcomes, tmp_path, end):
    note = tmp_path / "pids"
    with LocalExecutor(workers=1, timeout=1, preload=("numpy",)) as fresh:
        found = outcomes(job("families", [end], shared=str(note)), on=fresh)
        pids = [int(pid) for pid in note.read_text().split()]
        assert len(pids) == 3
        assert [pid for pid in pids if not gone(pid)] == []
    assert found[0].status == {None: "ok", "segfault": "crashed", "sleep": "timeout"}[end]


def test_lock_step_is_bisected_to_the_guilty(job, outcomes):
    payloads: list[str | None] = [None] * 8
    payloads[5] = "segfault"
    found = outcomes(job("lock_step", payloads, shared={"early": [0, 7]}))
    assert [found[item].status for item in range(8)] == ["ok"] * 5 + ["crashed"] + ["ok"] * 2
    assert found[5].reason == "killed by SIGSEGV (segmentation fault) (stepping)"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payloads=st.lists(st.sampled_from([None, None, "leave", "abort", "raise_error"]), min_size=1, max_size=6),
    early=st.sets(st.integers(0, 5)),
    together=st.booleans(),
)
def test_exactly_the_guilty_fail_and_each_item_comes_once(job, outcomes, payloads, early, together):
    found = outcomes(job("lock_step" if together else "misbehave", payloads, shared={"early": sorted(early)}))
    for item, payload in enumerate(payloads):
        guilty = payload is not None and not (together and item in early)
        expected = {"raise_error": "failed"}.get(payload or "", "crashed") if guilty else "ok"
        assert found[item].status == expected


def test_one_job_is_prepared_ahead_and_no_more(job):
    prepared = []

    def prepare():
        for at in range(6):
            prepared.append(at)
            yield job("double", [1.0], first=at)

    with LocalExecutor(workers=2, timeout=10, preload=("numpy",)) as executor:
        running = executor.run(prepare())
        assert prepared == []
        for seen in range(6):
            next(running)
            # two run, two that ended are being looked at, and one is ready
            assert len(prepared) <= seen + 5
        assert list(running) == []


def test_a_job_is_ready_before_a_worker_is_free_but_never_beside_one_that_runs_alone(job):
    def prepare(prepared):
        for at in range(3):
            prepared.append(time.monotonic())
            yield job("tell_time", [1.0], first=at)

    with LocalExecutor(workers=1, timeout=10, preload=("numpy",)) as executor:
        for at_once, early in ((None, True), (1, False)):
            prepared: list[float] = []
            found = {each.item_id: each for each in executor.run(prepare(prepared), at_once=at_once)}
            ended = [found[at].header["ended"] for at in range(3)]
            assert (prepared[1] < ended[0], prepared[2] < ended[1]) == (early, early)


def test_what_preparing_a_job_ahead_raises_stops_nothing_that_runs(job):
    def prepare():
        yield job("double", [1.0])
        raise UsageError("the second dataset is not there")

    with LocalExecutor(workers=1, timeout=10, preload=("numpy",)) as executor:
        running = executor.run(prepare())
        assert next(running).status == "ok"
        with pytest.raises(UsageError, match="the second dataset is not there"):
            next(running)


def test_outcomes_that_come_one_by_one_come_together(job):
    with LocalExecutor(workers=1, timeout=10, preload=("numpy",)) as executor:
        batches = list(executor.batches([job("double", [float(n) for n in range(40)])]))
    assert [outcome.item_id for batch in batches for outcome in batch] == list(range(40))
    assert len(batches) <= 5


def test_closing_early_kills_the_workers(job, executor, outcomes):
    running = executor.run([job("misbehave", [None, "sleep"]), job("misbehave", ["sleep"], first=2)])
    next(running)
    begin = time.monotonic()
    running.close()
    assert time.monotonic() - begin < 2
    assert outcomes(job("double", [1.0]))[0].status == "ok"  # and the executor can be used again


def test_a_worker_that_lingers_does_not_hold_up_the_run(job, outcomes):
    begin = time.monotonic()
    assert outcomes(job("linger", [None]))[0].status == "ok"
    assert time.monotonic() - begin < 5


def test_returning_without_a_word_is_a_crash(job, outcomes):
    found = outcomes(job("silent", [None, None]))
    assert {outcome.reason for outcome in found.values()} == {"the target returned without an outcome of the item"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [("no_such_module:run", "ModuleNotFoundError: No module named"), ("targets:no_such", "AttributeError: module")],
)
def test_a_target_that_is_not_there(job, outcomes, target, reason):
    there = job("double", [1.0])
    found = outcomes(Job(target, None, there.items, there.path))
    assert found[0].status == "failed"
    assert found[0].reason.startswith(reason)


def test_killing_the_fork_server_condemns_only_the_killer(job, outcomes):
    with LocalExecutor(workers=2, timeout=10, preload=("numpy",)) as executor:
        found = outcomes(
            job("misbehave", [None, "kill_server", None]),
            *[job("double", [1.0], first=at) for at in range(3, 9)],
            on=executor,
        )
    assert [found[item].status for item in range(9)] == ["ok", "crashed", *["ok"] * 7]
    assert found[1].reason == "ended the fork server, which was killed by SIGKILL (killed)"


def test_a_fork_server_that_cannot_start_is_said(job, monkeypatch, capfd):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with LocalExecutor(workers=1, timeout=1) as executor, pytest.raises(EnvironmentFault, match="exited with code 1"):
        list(executor.run([job("double", [1.0])]))


def test_a_module_that_cannot_be_preloaded_is_said_and_stops_nothing(job, outcomes, capfd):
    with LocalExecutor(workers=1, timeout=10, preload=("no_such_module",)) as executor:
        assert outcomes(job("double", [1.0]), on=executor)[0].status == "ok"
    assert "imbench: cannot preload no_such_module: ModuleNotFoundError" in capfd.readouterr().err


@pytest.mark.slow
def test_what_one_worker_had_to_import_the_next_one_finds(job):
    with LocalExecutor(workers=1, timeout=60, preload=("torch",)) as alone:
        found = [outcome.header["imported"] for n in range(2) for outcome in alone.run([job("optimise", [n], first=n)])]
    assert found == [True, False]


@pytest.mark.slow
def test_the_server_imports_what_a_worker_needs_and_keeps_nobody_waiting(job):
    with LocalExecutor(workers=2, timeout=60, preload=("numpy",)) as executor:
        list(executor.run([job("double", [1.0])]))
        begin = time.monotonic()
        jobs = [job("uses_sklearn", [None]), *(job("knows_sklearn", [None], first=at) for at in range(1, 9))]
        found = [outcome.item_id for outcome in executor.run(jobs)]
        took = time.monotonic() - begin
        # its first word comes when the import begins; others are forked between two parts of it
        assert found.index(0) >= 3
        for _ in range(50):
            (last,) = executor.run([job("knows_sklearn", [None])])
            if last.header["known"]:
                break
        assert last.header["known"], "the server never imported it"
    with LocalExecutor(workers=1, timeout=60, preload=("numpy",)) as executor:
        list(executor.run([job("uses_sklearn", [None])]))
        begin = time.monotonic()
    assert time.monotonic() - begin < 0.5 * took  # leaving does not wait for imports


def test_each_worker_sees_one_gpu_and_all_are_used(job):
    """The names go to CUDA as they are; here they need not exist."""
    with LocalExecutor(workers=3, timeout=20, device="cuda", gpus=("5", "GPU-a"), preload=("numpy",)) as executor:
        jobs = [job("which_gpu", [None], first=at) for at in range(9)]
        seen = [outcome.header["gpu"] for outcome in executor.run(jobs)]
        alone = [outcome.header["gpu"] for outcome in executor.run(jobs[:3], at_once=1)]
    assert seen.count("5") + seen.count("GPU-a") == 9
    assert 2 <= seen.count("GPU-a") <= 4
    assert alone == ["5", "5", "5"]


def test_faults_of_the_caller(job, executor):
    with pytest.raises(UsageError, match="workers: expected a number above 0, got 0"):
        LocalExecutor(workers=0, timeout=1)
    with pytest.raises(UsageError, match="timeout: expected a number above 0, got nan"):
        LocalExecutor(workers=1, timeout=float("nan"))
    with pytest.raises(ValueError, match=r"item id 0 .* twice"):
        list(executor.run([job("double", [1.0]), job("double", [1.0])]))
    with pytest.raises(ValueError, match="items with ids of their own"):
        job("double", [])
    with pytest.raises(RuntimeError, match="entered"):
        list(LocalExecutor(workers=1, timeout=1).run([]))
    with pytest.raises(AttributeError, match="pickle"):
        list(executor.run([job("double", [1.0], shared=lambda: None)]))
    assert list(executor.run([])) == []


def test_fair_share_of_memory():
    with LocalExecutor(workers=4, timeout=1, preload=()) as executor:
        share = executor.limits.memory
    assert share is not None
    assert 0 < 4 * share < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

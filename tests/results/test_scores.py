"""The score file: it reads back bit by bit, and anything else is refused without much memory."""

from __future__ import annotations

import json
import pickle
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imbench.errors import EnvironmentFault
from imbench.results.scores import LIMIT, decode, encode, write_atomically

floats = hnp.arrays(np.float32, hnp.array_shapes(max_dims=2, max_side=6, min_side=0), elements=st.floats(width=32))


@given(st.dictionaries(st.sampled_from(["test", "validation"]), floats))
def test_arrays_read_back_bit_by_bit(arrays: dict[str, np.ndarray]) -> None:
    name, data = encode(arrays)
    read = decode(data, name, "file")
    assert read.keys() == arrays.keys()
    for key, array in arrays.items():
        assert read[key].shape == array.shape
        assert read[key].dtype == np.float32
        assert read[key].tobytes() == array.tobytes()
        assert read[key].flags.writeable


def test_the_name_is_that_of_the_numbers_not_of_the_packing() -> None:
    name, data = encode({"test": np.linspace(0, 1, 100, dtype=np.float32)})
    line, _, body = data.partition(b"\n")
    assert decode(line + b"\n" + zlib.compress(zlib.decompress(body), 9), name, "file").keys() == {"test"}
    assert encode({"test": np.linspace(0, 1, 100, dtype=np.float64)})[0] == name, "float32 is what is kept"


@pytest.mark.parametrize("decimals", [1, 8])
def test_repetitions_are_packed_well_and_noise_no_worse_than_it_is(decimals: int) -> None:
    """Scores of a small tree have few values, those of a network hardly one twice: the two ways of packing."""
    table = np.random.default_rng(0).random((2000, 2)).round(decimals).astype(np.float32)
    arrays = {"test": table, "validation": table[::-1], "decided": table.argmax(axis=1).astype(np.float32)}
    name, data = encode(arrays)
    raw = sum(array.nbytes for array in arrays.values())
    assert len(data) < (0.35 if decimals == 1 else 0.9) * raw
    for key, array in decode(data, name, "file").items():
        np.testing.assert_array_equal(array, arrays[key])


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(position: int, bit: int) -> None:
    array = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    name, data = encode({"test": array})
    broken = bytearray(data)
    broken[position % len(data)] ^= 1 << bit
    try:
        read = decode(bytes(broken), name, "file")
    except EnvironmentFault:
        return
    assert read["test"].tobytes() == array.tobytes(), "bits of the zlib stream that do not matter"


@given(st.integers(0, 10**6))
def test_a_truncated_or_longer_file_is_damaged(cut: int) -> None:
    name, data = encode({"test": np.arange(40, dtype=np.float32)})
    with pytest.raises(EnvironmentFault, match="damaged"):
        decode(data[: cut % len(data)], name, "file")
    with pytest.raises(EnvironmentFault, match="damaged"):
        decode(data + b"x", name, "file")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(EnvironmentFault):
        decode(data, "0" * 64, "file")
    with pytest.raises(EnvironmentFault):
        decode(data + b"\n" + data, "0" * 64, "file")


@pytest.mark.parametrize("shape", [[-1], [1.5], [True], ["3"], [10**30], [0, 10**30], [LIMIT, LIMIT], None, 3, {}])
def test_a_header_that_lies_about_shapes_is_refused(shape: object) -> None:
    header = json.dumps({"arrays": [["test", shape]], "format": "imbench-scores", "version": 1}).encode()
    with pytest.raises(EnvironmentFault, match="damaged"):
        decode(header + b"\n" + zlib.compress(b"\0" * 4), "0" * 64, "file")


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(b"\0" * (64 << 20))
    header = b'{"arrays":[["test",[4]]],"format":"imbench-scores","version":1}\n'
    import tracemalloc

    tracemalloc.start()
    try:
        with pytest.raises(EnvironmentFault, match="damaged"):
            decode(header + bomb, "0" * 64, "file")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    with pytest.raises(EnvironmentFault):
        decode(pickle.dumps(Evil()), "0" * 64, "file")
    assert not (tmp_path / "ran").exists()


def test_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(EnvironmentFault, match="version 2, this imbench reads 1: update imbench"):
        decode(b'{"arrays":[],"format":"imbench-scores","version":2}\n', "0" * 64, "file")


@pytest.mark.parametrize("array", [np.arange(3), np.array(["a"]), np.array([1 + 2j]), np.array([None])])
def test_only_floating_point_is_kept(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected floating point"):
        encode({"test": array})


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    target = tmp_path / "ab" / "file"
    write_atomically({target: b"old"}, scratch)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically({target: b"new"}, scratch)
    assert target.read_bytes() == b"old"
    assert not list(scratch.iterdir())

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imbench.execution.wire import MAX_HEADER, Decoder, Done, Failed, Finished, Malformed, Raised, Working, encode

ARRAYS = st.sampled_from(["float32", "float64", "int32", "int64", "bool"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


def frame(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + body


def outcome(arrays: object, body: bytes = b"", item: object = 1) -> bytes:
    return frame({"kind": "outcome", "item": item, "header": {}, "arrays": arrays}, body)


@given(
    arrays=st.dictionaries(st.text(max_size=5), ARRAYS, max_size=3),
    header=st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5)),
    size=st.integers(1, 60),
)
def test_what_goes_in_comes_out_however_it_is_cut(arrays, header, size):
    data = b"".join(encode({"kind": "outcome", "item": 7, "header": header}, arrays)) + b"".join(
        encode({"kind": "done"})
    )
    decoder = Decoder()
    messages = [each for at in range(0, len(data), size) for each in decoder.feed(data[at : at + size])]
    finished, done = messages
    assert isinstance(finished, Finished)
    assert done == Done()
    assert finished.item == 7
    assert finished.header == header
    assert list(finished.arrays) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(finished.arrays[name], array, strict=True)
        assert finished.arrays[name].flags.aligned
        assert not finished.arrays[name].flags.writeable


@pytest.mark.parametrize(
    "array", [np.arange(12.0).reshape(3, 4)[:, ::2], np.arange(6, dtype=">i4"), np.asfortranarray(np.eye(3))]
)
def test_any_memory_layout_is_sent_by_value(array):
    (message,) = Decoder().feed(b"".join(encode({"kind": "outcome", "item": 0, "header": {}}, {"a": array})))
    assert isinstance(message, Finished)
    np.testing.assert_array_equal(message.arrays["a"], array)


def test_the_other_messages():
    sent = [
        {"kind": "working", "item": None, "doing": "all"},
        {"kind": "working", "item": np.int64(3), "doing": "x" * 1000},
        {"kind": "failed", "item": 3, "status": "oom", "reason": "r", "log": "l"},
        {"kind": "raised", "status": "failed", "reason": "r", "log": "l"},
    ]
    data = b"".join(piece for header in sent for piece in encode(header))
    assert list(Decoder().feed(data)) == [
        Working(None, "all"),
        Working(3, "x" * 200),
        Failed(3, "oom", "r", "l"),
        Raised("failed", "r", "l"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", MAX_HEADER + 1),
        frame([]),
        frame({"kind": "no such"}),
        frame({"kind": "working", "item": True, "doing": ""}),
        frame({"kind": "working", "item": 1.0, "doing": ""}),
        frame({"kind": "failed", "item": 1, "status": "ok", "reason": "", "log": ""}),
        frame({"kind": "failed", "item": 1, "status": "great", "reason": "", "log": ""}),
        frame({"kind": "outcome", "item": 1, "header": []}),
        outcome([], item="1"),
        outcome([["a", "|O", [1]]]),
        outcome([["a", ">f4", [1]]]),
        outcome([["a", "<f4", [-1]]]),
        outcome([["a", "<f4", [True]]]),
        outcome([["a", "<f4", [1.5]]]),
        outcome([["a", "<f4", [1] * 9]]),
        outcome([["a", "<f4", [1]], ["a", "<f4", [1]]]),
        outcome([["a", "<f4", [600]], ["b", "<f4", [600]]]),
        outcome([["a", "<f4", [0] + [4096] * 7]]),
        outcome([["a", "|b1", [2]]], b"\1\2"),
        outcome({"a": 1}),
        outcome("abc"),
        struct.pack(">I", 6) + b"\xff" * 6,
        struct.pack(">I", 100_000) + b"[" * 100_000,
        frame({"kind": "working", "item": 1, "doing": ""})[:-1] + b"x",
    ],
)
def test_what_does_not_fit_is_malformed(data):
    with pytest.raises(Malformed):
        list(Decoder(max_bytes=4096).feed(data))


@given(st.binary(max_size=200))
def test_noise_is_malformed_as_soon_as_it_is_complete(data):
    decoder = Decoder(1000)
    assert list(decoder.feed(struct.pack(">I", len(data) + 1) + data)) == []
    with pytest.raises(Malformed, match=r"^.{1,300}$"):
        list(decoder.feed(b"\xff"))


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([object()]), np.zeros(2, np.float16), np.zeros(2, complex)]
)
def test_other_types_are_not_sent(array):
    with pytest.raises(TypeError, match="array 'a': expected one of float32"):
        encode({"kind": "outcome"}, {"a": array})


def test_headers_are_json_and_not_endless():
    with pytest.raises(TypeError, match="JSON-ready, got set"):
        encode({"notes": {1, 2}})
    with pytest.raises(ValueError, match="send arrays as arrays"):
        encode({"notes": "x" * MAX_HEADER})
